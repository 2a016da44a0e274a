package handlers_test

import (
	"log/slog"
	"os"
	"testing"

	"assay/internal/browser"
)

// TestMain keeps the line that every request logs out of the tests' output.
func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(browser.Main(m))
}
