package blob_test

import (
	"bytes"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"assay/internal/blob"
)

// A powerloss file system keeps everything in memory, together with what a strict disk
// would still have after a power cut: the bytes of a file as of its last Sync, the names
// in a directory as of its last SyncDir. Every operation is written down in ops.
type powerloss struct {
	root  *node
	ops   []string
	omit  func(op string) bool // lies: says it was done and does nothing
	after func()               // runs after each operation
}

// A node is a file when entries is nil.
type node struct {
	data, durableData       []byte
	entries, durableEntries map[string]*node
}

func newPowerloss() *powerloss {
	return &powerloss{root: newDir(), omit: func(string) bool { return false }, after: func() {}}
}

func newDir() *node {
	return &node{entries: map[string]*node{}, durableEntries: map[string]*node{}}
}

// do notes an operation and says whether to carry it out.
func (p *powerloss) do(op string) bool {
	p.ops = append(p.ops, op)
	return !p.omit(op)
}

func (p *powerloss) dir(name string) *node {
	n := p.root
	for part := range strings.SplitSeq(path.Clean(name), "/") {
		if part == "." {
			continue
		}
		if n = n.entries[part]; n == nil || n.entries == nil {
			return nil
		}
	}
	return n
}

func (p *powerloss) lookup(name string) (*node, error) {
	if d := p.dir(path.Dir(name)); d != nil && d.entries[path.Base(name)] != nil {
		return d.entries[path.Base(name)], nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func (p *powerloss) Create(name string) (blob.File, error) {
	defer p.after()
	p.do("create " + name)
	n := &node{data: []byte{}}
	p.dir(path.Dir(name)).entries[path.Base(name)] = n
	return &openFile{p, name, n}, nil
}

type openFile struct {
	p    *powerloss
	name string
	n    *node
}

func (f *openFile) Write(b []byte) (int, error) {
	defer f.p.after()
	f.p.do("write " + f.name)
	f.n.data = append(f.n.data, b...)
	return len(b), nil
}

func (f *openFile) Sync() error {
	defer f.p.after()
	if f.p.do("sync file " + f.name) {
		f.n.durableData = slices.Clone(f.n.data)
	}
	return nil
}

func (f *openFile) Close() error {
	f.p.do("close " + f.name)
	return nil
}

func (p *powerloss) Rename(from, to string) error {
	defer p.after()
	if !p.do("rename " + from + " to " + to) {
		return nil
	}
	n, err := p.lookup(from)
	if err != nil {
		return err
	}
	delete(p.dir(path.Dir(from)).entries, path.Base(from))
	p.dir(path.Dir(to)).entries[path.Base(to)] = n
	return nil
}

func (p *powerloss) Link(from, to string) error {
	defer p.after()
	if !p.do("link " + from + " to " + to) {
		return nil
	}
	n, err := p.lookup(from)
	if err == nil {
		p.dir(path.Dir(to)).entries[path.Base(to)] = n
	}
	return err
}

func (p *powerloss) Remove(name string) error {
	defer p.after()
	p.do("remove " + name)
	delete(p.dir(path.Dir(name)).entries, path.Base(name))
	return nil
}

func (p *powerloss) Mkdir(name string) error {
	defer p.after()
	if _, err := p.lookup(name); err == nil {
		return nil
	}
	p.do("mkdir " + name)
	p.dir(path.Dir(name)).entries[path.Base(name)] = newDir()
	return nil
}

func (p *powerloss) SyncDir(name string) error {
	defer p.after()
	if p.do("sync directory " + name) {
		d := p.dir(name)
		d.durableEntries = maps.Clone(d.entries)
	}
	return nil
}

func (p *powerloss) ReadDir(string) ([]fs.DirEntry, error) { return nil, nil }
func (p *powerloss) Room() (free, total uint64, err error) { return 0, 0, nil }
func (p *powerloss) Close() error                          { return nil }

func (p *powerloss) Open(name string) (io.ReadSeekCloser, fs.FileInfo, error) {
	n, err := p.lookup(name)
	if err != nil {
		return nil, nil, err
	}
	return reading{bytes.NewReader(n.data)}, nil, nil
}

type reading struct{ *bytes.Reader }

func (reading) Close() error { return nil }

func (p *powerloss) Stat(name string) (fs.FileInfo, error) {
	panic("the harness reads only what survived")
}

// survive writes to dir what the disk holds after a power cut now. Of what was never
// synced, each directory entry survives with chance entries, each file's bytes with chance
// data: a disk is free to write early, and in any order.
func (p *powerloss) survive(t *testing.T, dir string, entries, data float64, rng *rand.Rand) {
	t.Helper()
	var write func(n *node, at string)
	write = func(n *node, at string) {
		if n.entries == nil {
			bytes := n.durableData
			if rng.Float64() < data {
				bytes = n.data
			}
			must(t, os.WriteFile(at, bytes, 0o600))
			return
		}
		must(t, os.MkdirAll(at, 0o700))
		for name, child := range n.after(entries, rng) {
			write(child, filepath.Join(at, name))
		}
	}
	write(p.root, dir)
}

// after returns the entries of a directory after the cut, in the order of their names so
// that a seed means one state.
func (n *node) after(chance float64, rng *rand.Rand) map[string]*node {
	left := maps.Clone(n.durableEntries)
	for _, name := range slices.Sorted(maps.Keys(n.entries)) {
		if n.entries[name] != n.durableEntries[name] && rng.Float64() < chance {
			left[name] = n.entries[name]
		}
	}
	for _, name := range slices.Sorted(maps.Keys(n.durableEntries)) {
		if n.entries[name] == nil && rng.Float64() < chance {
			delete(left, name)
		}
	}
	return left
}

// crashEverywhere stores a few blobs, cuts the power after every operation, and reports
// each state in which an acknowledged blob is gone or any blob's bytes are wrong. omit
// names the operations a broken store forgets.
func crashEverywhere(t *testing.T, omit func(op string) bool) (broken []string, states int) {
	t.Helper()
	p := newPowerloss()
	p.omit = omit
	var acked []string
	var parts []blob.Part
	rng := rand.New(rand.NewPCG(1, 2))
	p.after = func() {
		for _, chance := range [][2]float64{{0, 0}, {0.5, 0.5}, {1, 1}, {1, 0}, {0, 1}} {
			states++
			dir := t.TempDir()
			p.survive(t, dir, chance[0], chance[1], rng)
			for _, problem := range damage(t, dir, acked, parts) {
				broken = append(broken, "after "+p.ops[len(p.ops)-1]+": "+problem)
			}
		}
	}
	d, err := blob.OpenOn(p, time.Now())
	must(t, err)
	for _, content := range []string{"one", "two", "", "one", strings.Repeat("three", 30_000)} {
		b, err := d.Put(t.Context(), strings.NewReader(content), 1<<20)
		must(t, err)
		acked = append(acked, b.Digest)
	}
	for _, content := range []string{"begins", "goes on", "ends"} { // the last part grows
		part, err := d.PutPart(t.Context(), blob.Part{}, strings.NewReader(content), 1<<20)
		must(t, err)
		parts = append(parts, part)
	}
	for _, content := range []string{" later", " than that"} {
		part, err := d.PutPart(t.Context(), parts[2], strings.NewReader(content), 1<<20)
		must(t, err)
		parts[2] = part
	}
	for _, joint := range [][]blob.Part{parts, parts[2:]} { // the file of the only part becomes the blob
		b, err := d.Join(t.Context(), joint)
		must(t, err)
		acked = append(acked, b.Digest)
	}
	p.after()
	return broken, states
}

// damage opens what survived with the production store.
func damage(t *testing.T, dir string, acked []string, parts []blob.Part) (problems []string) {
	t.Helper()
	d, err := blob.Open(dir)
	must(t, err)
	defer d.Close()
	for _, p := range parts {
		if got, err := os.ReadFile(filepath.Join(dir, "parts", p.Name)); err != nil || int64(len(got)) < p.Size || sum(got[:p.Size]) != p.Digest {
			problems = append(problems, "acknowledged part: "+p.Name)
		}
	}
	for _, digest := range acked {
		if err := blob.Verify(t.Context(), d, digest); err != nil {
			problems = append(problems, "acknowledged: "+err.Error())
		}
	}
	names, err := filepath.Glob(filepath.Join(dir, "blobs", "??", "*"))
	must(t, err)
	for _, name := range names {
		if err := blob.Verify(t.Context(), d, filepath.Base(name)); err != nil {
			problems = append(problems, "visible: "+err.Error())
		}
	}
	return problems
}

func TestAPowerCutLosesNothingAcknowledged(t *testing.T) {
	broken, states := crashEverywhere(t, func(string) bool { return false })
	if states < 100 {
		t.Errorf("only %d crash states were tried", states)
	}
	for _, b := range broken {
		t.Error(b)
	}
}

// A harness that passes a store without its fsyncs would prove nothing about one with them.
func TestTheHarnessSeesEveryForgottenStep(t *testing.T) {
	for name, forgets := range map[string]string{
		"the file":                   "sync file tmp/",
		"the name":                   "rename tmp/",
		"a part":                     "sync file parts/",
		"the directory of parts":     "sync directory parts",
		"the shard":                  "sync directory blobs/",
		"the parent of the shard":    "sync directory blobs",
		"the directory of the store": "sync directory .",
	} {
		t.Run(name, func(t *testing.T) {
			broken, _ := crashEverywhere(t, func(op string) bool {
				return op == forgets || strings.HasSuffix(forgets, "/") && strings.HasPrefix(op, forgets)
			})
			if len(broken) == 0 {
				t.Errorf("a store that never does %q passed", forgets)
			}
		})
	}
}

func TestPutAsksTheDiskInTheOrderThatIsSafe(t *testing.T) {
	p := newPowerloss()
	d, err := blob.OpenOn(p, time.Now())
	must(t, err)
	p.ops = nil
	content := bytes.Repeat([]byte("x"), 200<<10)
	b, err := d.Put(t.Context(), bytes.NewReader(content), 1<<20)
	must(t, err)
	tmp := strings.TrimPrefix(p.ops[0], "create ")
	shard := "blobs/" + b.Digest[:2]
	publish := []string{
		"rename " + tmp + " to " + shard + "/" + b.Digest,
		"sync directory " + shard,
	}
	want := slices.Concat([]string{
		"create " + tmp, "write " + tmp, "write " + tmp, "sync file " + tmp, "close " + tmp,
		"mkdir " + shard, "sync directory blobs",
	}, publish)
	if !slices.Equal(p.ops, want) {
		t.Errorf("operations:\n%s\nwant:\n%s", strings.Join(p.ops, "\n"), strings.Join(want, "\n"))
	}

	// The same bytes again: the shard is known to be durable, the name may not be.
	p.ops = nil
	_, err = d.Put(t.Context(), bytes.NewReader(content), 1<<20)
	must(t, err)
	if got := p.ops[len(p.ops)-1]; got != publish[1] {
		t.Errorf("the second time ended with %q, want %q", got, publish[1])
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
