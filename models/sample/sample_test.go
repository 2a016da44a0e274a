package sample_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"assay/internal/sheet"
	"assay/models/sample"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"
)

// vectors are the worked examples that the scheme was published with.
type vectors struct {
	Sampling struct {
		CSV         string   `json:"population_csv"`
		Raw         string   `json:"raw_sha256"`
		Digest      string   `json:"population_digest"`
		Seed        string   `json:"seed"`
		First       []string `json:"first_8_in_rank_order"`
		FirstRank   string   `json:"first_rank_hash"`
		Replacement string   `json:"replacement_for_one_excluded_item_when_n_is_5"`
	} `json:"sampling"`
	MUS struct {
		Interval, Start int64
		Items           [][2]any
		Selected        [][2]any `json:"selected_with_hit_count"`
	} `json:"mus"`
}

func published(t *testing.T) vectors {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// listed reads a CSV file as a list, which the test closes.
func listed(t testing.TB, csv string, c sample.Columns) *sample.List {
	t.Helper()
	l, err := list(t, csv, c)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func list(t testing.TB, csv string, c sample.Columns) (*sample.List, error) {
	t.Helper()
	rows, err := sheet.Stream(t.Context(), strings.NewReader(csv), "list.csv", sheet.Large)
	if err != nil {
		return nil, err
	}
	items, err := sample.Items(rows, c)
	if err != nil {
		return nil, err
	}
	l, err := sample.ListOf(items)
	if err == nil {
		t.Cleanup(func() {
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	return l, err
}

func all(t testing.TB, l *sample.List) (out []sample.Item) {
	t.Helper()
	for it, err := range l.Items() {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, it)
	}
	return out
}

func sealed(t testing.TB, l *sample.List) (sample.Sealed, string) {
	t.Helper()
	var text bytes.Buffer
	s, err := l.Seal(&text)
	if err != nil {
		t.Fatal(err)
	}
	return s, text.String()
}

func keys(picks []sample.Pick) []string {
	out := []string{}
	for _, p := range picks {
		out = append(out, p.Key)
	}
	return out
}

func TestThePublishedVectors(t *testing.T) {
	v := published(t).Sampling
	if raw := sha256.Sum256([]byte(v.CSV)); hex.EncodeToString(raw[:]) != v.Raw {
		t.Fatal("the file of the vectors is not what was published")
	}
	l := listed(t, v.CSV, sample.Columns{Key: "key"})
	s, text := sealed(t, l)
	if s.Digest != v.Digest || s.Count != 40 {
		t.Fatalf("the digest is %s of %d", s.Digest, s.Count)
	}
	if h := sha256.Sum256([]byte(text)); hex.EncodeToString(h[:]) != v.Digest {
		t.Error("the digest is not that of the text")
	}
	draw := sample.Draw{Population: v.Digest, Seed: v.Seed}
	picks, err := draw.Select(l.Items(), 8)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(v.First, keys(picks)); diff != "" {
		t.Error(diff)
	}
	if picks[0].Rank.String() != v.FirstRank || draw.Rank("", picks[0].Key) != picks[0].Rank || picks[0].Line != 34 {
		t.Errorf("the first is %+v", picks[0])
	}
	five, err := draw.Select(l.Items(), 5, v.First[2])
	if err != nil {
		t.Fatal(err)
	}
	if got := keys(five); len(got) != 6 || got[5] != v.Replacement || !five[2].Excluded || five[5].Excluded {
		t.Errorf("with one excluded: %v", got)
	}
}

func TestThePublishedMonetaryUnitSample(t *testing.T) {
	v := published(t)
	csv := "item,amount\n"
	for _, it := range v.MUS.Items {
		csv += fmt.Sprintf("%s,%v\n", it[0], it[1])
	}
	l := listed(t, csv, sample.Columns{Key: "item", Amount: "amount"})
	// The start belongs to the population of the other example.
	m, err := sample.Draw{Population: v.Sampling.Digest, Seed: v.Sampling.Seed}.MonetaryUnit(l.Items(), v.MUS.Interval, 0)
	if err != nil {
		t.Fatal(err)
	}
	var got [][2]any
	for _, p := range m.Picks {
		got = append(got, [2]any{p.Key, float64(p.Hits)})
	}
	if diff := cmp.Diff(v.MUS.Selected, got); diff != "" || m.Start != v.MUS.Start || m.Total != 283_400 {
		t.Errorf("start %d of %d: %s", m.Start, m.Total, diff)
	}
}

// TestTheDigestFollowsTheWrittenRule computes it a second time, from the rule alone.
func TestTheDigestFollowsTheWrittenRule(t *testing.T) {
	header := []string{"id", "wer", ""}
	rows := [][]string{{"b", "Jörg", "1"}, {"a", "x,\"y\"\nz", ""}, {"é", "'=1", " "}}
	csv := "id;wer;\nb;Jo\u0308rg;1\na;\"x,\"\"y\"\"\r\nz\";\n\u00e9;'=1; \n"
	net := func(s string) string { return strconv.Itoa(len(s)) + ":" + s + "," }
	var lines []string
	for _, row := range rows {
		text := ""
		for i, name := range header {
			text += net(name) + net(norm.NFC.String(row[i]))
		}
		lines = append(lines, fmt.Sprintf("%x  %s\n", sha256.Sum256([]byte(text)), row[0]))
	}
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(a[66:], b[66:]) })
	want := "assay-population/1\n" + strings.Join(lines, "")
	_, text := sealed(t, listed(t, csv, sample.Columns{Key: "id"}))
	if diff := cmp.Diff(want, text); diff != "" {
		t.Error(diff)
	}
}

func TestAPopulationOfNothingHasADigest(t *testing.T) {
	s, text := sealed(t, listed(t, "key,at\n", sample.Columns{Key: "key"}))
	want := sha256.Sum256([]byte("assay-population/1\n"))
	if text != "assay-population/1\n" || s.Digest != hex.EncodeToString(want[:]) || s.Count != 0 {
		t.Errorf("%q: %+v", text, s)
	}
}

func TestItemsThatCannotBeToldApartAreNoPopulation(t *testing.T) {
	s, _ := sealed(t, listed(t, "key,b\nA,1\n,2\nB,3\nA,4\n\"x\ny\",5\n  ,6\nA,7\n", sample.Columns{Key: "key"}))
	want := sample.Sealed{Count: 7, Faults: sample.Faults{
		Keyless:   sample.Noted{Count: 2, Examples: []string{"row 3", "row 8"}},
		Broken:    sample.Noted{Count: 1, Examples: []string{"row 6"}},
		Duplicate: sample.Noted{Count: 2, Examples: []string{"A in rows 2 and 5", "A in rows 5 and 9"}},
	}}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Error(diff)
	}
	s, _ = sealed(t, listed(t, "key,b\nJo\u0308rg,1\nJ\u00f6rg,2\n", sample.Columns{Key: "key"}))
	if s.Faults.Duplicate.Count != 1 {
		t.Errorf("one name in two forms is two items: %+v", s)
	}
}

func TestColumnsThatAreNotThere(t *testing.T) {
	for name, c := range map[string]struct {
		csv     string
		columns sample.Columns
		why     string
	}{
		"no such key":      {"id,at\n1,2\n", sample.Columns{Key: "key"}, "No column is called “key”. The header names: id, at."},
		"no key at all":    {"id,at\n1,2\n", sample.Columns{}, "No column is called “”"},
		"a key twice":      {"id, id ,at\n1,2,3\n", sample.Columns{Key: "id"}, "2 columns are called “id”"},
		"no such stratum":  {"id,at\n1,2\n", sample.Columns{Key: "id", Stratum: "Id"}, "No column is called “Id”"},
		"no such date":     {"id,at\n1,2\n", sample.Columns{Key: "id", When: "on"}, "No column is called “on”"},
		"no such amount":   {"id,at\n1,2\n", sample.Columns{Key: "id", Amount: "sum"}, "No column is called “sum”"},
		"a file cut short": {"id,at\n1,2\n3\n", sample.Columns{Key: "id"}, "Row 3"},
	} {
		if _, err := list(t, c.csv, c.columns); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := list(t, " Key ,at\n1,2\n", sample.Columns{Key: "Key"}); err != nil {
		t.Errorf("blanks around a name: %v", err)
	}
}

// population makes a CSV file of n items in three strata, in any order.
func population(r *rand.Rand, n int) string {
	var b strings.Builder
	b.WriteString("key,stratum,amount\n")
	for _, i := range r.Perm(n) {
		fmt.Fprintf(&b, "CHG-%04d,s%d,%d\n", i, i%3, i*37%1000)
	}
	return b.String()
}

func TestPropertiesOfADraw(t *testing.T) {
	columns := sample.Columns{Key: "key", Stratum: "stratum", Amount: "amount"}
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 11))
		n := 1 + r.IntN(120)
		l, other := listed(t, population(r, n), columns), listed(t, population(r, n), columns)
		s, _ := sealed(t, l)
		if again, _ := sealed(t, other); again.Digest != s.Digest || s.Digest == "" {
			t.Fatalf("seed %d: the order of rows changes the digest", seed)
		}
		draw := sample.Draw{Population: s.Digest, Seed: strconv.FormatUint(seed, 36)}
		size := 1 + r.IntN(30)
		short, long := choose(t, draw, l, size), choose(t, draw, other, size+r.IntN(20))
		checkOrder(t, draw, l, short, size)
		for _, stratum := range []string{"s0", "s1", "s2"} {
			a, b := of(short, stratum), of(long, stratum)
			if !slices.Equal(keys(a), keys(b)[:len(a)]) {
				t.Fatalf("seed %d: %v is not the beginning of %v", seed, keys(a), keys(b))
			}
		}
		out := short[r.IntN(len(short))]
		replaced := choose(t, draw, l, size, out.Key)
		for _, p := range short {
			i := slices.IndexFunc(replaced, func(q sample.Pick) bool { return q.Key == p.Key })
			if i < 0 || replaced[i].Excluded != (p.Key == out.Key) {
				t.Fatalf("seed %d: %s was lost when %s was excluded", seed, p.Key, out.Key)
			}
		}
		if more := len(replaced) - len(short); more > 1 || more == 0 && len(of(short, out.Stratum)) == size && membersOf(t, l, out.Stratum) > size {
			t.Fatalf("seed %d: %d came in for %s", seed, more, out.Key)
		}
	}
}

func choose(t *testing.T, d sample.Draw, l *sample.List, size int, excluded ...string) []sample.Pick {
	t.Helper()
	picks, err := d.Select(l.Items(), size, excluded...)
	if err != nil {
		t.Fatal(err)
	}
	return picks
}

func of(picks []sample.Pick, stratum string) []sample.Pick {
	return slices.DeleteFunc(slices.Clone(picks), func(p sample.Pick) bool { return p.Stratum != stratum })
}

func membersOf(t *testing.T, l *sample.List, stratum string) int {
	n := 0
	for _, it := range all(t, l) {
		if it.Stratum == stratum {
			n++
		}
	}
	return n
}

// checkOrder holds a selection against sorting all ranks.
func checkOrder(t *testing.T, d sample.Draw, l *sample.List, got []sample.Pick, size int) {
	t.Helper()
	ranks := map[string][]string{}
	for _, it := range all(t, l) {
		h := sha256.Sum256([]byte("assay-sample/1\n" + d.Population + "\n" + d.Seed + "\n" + it.Stratum + "\n" + it.Key))
		ranks[it.Stratum] = append(ranks[it.Stratum], hex.EncodeToString(h[:])+" "+it.Key)
	}
	var want []string
	for _, stratum := range []string{"s0", "s1", "s2"} {
		slices.Sort(ranks[stratum])
		want = append(want, ranks[stratum][:min(size, len(ranks[stratum]))]...)
	}
	var have []string
	for _, p := range got {
		have = append(have, p.Rank.String()+" "+p.Key)
	}
	if !slices.Equal(want, have) {
		t.Fatalf("got %v, want %v", have, want)
	}
}

// Every item should be drawn about equally often, whichever way.
func TestEveryItemHasTheSameChance(t *testing.T) {
	const items, size, draws = 40, 8, 4000
	l := listed(t, published(t).Sampling.CSV, sample.Columns{Key: "key"})
	for name, c := range map[string]struct {
		take   func(sample.Draw) ([]sample.Pick, error)
		beyond float64 // of fair draws one in a thousand has a χ² beyond it
	}{
		"random": {func(d sample.Draw) ([]sample.Pick, error) { return d.Select(l.Items(), size) }, 72},
		// Items that lie at the distance come together: eight times χ² of four degrees, and
		// seven times that of five.
		"systematic": {func(d sample.Draw) ([]sample.Pick, error) { return d.Systematic(l.Items(), items, size) }, 148},
		"uneven":     {func(d sample.Draw) ([]sample.Pick, error) { return d.Systematic(l.Items(), items, 7) }, 144},
	} {
		times, taken := map[string]int{}, 0
		for i := range draws {
			picks, err := c.take(sample.Draw{Population: "p", Seed: strconv.Itoa(i)})
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range picks {
				times[p.Key]++
				taken++
			}
		}
		expected, chi := float64(taken)/items, 0.0
		for _, it := range all(t, l) {
			off := float64(times[it.Key]) - expected
			chi += off * off / expected
		}
		if chi > c.beyond {
			t.Errorf("%s: χ² is %.1f", name, chi)
		}
	}
}

func TestSystematicKeepsItsDistance(t *testing.T) {
	for count := range 60 {
		var csv strings.Builder
		csv.WriteString("key\n")
		for i := range count {
			fmt.Fprintf(&csv, "%03d\n", i)
		}
		l := listed(t, csv.String(), sample.Columns{Key: "key"})
		for size := range 70 {
			picks, err := sample.Draw{Population: "p", Seed: strconv.Itoa(size)}.Systematic(l.Items(), count, size)
			if err != nil {
				t.Fatal(err)
			}
			if len(picks) != min(size, count) {
				t.Fatalf("%d of %d: %d", size, count, len(picks))
			}
			for i := 1; i < len(picks); i++ {
				a, _ := strconv.Atoi(picks[i-1].Key)
				b, _ := strconv.Atoi(picks[i].Key)
				if gap := b - a; gap != count/len(picks) && gap != count/len(picks)+1 {
					t.Fatalf("%d of %d: %d follows %d", size, count, b, a)
				}
			}
		}
	}
}

// Units are counted one by one and compared.
func TestMonetaryUnitsAgainstCounting(t *testing.T) {
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 3))
		csv, interval := "key,amount\n", int64(1+r.IntN(400))
		for i := range 1 + r.IntN(20) {
			csv += fmt.Sprintf("%02d,%d\n", i, r.IntN(900)-100)
		}
		l := listed(t, csv, sample.Columns{Key: "key", Amount: "amount"})
		m, err := sample.Draw{Population: "p", Seed: strconv.FormatUint(seed, 10)}.MonetaryUnit(l.Items(), interval, 0)
		if err != nil {
			t.Fatal(err)
		}
		want, unit, none := map[string]int{}, int64(0), 0
		for _, it := range all(t, l) {
			amount, _ := strconv.ParseInt(it.Amount, 10, 64)
			if amount <= 0 {
				none++
			}
			for range amount {
				if unit >= m.Start && (unit-m.Start)%interval == 0 {
					want[it.Key]++
				}
				unit++
			}
			if amount >= interval && want[it.Key] == 0 {
				t.Fatalf("seed %d: %s of %d is not certain", seed, it.Key, amount)
			}
		}
		got := map[string]int{}
		for _, p := range m.Picks {
			got[p.Key] = p.Hits
		}
		if diff := cmp.Diff(want, got); diff != "" || m.Total != unit || m.NotPositive.Count != none {
			t.Fatalf("seed %d: %s", seed, diff)
		}
	}
}

func TestAmounts(t *testing.T) {
	for _, c := range []struct {
		text     string
		decimals int
		want     int64
	}{{"12.5", 2, 1250}, {"0", 0, 0}, {"-3.07", 2, -307}, {" 7 ", 0, 7}, {"-0.5", 1, -5}, {"9223372036854775807", 0, 1<<63 - 1}} {
		if got, err := sample.Amount(c.text, c.decimals); err != nil || got != c.want {
			t.Errorf("%q: %d (%v), want %d", c.text, got, err, c.want)
		}
	}
	for _, text := range []string{"", "-", ".", "1.", ".5", "1.234", "1,5", "1 000", "1e3", "0x1", "+1", "--1", "1.-1", "99999999999999999999", "٣"} {
		if got, err := sample.Amount(text, 2); err == nil {
			t.Errorf("%q: %d", text, got)
		}
	}
	if got := sample.Interval(180_000, sample.Percent(95)); got != 60_085 {
		t.Errorf("the interval is %d", got)
	}
	if got := sample.Interval(180_000, sample.Percent(90)); got != 78_173 {
		t.Errorf("the interval is %d", got)
	}
}

func TestMonetaryUnitSamplesThatCannotBe(t *testing.T) {
	draw := sample.Draw{Population: "p", Seed: "s"}
	for name, c := range map[string]struct {
		amounts  string
		interval int64
		why      string
	}{
		"no interval":     {"a,1\n", 0, "above 0"},
		"no amount":       {"a,1\nb,\n", 5, "Row 3: “” is not an amount"},
		"cents":           {"a,1.5\n", 5, "at most 0 decimals, such as 1250"},
		"more than fits":  {"a,9223372036854775000\nb,9223372036854775000\n", 5, "more than can be counted"},
		"more than hits":  {"a,9223372036854775807\n", 5, "more than can be counted"},
		"the last amount": {"a,1\nb,x\n", 5, "Row 3"},
	} {
		l := listed(t, "key,amount\n"+c.amounts, sample.Columns{Key: "key", Amount: "amount"})
		if m, err := draw.MonetaryUnit(l.Items(), c.interval, 0); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
}

func TestSeeds(t *testing.T) {
	for _, seed := range []string{"7f3c-auditor-2026", "40817", "drei Äpfel", strings.Repeat("x", 200), "a'b\"$(c)"} {
		if err := sample.CheckSeed(seed); err != nil {
			t.Errorf("%q: %v", seed, err)
		}
	}
	for _, seed := range []string{"", " a", "a ", "a\nb", "a\tb", "a\u00a0b", "a\x00", "a\u202eb", "\xff", strings.Repeat("x", 201)} {
		if err := sample.CheckSeed(seed); !errors.Is(err, sample.ErrSeed) {
			t.Errorf("%q is allowed", seed)
		}
	}
	seed, err := sample.NewSeed(bytes.NewReader([]byte("0123456789abcdef")))
	if err != nil || seed != "30313233343536373839616263646566" || sample.CheckSeed(seed) != nil {
		t.Errorf("%q, %v", seed, err)
	}
	if seed, err := sample.NewSeed(strings.NewReader("too short")); err == nil {
		t.Errorf("half a seed: %q", seed)
	}
	l := listed(t, "key\n1\n", sample.Columns{Key: "key"})
	for name, draw := range map[string]func(sample.Draw) error{
		"random":     func(d sample.Draw) error { _, err := d.Select(l.Items(), 1); return err },
		"systematic": func(d sample.Draw) error { _, err := d.Systematic(l.Items(), 1, 1); return err },
		"monetary":   func(d sample.Draw) error { _, err := d.MonetaryUnit(l.Items(), 1, 0); return err },
	} {
		if err := draw(sample.Draw{Population: "p"}); !errors.Is(err, sample.ErrSeed) {
			t.Errorf("%s without a seed: %v", name, err)
		}
	}
}

func TestSelectionsThatCannotBe(t *testing.T) {
	draw := sample.Draw{Population: "p", Seed: "s"}
	l := listed(t, "key\na\nb\nc\n", sample.Columns{Key: "key"})
	_, err := draw.Select(l.Items(), 1, "a", "b", "nobody")
	var none sample.ExcludedError
	if !errors.As(err, &none) || none[len(none)-1] != "nobody" {
		t.Errorf("an item that is not there was excluded: %v", err)
	}
	var many strings.Builder
	many.WriteString("key\n")
	for i := range 1001 {
		fmt.Fprintf(&many, "%d\n", i)
	}
	l = listed(t, many.String(), sample.Columns{Key: "key", Stratum: "key"})
	if _, err := draw.Select(l.Items(), 1); err == nil || !strings.Contains(err.Error(), "more than 1000 different values") {
		t.Errorf("a stratum for every item: %v", err)
	}
	l = listed(t, "key,s\n1,\"a\nb\"\n", sample.Columns{Key: "key", Stratum: "s"})
	if _, err := draw.Select(l.Items(), 1); err == nil || !strings.Contains(err.Error(), "row 2 has a line break") {
		t.Errorf("a stratum of two lines: %v", err)
	}
}

// Coreutils have to give the same sample, whatever seeds, strata and keys hold.
func TestTheRecipeGivesTheSame(t *testing.T) {
	const seed = `it's $HOME \n %s`
	csv := "key,stratum\n"
	for _, key := range []string{"a b", " lead", "trail ", `back\slash`, "tick'quote", `"dou""ble"`, "-n", "Jörg", "$(id)", "*", "tab\there", "#1", "%d"} {
		for _, stratum := range []string{"", "eins zwei"} {
			csv += key + "," + stratum + "\n"
			if strings.HasPrefix(key, `"`) {
				key = `"x` + key[1:]
			} else {
				key += "x"
			}
		}
	}
	l := listed(t, csv, sample.Columns{Key: "key", Stratum: "stratum"})
	whole := listed(t, csv, sample.Columns{Key: "key"})
	dir := t.TempDir()
	s, text := sealed(t, l)
	if s.Digest == "" {
		t.Fatalf("%+v", s.Faults)
	}
	write(t, filepath.Join(dir, "population.txt"), text)
	draw := sample.Draw{Population: s.Digest, Seed: seed}
	run(t, dir, sample.Recipe{Draw: draw, Text: "population.txt", Size: 9}, choose(t, draw, whole, 9))
	for _, stratum := range []string{"", "eins zwei"} {
		var members strings.Builder
		for _, it := range all(t, l) {
			if it.Stratum == stratum {
				members.WriteString(it.Key + "\n")
			}
		}
		write(t, filepath.Join(dir, "keys it's.txt"), members.String())
		recipe := sample.Recipe{Draw: draw, Text: "population.txt", Stratum: stratum, Keys: "keys it's.txt", Size: 4}
		run(t, dir, recipe, of(choose(t, draw, l, 4), stratum))
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, dir string, recipe sample.Recipe, picks []sample.Pick) {
	t.Helper()
	lines := recipe.Lines()
	if len(lines) != 3 {
		t.Fatalf("the recipe has %d lines", len(lines))
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-eu", "-c", strings.Join(lines, "\n"))
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want := ""
	for _, p := range picks {
		want += p.Rank.String() + "  " + p.Key + "\n"
	}
	if len(picks) == 0 || string(out) != want {
		t.Errorf("the recipe prints\n%swant\n%s", out, want)
	}
}

func FuzzSealAndSelect(f *testing.F) {
	v := "key,stratum,amount\nCHG-1,a,5\nCHG-2,b,7\n"
	for _, seed := range []string{v, "key\n", "key,stratum\n\"a\nb\",c\n", "\ufeffkey;x\n1;ü\n", "key\nJo\u0308rg\nJ\u00f6rg\n"} {
		f.Add(seed, "s", 3)
	}
	f.Fuzz(func(t *testing.T, csv, seed string, size int) {
		rows, err := sheet.Stream(t.Context(), strings.NewReader(csv), "f", sheet.Limits{Bytes: 1 << 20, Rows: 1000, Columns: 20, Cell: 1000, Unzipped: 1 << 20})
		if err != nil {
			return
		}
		items, err := sample.Items(rows, sample.Columns{Key: rows.Header[0]})
		if err != nil {
			return
		}
		l, err := sample.ListOf(items)
		if err != nil {
			return
		}
		defer func() { _ = l.Close() }()
		s, err := l.Seal(io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		size = 1 + abs(size)%50
		picks, err := sample.Draw{Population: s.Digest, Seed: seed}.Select(l.Items(), size)
		if err != nil {
			return
		}
		if s.Digest != "" && len(picks) != min(size, s.Count) {
			t.Fatalf("%d of %d are %d", size, s.Count, len(picks))
		}
		for i, p := range picks {
			if p.Key == "" || !norm.NFC.IsNormalString(p.Key) || i > 0 && bytes.Compare(picks[i-1].Rank[:], p.Rank[:]) > 0 {
				t.Fatalf("item %d is %+v", i, p)
			}
		}
	})
}

func abs(n int) int {
	if n < 0 {
		return -(n + 1)
	}
	return n
}
