package binder_test

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"assay/internal/binder"
	"assay/internal/tlog"
	"assay/models/modelstest"
)

// A forger has a binder unpacked and packs it again, with sums that are right, in the
// layout that a binder has.
type forger struct {
	*world
	files map[string]string
}

func (w *world) forge(archive []byte) *forger { return &forger{w, unpacked(w, archive)} }

func (f *forger) pack() []byte {
	f.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	at := f.engagementFrozen()
	for _, path := range slices.Sorted(maps.Keys(f.files)) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: path, Method: zip.Store, Modified: at})
		f.must(err)
		_, err = io.WriteString(w, f.files[path])
		f.must(err)
	}
	f.must(z.Close())
	return out.Bytes()
}

// edit changes one file, which has to be there and to change.
func (f *forger) edit(path, old, now string) {
	f.Helper()
	before, ok := f.files[path]
	if f.files[path] = strings.Replace(before, old, now, 1); !ok || before == f.files[path] {
		f.Fatalf("%s does not hold %q:\n%.2000s", path, old, before)
	}
}

// consistent makes every list and digest fit again, as far as somebody without the key can:
// documents, the row of the freeze, the manifest, the sums.
func (f *forger) consistent() {
	list := ""
	for line := range strings.Lines(f.files[binder.FreezeList]) {
		path := strings.TrimSpace(line[66:])
		list += sum(f.files[path]) + "  " + path + "\n"
	}
	f.replaceAll(sum(f.files[binder.FreezeList]), sum(list), binder.FreezeRow, binder.ManifestFile)
	f.files[binder.FreezeList] = list
	f.listed()
}

// listed makes the manifest and the sums say what is there.
func (f *forger) listed() {
	line := regexp.MustCompile(`\{"path":"([^"]*)","size":[0-9]+,"sha256":"[0-9a-f]*"`)
	f.files[binder.ManifestFile] = line.ReplaceAllStringFunc(f.files[binder.ManifestFile], func(s string) string {
		path := line.FindStringSubmatch(s)[1]
		return fmt.Sprintf(`{"path":"%s","size":%d,"sha256":"%s"`, path, len(f.files[path]), sum(f.files[path]))
	})
	sums := ""
	for _, path := range slices.Sorted(maps.Keys(f.files)) {
		if path != binder.Sums {
			sums += sum(f.files[path]) + "  " + path + "\n"
		}
	}
	f.files[binder.Sums] = sums
}

func (f *forger) replaceAll(old, now string, paths ...string) {
	for _, path := range paths {
		f.files[path] = strings.ReplaceAll(f.files[path], old, now)
	}
}

// signed signs the manifest with another key, which it then names.
func (f *forger) signed() {
	f.Helper()
	signer, err := tlog.LoadSigner(filepath.Join(f.TempDir(), "other.key"), "assay/test")
	f.must(err)
	f.replaceAll(f.signer.VerifierKey, signer.VerifierKey, binder.ManifestFile)
	f.listed()
	f.files[binder.SignatureFile], err = signer.SignText(binder.Format + "\n" + sum(f.files[binder.ManifestFile]) + "\n")
	f.must(err)
	f.listed()
}

// insider signs the manifest with the right key: whoever runs the portal could. What is in
// the log they cannot change any more.
func (f *forger) insider() {
	f.Helper()
	f.consistent()
	var err error
	f.files[binder.SignatureFile], err = f.signer.SignText(binder.Format + "\n" + sum(f.files[binder.ManifestFile]) + "\n")
	f.must(err)
	f.listed()
}

// past is a checkpoint over the first leaves of the log, as the key signs it at any time.
func (f *forger) past(size int64) string {
	f.Helper()
	var edge []tlog.Hash
	for n := range size {
		edge, _ = tlog.Grow(edge, n, tlog.Hash([]byte(f.files[binder.HashesFile])[n*32:n*32+32]))
	}
	root := edge[len(edge)-1]
	for _, h := range slices.Backward(edge[:len(edge)-1]) {
		root = tlog.NodeHash(h, root)
	}
	note, err := f.signer.Sign(tlog.Checkpoint{Origin: f.signer.Origin(), Size: size, Root: root})
	f.must(err)
	return note
}

// entered puts a file in its place in the manifest, unless it is there.
func (f *forger) entered(path string) {
	f.Helper()
	head, list, _ := strings.Cut(f.files[binder.ManifestFile], `"files":[`)
	lines := strings.Split(strings.TrimSuffix(strings.TrimPrefix(list, "\n"), "\n]}\n"), ",\n{")
	own := `"path":"` + path + `",`
	at, there := slices.BinarySearchFunc(lines, own, func(line, own string) int {
		return strings.Compare(strings.TrimPrefix(line, "{")[:min(len(line), len(own))], own)
	})
	if !there {
		lines = slices.Insert(lines, at, own+`"size":0,"sha256":"0"}`)
	}
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], "{")
	}
	f.files[binder.ManifestFile] = head + `"files":[` + "\n{" + strings.Join(lines, ",\n{") + "\n]}\n"
}

const (
	january = "evidence/CM-01/E-1/01-january.csv"
	sampled = "samples/S-1.json"
)

func TestEveryAlterationIsNamed(t *testing.T) {
	w := newWorld(t, modelstest.SQLite(t))
	w.full()
	w.on("2026-07-20")
	w.report()
	good := w.export(w.priya)
	if again := w.forge(good).pack(); !bytes.Equal(again, good) {
		t.Fatal("what is packed again is another archive, so the tests below say nothing")
	}
	before := w.forge(good).files[binder.CheckpointFile]
	w.on("2026-08-01")
	w.accepted(nil, "2026-03-01", "2026-03-31", w.upload("march.csv", "march"))
	w.sign()
	for what, c := range map[string]struct {
		do   func(*forger)
		says []string
	}{
		"a changed file": {func(f *forger) { f.edit(january, "ana", "ben") }, []string{january + " was changed"}},
		"an added file": {func(f *forger) { f.files["evidence/CM-01/E-1/09-more.csv"] = "more" }, []string{
			"evidence/CM-01/E-1/09-more.csv was added", "09-more.csv belongs to no record",
		}},
		"a removed file": {func(f *forger) { delete(f.files, january) }, []string{january + " was removed", january + " is named by a document and missing"}},
		"a renamed file": {func(f *forger) {
			f.files["evidence/CM-01/E-1/01-june.csv"] = f.files[january]
			delete(f.files, january)
		}, []string{january + " was renamed to evidence/CM-01/E-1/01-june.csv"}},
		"a file that another takes the place of": {func(f *forger) { f.files[january] = f.files["evidence/CM-01/E-2/02-note.txt"] }, []string{january + " was changed"}},
		"a changed manifest":                     {func(f *forger) { f.edit(binder.ManifestFile, "Brandt & Okafor", "Brandt & Partner"); f.listed() }, []string{"the signature is not over this manifest"}},
		"a manifest with a file less": {func(f *forger) {
			f.files[binder.ManifestFile] = regexp.MustCompile(`\n\{"path":"`+january+`".*\n`).ReplaceAllString(f.files[binder.ManifestFile], "\n")
			delete(f.files, january)
			f.listed()
		}, []string{"the signature is not over this manifest", january + " is named by a document and missing"}},
		"a manifest in another form": {func(f *forger) { f.edit(binder.ManifestFile, `"files":[`, `"files": [`) }, []string{"is not in the form that a manifest has"}},
		"changed sums":               {func(f *forger) { f.edit(binder.Sums, sum(f.files[january]), strings.Repeat("0", 64)) }, []string{"SHA256SUMS does not say what the manifest says"}},
		"no signature":               {func(f *forger) { delete(f.files, binder.SignatureFile) }, []string{"signature is missing"}},
		"a foreign signature":        {func(f *forger) { f.signed() }, []string{"the manifest is not signed by the key", "names another key"}},
		"a changed result": {func(f *forger) {
			f.edit("findings/F-001.json", `"status": "raised"`, `"status": "dismissed"`)
			f.consistent()
		}, []string{
			"the signature is not over this manifest", "the freeze is not the one in the log",
		}},
		"a changed result, by an insider": {func(f *forger) {
			f.edit("findings/F-001.json", `"status": "raised"`, `"status": "dismissed"`)
			f.insider()
		}, []string{"the freeze is not the one in the log"}},
		"a changed user entity control, by an insider": {func(f *forger) {
			f.edit(binder.SubserviceFile, "approve their own releases", "approve nothing")
			f.insider()
		}, []string{"the freeze is not the one in the log"}},
		"no user entity controls": {func(f *forger) { delete(f.files, binder.SubserviceFile); f.listed() }, []string{
			binder.SubserviceFile + " was removed", binder.SubserviceFile + " was frozen and is missing",
		}},
		"a changed file, by an insider": {func(f *forger) {
			was := sum(f.files[january])
			f.edit(january, "ana", "ben")
			f.edit("evidence/CM-01/E-1/item.json", was, sum(f.files[january]))
			f.insider()
		}, []string{"the freeze is not the one in the log"}},
		"a changed seed, by an insider": {func(f *forger) { f.edit(sampled, "7f3c-auditor-2026", "7f3c-auditor-2027"); f.insider() }, []string{"the draw of S-1 from P-1 does not hold", "the freeze is not the one in the log"}},
		"a changed rank, by an insider": {func(f *forger) {
			rank := regexp.MustCompile(`"rank": "([0-9a-f])`).FindStringSubmatch(f.files[sampled])
			f.edit(sampled, rank[0], `"rank": "`+map[bool]string{true: "1", false: "0"}[rank[1] == "0"])
			f.insider()
		}, []string{"has the rank"}},
		"a changed seed of a systematic sample": {func(f *forger) { f.edit("samples/S-2.json", `"s2"`, `"s9"`); f.insider() }, []string{"the draw of S-2 from P-1 does not hold"}},
		"a changed hit of a monetary sample":    {func(f *forger) { f.edit("samples/S-3.json", `"hits": 1`, `"hits": 2`); f.insider() }, []string{"the draw of S-3 from P-1 does not hold"}},
		"an item that the population lacks":     {func(f *forger) { f.edit("samples/S-4.json", "CHG-017", "CHG-999"); f.insider() }, []string{"the draw of S-4 from P-1 does not hold"}},
		"a population with a row less": {func(f *forger) {
			was := f.files["populations/P-1/list.csv"]
			now := strings.Replace(was, "CHG-040,2026-04-12T17:00:00Z,user0,395\n", "", 1)
			f.files["populations/P-1/list.csv"] = now
			f.edit("populations/P-1/population.json", sum(was), sum(now))
			f.insider()
		}, []string{"the list has the digest", "the freeze is not the one in the log"}},
		"a population text of another list": {func(f *forger) { f.edit("populations/P-1/population.txt", "CHG-040", "CHG-041"); f.listed() }, []string{"population.txt is not the file that its document names"}},
		"a stripped checkpoint":             {func(f *forger) { delete(f.files, binder.CheckpointFile) }, []string{"log/checkpoint is missing", "log/checkpoint was removed"}},
		"a foreign checkpoint": {func(f *forger) {
			other, err := tlog.LoadSigner(filepath.Join(f.TempDir(), "x.key"), "assay/test")
			f.must(err)
			c, err := tlog.OpenCheckpoint(before, f.signer.VerifierKey)
			f.must(err)
			f.files[binder.CheckpointFile], err = other.Sign(c)
			f.must(err)
			f.listed()
		}, []string{"log/checkpoint is not signed by the key"}},
		"an earlier checkpoint of the same log": {func(f *forger) {
			f.files[binder.CheckpointFile] = f.past(3)
			f.insider()
		}, []string{"holds", "is not in the log", "says"}},
		"a changed leaf": {func(f *forger) {
			f.edit(binder.LeavesFile, `"verb":"evidence.accept"`, `"verb":"evidence.return"`)
			f.insider()
		}, []string{"is not in the log", "no leaf proves revision"}},
		"a removed leaf": {func(f *forger) {
			_, rest, _ := strings.Cut(f.files[binder.LeavesFile], "\n")
			f.files[binder.LeavesFile] = rest
			f.insider()
		}, []string{"no leaf proves revision"}},
		"no leaves": {func(f *forger) { f.files[binder.LeavesFile] = ""; f.insider() }, []string{"no leaf proves revision", "the leaf of the freeze"}},
		"another log": {func(f *forger) {
			b := []byte(f.files[binder.HashesFile])
			b[40] ^= 1
			f.files[binder.HashesFile] = string(b)
			f.insider()
		}, []string{"the log does not have the root that log/checkpoint was signed over"}},
		"a shorter log": {func(f *forger) { f.files[binder.HashesFile] = f.files[binder.HashesFile][32:]; f.insider() }, []string{"log/hashes.bin holds"}},
		// The key signs any length of the log at any time, so a past that it signed says nothing.
		"a past that nobody saw, by an insider": {func(f *forger) {
			line, err := json.Marshal(map[string]string{"note": f.past(2)})
			f.must(err)
			f.files["log/history.jsonl"] = string(line) + "\n"
			f.entered("log/history.jsonl")
			f.insider()
		}, []string{"log/history.jsonl is no file that a binder has"}},
		"another day of freezing": {func(f *forger) { f.edit(binder.ManifestFile, "2026-07-20T", "2026-07-21T"); f.insider() }, []string{"was frozen at"}},
		"another freeze":          {func(f *forger) { f.edit(binder.FreezeRow, `"documents"`, `"dokuments"`); f.insider() }, []string{"the freeze is not the one in the log"}},
		"another page, by an insider": {func(f *forger) {
			f.edit(binder.Readme, "Evidence binder of this engagement", "Nothing was found")
			f.insider()
		}, []string{binder.Readme + " is not the page that follows from manifest.json"}},
		"other steps, by an insider": {func(f *forger) { f.files[binder.Steps] = "echo ok\n"; f.insider() }, []string{binder.Steps + " is not the script that follows from the samples"}},
		"another period, by an insider": {func(f *forger) {
			f.edit(binder.ManifestFile, `"period":"2026-01-01/`, `"period":"2025-01-01/`)
			f.insider()
		}, []string{
			`manifest.json gives "2025-01-01/`, binder.Readme + " is not the page",
		}},
		"another firm, by an insider":                {func(f *forger) { f.edit(binder.ManifestFile, "Brandt & Okafor", "Brandt & Partner"); f.insider() }, []string{`as the firm, and "Brandt & Okafor" was frozen`}},
		"another person who froze it, by an insider": {func(f *forger) { f.edit(binder.ManifestFile, `"frozen_by":"`, `"frozen_by":"Not `); f.insider() }, []string{"as the person who froze it"}},
		"another uploader, by an insider":            {func(f *forger) { f.edit(binder.ManifestFile, `"uploader":"`, `"uploader":"Not `); f.insider() }, []string{"manifest.json says something else of evidence/"}},
		"another coverage, by an insider": {func(f *forger) {
			f.files[binder.ManifestFile] = regexp.MustCompile(`"covers":"[^"]*"`).ReplaceAllString(f.files[binder.ManifestFile], `"covers":"2026-01-01/2026-12-31"`)
			f.insider()
		}, []string{"manifest.json says something else of evidence/"}},
		"other counts, by an insider": {func(f *forger) { f.edit(binder.ManifestFile, `"findings":1`, `"findings":0`); f.insider() }, []string{"manifest.json counts something else than was frozen"}},
		"another view, by an insider": {func(f *forger) { f.edit(binder.ManifestFile, `"view":"company"`, `"view":"board"`); f.insider() }, []string{`names the view "board"`}},
		"an opinion beside the manifest, by an insider": {func(f *forger) {
			f.files["OPINION.html"] = "Unqualified."
			f.edit(binder.ManifestFile, `"files":[`, `"files":[`+"\n"+`{"path":"OPINION.html","size":0,"sha256":"00"},`)
			f.insider()
		}, []string{"OPINION.html is no file that a binder has"}},
		"a file of the log that none has, by an insider": {func(f *forger) { f.files["log/more.txt"] = "x"; f.insider() }, []string{"log/more.txt is no file that a binder has"}},
		"a name that writes over the terminal": {func(f *forger) {
			f.edit(binder.ManifestFile, `"engagement":"`, `"engagement":"\u001b[2J\u001b[1;1HHolds`)
		}, []string{"that \uFFFD[2J\uFFFD[1;1HHolds"}},
		"a document more":          {func(f *forger) { f.files["findings/F-999.json"] = "{}"; f.insider() }, []string{"findings/F-999.json was added", "findings/F-999.json is no document that was frozen"}},
		"a document less":          {func(f *forger) { delete(f.files, "findings/F-001.json"); f.listed() }, []string{"findings/F-001.json was removed", "findings/F-001.json was frozen and is missing"}},
		"a manifest of the future": {func(f *forger) { f.edit(binder.ManifestFile, binder.Format, "assay-binder/9") }, []string{"which this build does not know"}},
	} {
		f := w.forge(good)
		c.do(f)
		problems := strings.Join(w.verify(f.pack(), nil).Problems, "\n")
		for _, says := range c.says {
			if !strings.Contains(problems, says) {
				t.Errorf("%s: %q is not among\n%s", what, says, problems)
			}
		}
	}
	w.since(good)
}

// since holds the binder against checkpoints that somebody kept.
func (w *world) since(good []byte) {
	w.Helper()
	files := unpacked(w, good)
	at := func(note string) string {
		return strings.Join(w.verify(good, func(o *binder.Options) { o.Since = note }).Problems, "\n")
	}
	own := files[binder.CheckpointFile]
	c, err := tlog.OpenCheckpoint(own, w.signer.VerifierKey)
	w.must(err)
	sign := func(c tlog.Checkpoint) string {
		note, err := w.signer.Sign(c)
		w.must(err)
		return note
	}
	// Of any size that the log ever had the root can be worked out, whether or not a
	// checkpoint of it is in the binder.
	var edge []tlog.Hash
	for n := int64(0); n < c.Size; n++ {
		if n > 0 {
			root := edge[len(edge)-1]
			for _, h := range slices.Backward(edge[:len(edge)-1]) {
				root = tlog.NodeHash(h, root)
			}
			if got := at(sign(tlog.Checkpoint{Origin: c.Origin, Size: n, Root: root})); got != "" {
				w.Fatalf("it does not extend its own first %d leaves: %s", n, got)
			}
			root[3] ^= 1
			if got := at(sign(tlog.Checkpoint{Origin: c.Origin, Size: n, Root: root})); !strings.Contains(got, "the log does not have the root that the checkpoint that was kept was signed over") {
				w.Fatalf("another past of %d leaves is taken for this one: %q", n, got)
			}
		}
		edge, _ = tlog.Grow(edge, n, tlog.Hash([]byte(files[binder.HashesFile])[n*32:n*32+32]))
	}
	if got := at(own); got != "" {
		w.Errorf("its own checkpoint: %s", got)
	}
	later := sign(tlog.Checkpoint{Origin: c.Origin, Size: c.Size + 1, Root: c.Root})
	if got := at(later); !strings.Contains(got, "this binder is older than the checkpoint that was kept") {
		w.Errorf("an older binder passes for a newer one: %q", got)
	}
	if got := at(strings.Replace(own, base64.StdEncoding.EncodeToString(c.Root[:])[:4], "AAAA", 1)); !strings.Contains(got, "the older checkpoint is not signed by the key") {
		w.Errorf("got %q", got)
	}
}
