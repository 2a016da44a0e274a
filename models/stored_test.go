package models_test

import (
	"testing"
	"time"

	"assay/internal/tlog"
	"assay/models"
)

// TestInstantsAreReadAsTheyAreKept holds the short way from text to text to the long one.
func TestInstantsAreReadAsTheyAreKept(t *testing.T) {
	const kept = "2006-01-02 15:04:05.999999999-07:00" // as the driver writes
	at := time.Date(2026, 3, 1, 14, 30, 0, 0, time.UTC)
	for _, d := range []time.Duration{0, time.Microsecond, 250 * time.Millisecond, 123456 * time.Microsecond, 999999 * time.Microsecond, 10 * time.Microsecond} {
		want := tlog.Instant(at.Add(d))
		if got, ok := models.InstantText(at.Add(d).Format(kept)); !ok || got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for _, text := range []string{
		"", "soon", "2026-03-01", "2026-03-01 14:30:00", "2026-03-01T14:30:00.000000Z", "2026-03-01 14:30:00.1234567+00:00",
		"2026-03-01 14:30:00+02:00", "2026-03-01 14:30:0x+00:00", "0001-01-01 00:00:00+00:00", "2026-03-01 14:30:00.000000Z+00:00",
	} {
		if got, ok := models.InstantText(text); ok {
			t.Errorf("%q was read as %q", text, got)
		}
	}
	if got, ok := models.Instant("2026-03-01 16:30:00+02:00").(time.Time); !ok || !got.Equal(at) {
		t.Errorf("another zone: got %v", got)
	}
	if got, ok := models.Instant("0001-01-01 00:00:00+00:00").(time.Time); !ok || !got.IsZero() {
		t.Errorf("no time: got %v", got)
	}
	for _, v := range []any{"soon", "2026-03-01T14:30:00.000000Z", []byte("x")} { // the form that is hashed is not the form that is kept
		if got, ok := models.Instant(v).(string); !ok || got == "soon" || got[0] == '2' {
			t.Errorf("%q was read as %v", v, got)
		}
	}
	if models.Instant(nil) != nil || models.Instant(int64(5)) != int64(5) {
		t.Error("what is no text was changed")
	}
}
