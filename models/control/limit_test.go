package control_test

import (
	"testing"

	"assay/models/control"
)

func TestLimitsAreReadAndShownInWords(t *testing.T) {
	for _, c := range []struct{ typed, kept, shown string }{
		{"24 hours", "PT24H", "24 hours"},
		{" 5  Business Days ", "P5D business", "5 business days"},
		{"1 day", "P1D", "1 day"},
		{"pt24h", "PT24H", "24 hours"},
		{"P10D business", "P10D business", "10 business days"},
		{"15 minutes", "PT15M", "15 minutes"},
		{"2 weeks", "P2W", "2 weeks"},
		{"", "", ""},
	} {
		kept, err := control.ReadLimit(c.typed)
		if err != nil || kept != c.kept {
			t.Errorf("%q is kept as %q (%v), want %q", c.typed, kept, err, c.kept)
		}
		if got := control.LimitLabel(kept); got != c.shown {
			t.Errorf("%q is shown as %q, want %q", kept, got, c.shown)
		}
		if again, err := control.ReadLimit(control.LimitLabel(kept)); err != nil || again != kept {
			t.Errorf("what is shown of %q reads as %q (%v)", kept, again, err)
		}
	}
	for _, typed := range []string{"soon", "P", "PT", "P1DT", "5 business hours", "-1 day", "1.5 hours", "P1DT12H", "PT5H business", "P3M"} {
		if kept, err := control.ReadLimit(typed); err == nil {
			t.Errorf("%q is kept as %q, want a refusal", typed, kept)
		}
	}
}
