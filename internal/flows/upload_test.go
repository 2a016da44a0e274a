package flows_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"assay/internal/browser"
)

// TestAnUploadOutlivesItsServer kills the program while a browser sends it a file. The
// page goes on by itself when the program is back, and every byte arrives.
func TestAnUploadOutlivesItsServer(t *testing.T) {
	for _, way := range []struct {
		name     string
		database func(*testing.T) string
	}{{"on SQLite", func(*testing.T) string { return "" }}, {"on PostgreSQL", postgres}} {
		t.Run(way.name, func(t *testing.T) {
			c := found(t, way.database(t), true)
			c.setUp()
			c.assign()
			p := c.as(owner)
			c.open(p, "/evidence/new?control=AC-05")
			content := bytes.Repeat([]byte("2026-10-31 gateway ok\n"), 40<<20/22)
			p.Slow(6 << 20)
			p.Upload(`#f-files`, c.file("gateway.log", string(content)))
			for range 2 {
				p.Wait(`//small[@data-far][contains(., "left")]`)
				c.dies()
				p.Wait(`//small[@data-far][contains(., "MB of")]`)
			}
			for _, complaint := range p.Complaints() {
				if !strings.Contains(complaint, "Failed to load resource") { // the server was away
					t.Error(complaint)
				}
			}
			p.Slow(0)
			p.Wait(`#f-files-list input[name=upload]`)
			sum := sha256.Sum256(content)
			c.reads(p, hex.EncodeToString(sum[:]))
			c.describe(p, "Quarterly review")
			c.press(p, browser.Button("Submit for review"))
			c.reads(p, "E-1", "gateway.log")
		})
	}
}
