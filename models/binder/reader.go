package binder

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"

	"assay/internal/binder"
	"assay/internal/tlog"
	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
	"assay/models/freeze"
	"assay/models/scan"
)

// atOnce is how many documents, leaves or files one query asks for.
const atOnce = 400

// A reader gathers what a binder is made of. It holds no transaction: all it reads never
// changes.
type reader struct {
	maker      Maker
	actor      access.Actor
	ctx        context.Context //nolint:containedctx // it lives as long as one export
	engagement engagement.Engagement
	freeze     freeze.Freeze
	by         string
	leaf       int64  // of the freeze
	made       Made   // when it was made first, if it was
	key        string // that checks its signatures
	checkpoint models.Checkpoint
	documents  []freeze.Document // those of the view, in the order of their paths
	place      map[string]int    // in documents, by path
	shelf      map[string]string // documents that were read ahead
	texts      map[string]string // small files that are made here
	files      []binder.File
	records    map[string][]binder.Record // by the address that their leaves name
	leaves     []int64
	draws      []binder.DrawSteps
	texted     map[string]string // population code to the path of its text
	asked      map[string]string // evidence to the first request that it answers
}

func (r *reader) read(f func(tx *models.Tx) error) error { return r.maker.DB.Read(r.ctx, r.actor, f) }

// begin finds the freeze, its documents and the checkpoint.
func (r *reader) begin(tx *models.Tx) error {
	var ok bool
	var err error
	if r.freeze, ok, err = freeze.Of(r.ctx, tx, r.engagement.ID); err != nil {
		return err
	}
	if !ok {
		return models.Conflict("The binder is made from what is frozen when fieldwork ends, and this engagement is in state " + r.engagement.Status.Label() + ".")
	}
	if r.maker.Sign == nil {
		return models.Conflict("This installation has no signing key, so it makes no binders.")
	}
	if r.by, err = frozenBy(r.ctx, tx, r.freeze); err != nil {
		return err
	}
	if r.made, _, err = LastMade(r.ctx, tx, r.engagement.ID); err != nil {
		return err
	}
	r.key = r.made.Key(r.maker.Key)
	if r.leaf, r.checkpoint, ok, err = Checkpoint(r.ctx, tx, r.freeze, r.key); err != nil {
		return err
	}
	if !ok {
		return r.unsigned(tx)
	}
	all, err := freeze.Index(r.ctx, tx, r.engagement.ID)
	r.place, r.shelf, r.records = map[string]int{}, map[string]string{}, map[string][]binder.Record{}
	r.texted, r.asked = map[string]string{}, map[string]string{}
	for _, d := range all {
		if !d.Private || ViewOf(r.actor) == binder.FirmView {
			r.place[d.Path] = len(r.documents)
			r.documents = append(r.documents, d)
		}
	}
	return err
}

// unsigned says why no checkpoint over the freeze is there.
func (r *reader) unsigned(tx *models.Tx) error {
	last, err := tx.LastCheckpoint(r.ctx)
	switch {
	case err != nil:
		return err
	case last.Size > r.leaf && last.VerifierKey != r.key:
		return models.Unavailable("The log has another signing key since this engagement was frozen, and nothing was signed with it over the freeze yet. That comes with the next change of the log; then the binder can be made.", nil)
	}
	return models.Unavailable("The log is signed every few seconds, and the freeze is not under a signature yet. Try again in a moment.", nil)
}

// sign signs a binder once. Whoever makes it again, under another key perhaps, gives the
// signature that was kept, if it is over this one.
func (r *reader) sign(text string) (string, error) {
	if r.made.Signature == "" {
		return r.maker.Sign(text)
	}
	if over, err := tlog.OpenText(r.made.Signature, r.key); err != nil || over != text {
		return "", fmt.Errorf("%w: the signature that was kept is over another manifest than %q", ErrDiffers, text)
	}
	return r.made.Signature, nil
}

// contents reads every document once, for what it says of files and records.
func (r *reader) contents() (binder.Contents, error) {
	for _, d := range r.documents {
		body, err := r.body(d.Path)
		if err == nil {
			err = r.document(d, body)
		}
		if err != nil {
			return binder.Contents{}, fmt.Errorf("%s: %w", d.Path, err)
		}
	}
	for i, f := range r.files {
		if f.Evidence != "" {
			r.files[i].Request = r.asked[f.Evidence]
		}
	}
	if err := r.own(); err != nil {
		return binder.Contents{}, err
	}
	if err := r.available(); err != nil {
		return binder.Contents{}, err
	}
	if err := r.findLeaves(); err != nil {
		return binder.Contents{}, err
	}
	manifest, err := r.manifest()
	if err != nil {
		return binder.Contents{}, err
	}
	return binder.Contents{
		Manifest: manifest, Files: r.files, Open: r.open, Draws: r.draws, Sign: r.sign,
		Log: binder.Log{Checkpoint: r.checkpoint.Signed, Hashes: r.hashes, Leaves: r.leafData},
	}, nil
}

// manifest says of the engagement what was frozen of it: its name can change later.
func (r *reader) manifest() (binder.Manifest, error) {
	m := binder.Manifest{
		View: ViewOf(r.actor), FrozenAt: r.freeze.FrozenAt.UTC(), FrozenBy: r.by, Freeze: r.freeze.Digest, Leaf: r.leaf, Key: r.key,
		Counts: r.freeze.Counts.V.Map(),
	}
	body, err := r.body(binder.EngagementFile)
	if err != nil {
		return m, err
	}
	var e binder.Engagement
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		return m, err
	}
	m.Describe(e)
	return m, nil
}

// body is what a document says. Those that come next are read ahead, since a binder goes
// through them in their order.
func (r *reader) body(path string) (string, error) {
	if body, ok := r.shelf[path]; ok {
		delete(r.shelf, path)
		return body, nil
	}
	at := r.place[path]
	next := r.documents[at:min(at+atOnce, len(r.documents))]
	places := make([]int, len(next))
	for i, d := range next {
		places[i] = d.Place
	}
	clear(r.shelf)
	err := r.read(func(tx *models.Tx) error {
		found, err := freeze.Bodies(r.ctx, tx, r.engagement.ID, places)
		for _, d := range next {
			r.shelf[d.Path] = found[d.Place]
		}
		return err
	})
	body := r.shelf[path]
	delete(r.shelf, path)
	return body, err
}

func (r *reader) document(d freeze.Document, body string) error {
	if sum(body) != d.Digest {
		return binder.ErrAltered
	}
	var records struct {
		Records []binder.Record `json:"records"`
	}
	if err := json.Unmarshal([]byte(body), &records); err != nil {
		return err
	}
	for _, x := range records.Records {
		r.records[x.About] = append(r.records[x.About], x)
	}
	said, err := binder.Describe(d.Path, []byte(body))
	if err != nil {
		return err
	}
	file := said.Document
	file.Size, file.SHA256 = int64(len(body)), d.Digest
	switch kind, _, _ := strings.Cut(d.Path, "/"); kind {
	case "populations":
		err = r.population(body, said.Stored)
	case "samples":
		err = r.sample(body)
	}
	for _, e := range said.Answers { // the first request that it answers
		if r.asked[e] == "" {
			r.asked[e] = file.Request
		}
	}
	r.files = append(append(r.files, said.Stored...), file)
	return err
}

// population finds out how long the files of a population are.
func (r *reader) population(body string, stored []binder.File) error {
	var p binder.Population
	if err := json.Unmarshal([]byte(body), &p); err != nil {
		return err
	}
	r.texted[p.Code] = p.Text.Path
	for i, f := range stored {
		body, size, err := r.maker.Open(r.ctx, f.SHA256)
		if err != nil {
			return err
		}
		_ = body.Close() // nothing was read
		stored[i].Size = size
	}
	return nil
}

// sample adds the steps of a shell.
func (r *reader) sample(body string) error {
	var s binder.Sample
	if err := json.Unmarshal([]byte(body), &s); err != nil {
		return err
	}
	if steps, ok := Steps(s, r.texted[s.Population]); ok {
		r.draws = append(r.draws, steps)
	}
	return nil
}

// own adds the lists of documents and the row that answers for them.
func (r *reader) own() error {
	row, err := models.RowText(r.ctx, &r.freeze)
	if err != nil {
		return err
	}
	r.texts = map[string]string{binder.FreezeRow: string(row), binder.FreezeList: freeze.List(r.documents, false)}
	if sum(r.texts[binder.FreezeList]) != r.freeze.Digest {
		return fmt.Errorf("the documents of %s: %w", r.engagement.Slug, binder.ErrAltered)
	}
	if private := freeze.List(r.documents, true); private != "" {
		r.texts[binder.PrivateList] = private
	}
	for path, text := range r.texts {
		r.files = append(r.files, binder.File{Path: path, Size: int64(len(text)), SHA256: sum(text)})
	}
	r.records[r.freeze.Path()] = append(r.records[r.freeze.Path()], binder.Record{Table: r.freeze.TableName(), ID: r.freeze.ID, Rev: r.freeze.Rev, About: r.freeze.Path()})
	return nil
}

func sum(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

// available refuses a binder whose bytes were removed since, or must not go out.
func (r *reader) available() error {
	var digests []string
	items := map[string]string{}
	for _, f := range r.files {
		if f.Evidence != "" && !strings.HasSuffix(f.Path, "/item.json") {
			digests = append(digests, f.SHA256)
			items[f.SHA256] = f.Evidence
		}
	}
	slices.Sort(digests)
	for part := range slices.Chunk(slices.Compact(digests), atOnce) {
		err := r.read(func(tx *models.Tx) error { return r.sound(tx, part, items) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) sound(tx *models.Tx, digests []string, items map[string]string) error {
	type row struct{ Digest string }
	there, err := models.Raw[row](r.ctx, tx, "SELECT DISTINCT digest FROM evidence_files WHERE digest IN ? AND removal_id IS NULL", digests)
	if err != nil {
		return err
	}
	kept := map[string]bool{}
	for _, t := range there {
		kept[t.Digest] = true
	}
	scans, err := scan.Of(r.ctx, tx, digests...)
	if err != nil {
		return err
	}
	for _, digest := range digests {
		switch v := scans[digest].Verdict; {
		case !kept[digest]:
			return models.Gone("The bytes of a file of " + items[digest] + " were removed under the retention terms, so the binder cannot be made any more. Whoever has it can still verify it.")
		case v == scan.Infected:
			return models.Conflict("A file of " + items[digest] + " was found to be malware after the freeze, so the binder is not handed out. The freeze and its digests stand.")
		case v != scan.Clean && r.maker.Scanning:
			return models.Conflict("A file of " + items[digest] + " was not found clean yet. The binder can be made once every file was scanned.")
		}
	}
	return nil
}

// findLeaves finds the leaf of each record at the revision that was frozen. A leaf about
// anything else is not looked at.
func (r *reader) findLeaves() error {
	about := slices.Sorted(maps.Keys(r.records))
	for part := range slices.Chunk(about, atOnce) {
		err := r.read(func(tx *models.Tx) error {
			rows, err := models.Raw[models.LogLeaf](r.ctx, tx, "SELECT seq, about, entity, entity_id, entity_rev FROM log_leaves WHERE about IN ? AND entity <> '' AND seq < ?", part, r.checkpoint.Size)
			for _, l := range rows {
				if slices.Contains(r.records[l.About], binder.Record{Table: l.Entity, ID: l.EntityID, Rev: l.EntityRev, About: l.About}) {
					r.leaves = append(r.leaves, l.Seq)
				}
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	slices.Sort(r.leaves)
	r.records = nil
	return nil
}

// hashes goes through the hash of every leaf under the checkpoint.
func (r *reader) hashes(ctx context.Context) iter.Seq2[tlog.Hash, error] {
	const group = 8192
	return func(yield func(tlog.Hash, error) bool) {
		for from := int64(0); from < r.checkpoint.Size; from += group {
			var list []tlog.Hash
			err := r.maker.DB.Read(ctx, r.actor, func(tx *models.Tx) (err error) {
				list, err = tx.LeafHashes(ctx, from, min(from+group, r.checkpoint.Size))
				return err
			})
			if err != nil {
				yield(tlog.Hash{}, err)
				return
			}
			for _, h := range list {
				if !yield(h, nil) {
					return
				}
			}
		}
	}
}

func (r *reader) leafData(ctx context.Context) iter.Seq2[binder.Leaf, error] {
	return func(yield func(binder.Leaf, error) bool) {
		for part := range slices.Chunk(r.leaves, atOnce) {
			var list []models.LogLeaf
			err := r.maker.DB.Read(ctx, r.actor, func(tx *models.Tx) (err error) {
				list, err = models.Rows[models.LogLeaf](tx).Where("seq IN ?", part).Order("seq").Find(ctx)
				return err
			})
			if err != nil {
				yield(binder.Leaf{}, err)
				return
			}
			for _, l := range list {
				if !yield(binder.Leaf{Index: l.Seq, Data: l.Leaf().Bytes()}, nil) {
					return
				}
			}
		}
	}
}

// open reads one file of the binder: a document, a small text, or stored bytes.
func (r *reader) open(ctx context.Context, f binder.File) (io.ReadCloser, error) {
	if text, ok := r.texts[f.Path]; ok {
		return io.NopCloser(strings.NewReader(text)), nil
	}
	if _, ok := r.place[f.Path]; ok {
		body, err := r.body(f.Path)
		return io.NopCloser(strings.NewReader(body)), err
	}
	body, _, err := r.maker.Open(ctx, f.SHA256)
	return body, err
}
