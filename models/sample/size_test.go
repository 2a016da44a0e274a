package sample_test

import (
	"math"
	"testing"

	"assay/models/framework"
	"assay/models/sample"
)

func TestTheDefaultSizes(t *testing.T) {
	sizes := sample.SizesOf(framework.Frequencies())
	for _, c := range []struct {
		frequency       string
		population      int
		low, base, high int
	}{
		{"annual", 1, 1, 1, 1},
		{"semiannual", 2, 2, 2, 2},
		{"quarterly", 4, 2, 2, 3},
		{"monthly", 12, 2, 3, 5},
		{"weekly", 52, 5, 8, 15},
		{"daily", 365, 20, 25, 40},
		{"multiple_daily", 4318, 25, 40, 60},
		{"monthly", 2, 2, 2, 2},
		{"daily", 0, 0, 0, 0}, // never more than there are
		{"event", 0, 0, 0, 0},
		{"event", 4, 4, 4, 4},
		{"event", 5, 5, 5, 5},
		{"event", 49, 5, 5, 10},
		{"event", 50, 5, 5, 10},
		{"event", 51, 6, 6, 12},
		{"event", 249, 25, 25, 50},
		{"event", 250, 25, 25, 50},
		{"event", 100_000, 25, 25, 50},
		{"event", 7, 5, 5, 7},
		{"never heard of", 17, 17, 17, 17},
	} {
		for risk, want := range map[sample.Risk]int{sample.Low: c.low, sample.Base: c.base, sample.High: c.high} {
			if got := sizes.Of(c.frequency, risk, c.population); got != want {
				t.Errorf("%s, risk %d, %d items: %d, want %d", c.frequency, risk, c.population, got, want)
			}
		}
	}
}

// The catalog prints figures. They are ours.
func TestTheFiguresOfTheCatalog(t *testing.T) {
	guidance := framework.Catalog().Sampling
	for _, c := range guidance.MinimumN {
		for expected, want := range c.N {
			plan := sample.Plan{Confidence: millionths(c.Confidence), Tolerable: millionths(c.Tolerable), Expected: expected}
			if got, err := plan.Size(); err != nil || got != want {
				t.Errorf("%+v: %d (%v), the catalog has %d", plan, got, err, want)
			}
		}
	}
	for _, c := range guidance.UpperLimit {
		if got, err := sample.UpperLimit(c.N, c.Deviations, sample.Percent(90)); err != nil || math.Abs(float64(got)/1e6-c.Limit) > 0.00006 {
			t.Errorf("%d of %d: %d (%v), the catalog has %f", c.Deviations, c.N, got, err, c.Limit)
		}
	}
	if len(guidance.MinimumN) < 4 || len(guidance.UpperLimit) < 4 {
		t.Error("the catalog has lost its figures")
	}
}

func millionths(f float64) sample.Share { return sample.Share(math.Round(f * 1e6)) }
