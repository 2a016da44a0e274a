package sample_test

import (
	"math"
	"math/big"
	"strconv"
	"testing"

	"assay/models/sample"
)

// The sizes of the tables that auditors carry (AICPA Audit Sampling, tables;
// GAO FAM 450; 40 CFR 1090.1805), by confidence, tolerable rate and deviations expected.
func TestSizesAreThoseOfThePublishedTables(t *testing.T) {
	for _, c := range []struct {
		confidence, tolerable int64
		sizes                 []int
	}{
		{95, 2, []int{149}},
		{95, 3, []int{99}},
		{95, 4, []int{74}},
		{95, 5, []int{59, 93, 124}},
		{95, 6, []int{49, 78, 103}},
		{95, 7, []int{42, 66, 88}},
		{95, 8, []int{36, 58, 77}},
		{95, 9, []int{32, 51, 68}},
		{95, 10, []int{29, 46, 61}},
		{95, 15, []int{19, 30, 40}},
		{95, 20, []int{14, 22, 30}},
		{90, 2, []int{114, 194}},
		{90, 3, []int{76, 129, 176}},
		{90, 4, []int{57, 96, 132}},
		{90, 5, []int{45, 77, 105}},
		{90, 6, []int{38, 64, 88}},
		{90, 7, []int{32, 55, 75}},
		{90, 8, []int{28, 48, 65}},
		{90, 9, []int{25, 42, 58}},
		{90, 10, []int{22, 38, 52}},
		{90, 15, []int{15, 25, 34}},
		{90, 20, []int{11, 18, 25}},
	} {
		for expected, want := range c.sizes {
			plan := sample.Plan{Confidence: sample.Percent(c.confidence), Tolerable: sample.Percent(c.tolerable), Expected: expected}
			if got, err := plan.Size(); err != nil || got != want {
				t.Errorf("%d %% confidence, %d %% tolerable, %d expected: %d (%v), the table has %d", c.confidence, c.tolerable, expected, got, err, want)
			}
		}
	}
}

// The limits of the published tables, in percent. They are rounded to a tenth, by some
// authors up and by others to the nearest.
func TestLimitsAreThoseOfThePublishedTables(t *testing.T) {
	for _, c := range []struct {
		confidence int64
		size       int
		limits     []float64
	}{
		{95, 20, []float64{14.0, 21.7, 28.3}},
		{95, 25, []float64{11.3, 17.7, 23.2}},
		{95, 30, []float64{9.6, 14.9, 19.6}},
		{95, 40, []float64{7.3, 11.4, 15.0}},
		{95, 50, []float64{5.9, 9.2, 12.1}},
		{95, 60, []float64{4.9, 7.7, 10.2}},
		{95, 80, []float64{3.7, 5.8, 7.7}},
		{95, 100, []float64{3.0, 4.7, 6.2}},
		{90, 20, []float64{10.9, 18.1, 24.5}},
		{90, 25, []float64{8.8, 14.7, 20.0}},
		{90, 40, []float64{5.6, 9.4, 12.8}},
		{90, 60, []float64{3.8, 6.4, 8.7}},
	} {
		for deviations, want := range c.limits {
			got, err := sample.UpperLimit(c.size, deviations, sample.Percent(c.confidence))
			if percent := float64(got) / 10_000; err != nil || percent > want+0.05 || percent < want-0.1 {
				t.Errorf("%d of %d at %d %%: %.3f %% (%v), the table has %.1f", deviations, c.size, c.confidence, percent, err, want)
			}
		}
	}
}

func TestLimitsOfTheDesign(t *testing.T) {
	for _, c := range []struct {
		size, deviations int
		want             string
	}{{25, 0, "8.8 %"}, {25, 1, "14.7 %"}, {40, 1, "9.4 %"}, {60, 1, "6.3 %"}} {
		if got, err := sample.UpperLimit(c.size, c.deviations, sample.Percent(90)); err != nil || got.String() != c.want {
			t.Errorf("%d of %d: %s (%v), want %s", c.deviations, c.size, got, err, c.want)
		}
	}
}

// Without deviations both have closed forms.
func TestClosedForms(t *testing.T) {
	for _, confidence := range []int64{80, 90, 95, 99} {
		alpha := 1 - float64(confidence)/100
		for tolerable := int64(1); tolerable <= 30; tolerable++ {
			got, err := sample.Plan{Confidence: sample.Percent(confidence), Tolerable: sample.Percent(tolerable)}.Size()
			want := int(math.Ceil(math.Log(alpha) / math.Log(1-float64(tolerable)/100)))
			if err != nil || got != want {
				t.Errorf("%d %%, %d %%: %d (%v), want %d", confidence, tolerable, got, err, want)
			}
		}
		for size := 1; size < 300; size += 7 {
			got, err := sample.UpperLimit(size, 0, sample.Percent(confidence))
			want := 1 - math.Pow(alpha, 1/float64(size))
			if err != nil || math.Abs(float64(got)/1e6-want) > 1.01e-6 || float64(got)/1e6 < want-1e-12 {
				t.Errorf("0 of %d at %d %%: %v (%v), want %v", size, confidence, got, err, want)
			}
		}
	}
}

// binomial is the probability of at most c of n, by the definition.
func binomial(c, n int, p *big.Rat) *big.Rat {
	q := new(big.Rat).Sub(big.NewRat(1, 1), p)
	sum := new(big.Rat)
	for i := range min(c, n) + 1 {
		term := new(big.Rat).SetInt(new(big.Int).Binomial(int64(n), int64(i)))
		for range i {
			term.Mul(term, p)
		}
		for range n - i {
			term.Mul(term, q)
		}
		sum.Add(sum, term)
	}
	return sum
}

// hypergeometric is the same without putting back, by counting.
func hypergeometric(c, population, k, n int) *big.Rat {
	sum := new(big.Int)
	for i := range min(c, n) + 1 {
		if i <= k && n-i <= population-k {
			sum.Add(sum, new(big.Int).Mul(new(big.Int).Binomial(int64(k), int64(i)), new(big.Int).Binomial(int64(population-k), int64(n-i))))
		}
	}
	return new(big.Rat).SetFrac(sum, new(big.Int).Binomial(int64(population), int64(n)))
}

func TestSizesAgainstTheDefinition(t *testing.T) {
	for _, confidence := range []int64{50, 80, 90, 95} {
		alpha := big.NewRat(100-confidence, 100)
		for _, tolerable := range []int64{4, 7, 10, 25, 50} {
			for expected := range 4 {
				plan := sample.Plan{Confidence: sample.Percent(confidence), Tolerable: sample.Percent(tolerable), Expected: expected}
				want := 0
				for binomial(expected, want, big.NewRat(tolerable, 100)).Cmp(alpha) > 0 {
					want++
				}
				if got, err := plan.Size(); err != nil || got != want {
					t.Errorf("%+v: %d (%v), want %d", plan, got, err, want)
				}
				for _, population := range []int{0, 1, 2, 5, 13, 40, 90} {
					k, want := int(math.Ceil(float64(population)*float64(tolerable)/100-1e-9)), 0
					for want < population && hypergeometric(expected, population, k, want).Cmp(alpha) > 0 {
						want++
					}
					if got, err := plan.SizeOf(population); err != nil || got != want {
						t.Errorf("%+v of %d: %d (%v), want %d", plan, population, got, err, want)
					}
				}
			}
		}
	}
}

func TestLimitsAgainstTheDefinition(t *testing.T) {
	for _, confidence := range []int64{80, 90, 95} {
		alpha := big.NewRat(100-confidence, 100)
		for _, size := range []int{1, 2, 5, 17} {
			for deviations := 0; deviations <= size; deviations += 1 + size/4 {
				limit, err := sample.UpperLimit(size, deviations, sample.Percent(confidence))
				if err != nil {
					t.Fatal(err)
				}
				if deviations < size && (binomial(deviations, size, big.NewRat(int64(limit), 1e6)).Cmp(alpha) > 0 || binomial(deviations, size, big.NewRat(int64(limit)-1, 1e6)).Cmp(alpha) <= 0) {
					t.Errorf("%d of %d at %d %%: %d is not the least millionth", deviations, size, confidence, limit)
				}
				for _, population := range []int{size, size + 1, 30, 61} {
					want := deviations // the most that the sample does not speak against
					for k := deviations; k <= population-(size-deviations); k++ {
						if hypergeometric(deviations, population, k, size).Cmp(alpha) > 0 {
							want = k
						}
					}
					if got, err := sample.UpperLimitOf(population, size, deviations, sample.Percent(confidence)); err != nil || got != want {
						t.Errorf("%d of %d out of %d at %d %%: %d (%v), want %d", deviations, size, population, confidence, got, err, want)
					}
				}
			}
		}
	}
}

// With a million items it makes no difference whether one is put back.
func TestLargePopulationsComeNearTheBinomial(t *testing.T) {
	for _, plan := range []sample.Plan{
		{Confidence: sample.Percent(90), Tolerable: sample.Percent(5)},
		{Confidence: sample.Percent(95), Tolerable: sample.Percent(10), Expected: 2},
		{Confidence: sample.Percent(99), Tolerable: sample.One / 1000},
	} {
		large, err := plan.Size()
		if err != nil {
			t.Fatal(err)
		}
		finite, err := plan.SizeOf(1_000_000)
		if err != nil || finite > large || finite < large-large/200-1 {
			t.Errorf("%+v: %d of a million (%v), %d of any number", plan, finite, err, large)
		}
	}
	if got, err := sample.UpperLimitOf(1_000_000, 60, 1, sample.Percent(90)); err != nil || got < 63_000 || got > 63_400 {
		t.Errorf("%d of a million (%v)", got, err)
	}
	if got, err := sample.UpperLimit(10_000, 5_000, sample.Percent(95)); err != nil || got < 505_000 || got > 510_000 {
		t.Errorf("5,000 of 10,000: %v (%v)", got, err)
	}
}

func TestPlansAndResultsThatCannotBe(t *testing.T) {
	good := sample.Plan{Confidence: sample.Percent(90), Tolerable: sample.Percent(5)}
	for name, change := range map[string]func(*sample.Plan){
		"certainty":      func(p *sample.Plan) { p.Confidence = sample.One },
		"a coin":         func(p *sample.Plan) { p.Confidence = sample.Percent(49) },
		"no tolerance":   func(p *sample.Plan) { p.Tolerable = 0 },
		"anything goes":  func(p *sample.Plan) { p.Tolerable = sample.Percent(51) },
		"fewer than 0":   func(p *sample.Plan) { p.Expected = -1 },
		"more than that": func(p *sample.Plan) { p.Expected = 51 },
	} {
		p := good
		change(&p)
		if n, err := p.Size(); err == nil {
			t.Errorf("%s: %d", name, n)
		}
		if n, err := p.SizeOf(100); err == nil {
			t.Errorf("%s of 100: %d", name, n)
		}
	}
	for _, c := range [][2]int{{0, 0}, {10, 11}, {10, -1}, {10_001, 0}} {
		if l, err := sample.UpperLimit(c[0], c[1], sample.Percent(90)); err == nil {
			t.Errorf("%d of %d: %s", c[1], c[0], l)
		}
	}
	if k, err := sample.UpperLimitOf(10, 11, 0, sample.Percent(90)); err == nil {
		t.Errorf("11 of 10: %d", k)
	}
}

func TestShares(t *testing.T) {
	for text, want := range map[string]sample.Share{"90": sample.Percent(90), "2.5 %": 25_000, "0.0001": 1, "100%": sample.One, "0": 0} {
		if got, err := sample.ParseShare(text); err != nil || got != want {
			t.Errorf("%q: %d (%v), want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "-1", "101", "2,5", "x", "1e1", "0.00001", "5%%"} {
		if got, err := sample.ParseShare(text); err == nil {
			t.Errorf("%q: %d", text, got)
		}
	}
	for share, want := range map[sample.Share]string{0: "0.0 %", 499: "0.0 %", 500: "0.1 %", 88_000: "8.8 %", 88_499: "8.8 %", sample.One: "100.0 %"} {
		if got := share.String(); got != want {
			t.Errorf("%s is %q, want %q", strconv.Itoa(int(share)), got, want)
		}
	}
}
