package tlog_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"assay/internal/tlog"
)

// grown is a tree in memory.
type grown []tlog.Hash

func (g *grown) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		if x >= int64(len(*g)) {
			return nil, fmt.Errorf("no hash %d", x)
		}
		out[i] = (*g)[x]
	}
	return out, nil
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// entries are the records of the foreign log, each behind its length.
func entries(t *testing.T) [][]byte {
	t.Helper()
	b := []byte(read(t, "entries.15"))
	var out [][]byte
	for len(b) > 0 {
		n := int(binary.BigEndian.Uint16(b))
		out, b = append(out, b[2:2+n]), b[2+n:]
	}
	return out
}

// TestAForeignLogHasTheRootsItSigned rebuilds a log that nobody here wrote and
// compares every root with the checkpoint its own software signed.
func TestAForeignLogHasTheRootsItSigned(t *testing.T) {
	var tree grown
	var edge []tlog.Hash
	leaves := entries(t)
	vkey := read(t, "vkey.txt")
	check := func(size int64) {
		path := fmt.Sprintf("checkpoint.%d", size)
		if _, err := os.Stat(filepath.Join("testdata", path)); err != nil {
			return
		}
		c, err := tlog.OpenCheckpoint(read(t, path), vkey)
		if err != nil {
			t.Fatalf("size %d: %v", size, err)
		}
		root, err := tlog.TreeHash(size, &tree)
		if err != nil || c.Size != size || c.Root != root {
			t.Errorf("size %d: root %s, signed %s (%v)", size, root, c.Root, err)
		}
	}
	check(0)
	for i, leaf := range leaves {
		var added []tlog.Hash
		edge, added = tlog.Grow(edge, int64(i), tlog.RecordHash(leaf))
		tree = append(tree, added...)
		check(int64(i) + 1)
	}
}

func TestConsistency(t *testing.T) {
	var tree grown
	var edge []tlog.Hash
	var roots []tlog.Hash
	for i := range 20 {
		root, err := tlog.TreeHash(int64(i), &tree)
		if err != nil {
			t.Fatal(err)
		}
		roots = append(roots, root)
		var added []tlog.Hash
		edge, added = tlog.Grow(edge, int64(i), tlog.RecordHash([]byte{byte(i)}))
		tree = append(tree, added...)
	}
	for m := range int64(20) {
		for n := m; n < 20; n++ {
			if err := tlog.Consistent(m, roots[m], n, roots[n], &tree); err != nil {
				t.Errorf("%d → %d: %v", m, n, err)
			}
			if m > 0 && tlog.Consistent(m, roots[m-1], n, roots[n], &tree) == nil {
				t.Errorf("%d → %d: another past was taken for this one", m, n)
			}
		}
	}
	if tlog.Consistent(5, roots[5], 4, roots[4], &tree) == nil {
		t.Error("a shorter log was taken for an extension")
	}
}

func TestCheckpointsThatAreNone(t *testing.T) {
	good := read(t, "checkpoint.5")
	vkey := read(t, "vkey.txt")
	for name, text := range map[string]string{
		"empty":                      "",
		"another size":               strings.Replace(good, "\n5\n", "\n6\n", 1),
		"another origin":             strings.Replace(good, "example.com/log", "example.com/lag", 1),
		"no signature":               good[:strings.Index(good, "\n—")+1],
		"a signature of another key": strings.Replace(good, "M9e0", "M9e1", 1),
		"a truncated signature":      good[:len(good)-10] + "\n",
	} {
		if c, err := tlog.OpenCheckpoint(text, vkey); err == nil {
			t.Errorf("%s: read as %+v", name, c)
		}
	}
	for _, text := range []string{"o\n1\n", "o\n01\n" + strings.Repeat("A", 43) + "=\n", "o\n-1\n" + strings.Repeat("A", 43) + "=\n", "\n1\n" + strings.Repeat("A", 43) + "=\n", "o\n1\nAAAA\n"} {
		if c, err := tlog.ParseCheckpoint(text); err == nil {
			t.Errorf("%q was read as %+v", text, c)
		}
	}
}

func TestSigningKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys", "log.key")
	first, err := tlog.LoadSigner(path, "assay/test")
	if err != nil {
		t.Fatal(err)
	}
	again, err := tlog.LoadSigner(path, "ignored once there is a key")
	if err != nil || again.VerifierKey != first.VerifierKey || again.Origin() != "assay/test" {
		t.Errorf("the key changed: %v", err)
	}
	secret, err := first.Secret("sessions")
	if err != nil || len(secret) != 32 {
		t.Errorf("%d secret bytes, %v", len(secret), err)
	}
	if same, _ := again.Secret("sessions"); !bytes.Equal(same, secret) {
		t.Error("another replica with the same key has another secret")
	}
	if other, _ := first.Secret("something else"); bytes.Equal(other, secret) {
		t.Error("one secret serves two purposes")
	}
	note, err := first.Sign(tlog.Checkpoint{Origin: "assay/test", Size: 3, Root: tlog.RecordHash([]byte("x"))})
	if err != nil {
		t.Fatal(err)
	}
	if c, err := tlog.OpenCheckpoint(note, again.VerifierKey); err != nil || c.Size != 3 {
		t.Errorf("got %+v, %v", c, err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := tlog.LoadSigner(path, "x"); err == nil {
		t.Error("a key that everybody can read was taken")
	}
	if err := os.WriteFile(path, []byte("rubbish\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := tlog.LoadSigner(path, "x"); err == nil {
		t.Error("rubbish was taken for a key")
	}
}

func TestRowHash(t *testing.T) {
	at := time.Date(2026, 3, 1, 9, 0, 0, 1500, time.FixedZone("", 3600))
	row := map[string]any{"id": int64(1), "name": "Ana", "seen_at": at, "note": nil, "count": int64(0), "done": false, "raw": []byte{1, 2}}
	hash := func(change map[string]any) tlog.Hash {
		all := map[string]any{}
		for k, v := range row {
			all[k] = v
		}
		for k, v := range change {
			all[k] = v
		}
		columns := make([]tlog.Column, 0, len(all))
		for k, v := range all {
			columns = append(columns, tlog.Column{Name: k, Value: v})
		}
		h, err := tlog.RowHash("people", columns)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	base := hash(nil)
	for name, c := range map[string]struct {
		change map[string]any
		same   bool
	}{
		"a new column without a value":       {map[string]any{"firm": ""}, true},
		"the same instant in another zone":   {map[string]any{"seen_at": at.UTC()}, true},
		"nanoseconds, which nobody keeps":    {map[string]any{"seen_at": at.Add(300)}, true},
		"a microsecond later":                {map[string]any{"seen_at": at.Add(time.Microsecond)}, false},
		"a value set to nothing":             {map[string]any{"name": ""}, false},
		"a value moved to another column":    {map[string]any{"name": "", "note": "Ana"}, false},
		"a number in place of its text":      {map[string]any{"id": "1"}, false},
		"other bytes":                        {map[string]any{"raw": []byte{1, 3}}, false},
		"bytes in place of what spells them": {map[string]any{"raw": "0102"}, false},
	} {
		if got := hash(c.change) == base; got != c.same {
			t.Errorf("%s: same hash is %v", name, got)
		}
	}
	if _, err := tlog.RowHash("people", []tlog.Column{{Name: "x", Value: struct{}{}}}); err == nil {
		t.Error("a value without canonical form was hashed")
	}
}

// TestLeafBytes holds the form that is written by hand to the one that is defined.
func TestLeafBytes(t *testing.T) {
	full := tlog.Leaf{
		V: 1, At: "2026-03-01T14:30:00.000000Z", Actor: 7, Role: "administrator", Session: "s", Verb: "control.draft", About: "controls/AC-03",
		Within: "w", Entity: "controls", EntityID: 3, Rev: 2, Prev: "aa", New: "bb", Detail: "cc", Request: "r", Build: "b",
	}
	leaves := []tlog.Leaf{{}, full}
	for _, s := range []string{"Ünal", `"`, `\`, "<b>", "a&b", "\x00\n\x7f", "\u2028", "\xff", "表"} {
		l := full
		l.About, l.Within, l.Build, l.Prev = s, s, "x"+s, ""
		leaves = append(leaves, l)
	}
	for _, l := range leaves {
		want, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		if got := l.Bytes(); string(got) != string(want) {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
