package evidence

import (
	"context"
	"fmt"
	"strings"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
)

// MaxFiles is how many files one item holds.
const MaxFiles = 50

// Index finds items by their words.
const Index = models.SearchIndex("evidence")

// An Upload is a file whose bytes the blob store has acknowledged.
type Upload struct {
	Name   string // cleaned
	Digest string
	Size   int64
	// Version is the store's, "" where it keeps one.
	Version string
}

// A Parcel is what arrived with one form.
type Parcel struct {
	ControlID int64
	Key       string // the form's; the same one again is a Conflict
	Details   Details
	Files     []Upload
}

// Store keeps files that have just arrived as an item nobody reviews yet, so that they
// are not lost when what is said about them has to be corrected. Details are kept as far
// as they make sense and judged by Submit. A control or a predecessor that the actor may
// not see is not found; no file at all is Invalid.
func Store(ctx context.Context, tx *models.Tx, p Parcel) (Item, error) {
	if !tx.Actor.Can(access.EvidenceSubmit) {
		return Item{}, models.Forbidden("Evidence is uploaded by control owners and compliance managers.")
	}
	c, err := control.ByID(ctx, tx, p.ControlID)
	if err != nil {
		return Item{}, err
	}
	if len(p.Files) == 0 {
		return Item{}, models.Invalid(map[string]string{"files": "Choose at least one file."})
	}
	if _, err := ByFormKey(ctx, tx, p.Key); models.KindOf(err) != models.KindNotFound {
		if err == nil {
			err = models.Conflict("This form was already sent, and its files are kept.")
		}
		return Item{}, err
	}
	i := Item{
		ControlID: c.ID, Details: p.Details, Status: Stored, FormKey: p.Key,
		UploadedBy: tx.Actor.ID, UploadedAt: tx.Now,
	}
	if i.Title == "" {
		i.Title = p.Files[0].Name
	}
	if err := replaceable(ctx, tx, i); err != nil {
		i.SupersedesID = nil // what is wrong with it can still be said when it is submitted
	}
	if err := models.Insert(ctx, tx, &i, "evidence.store", models.Note{"control": c.Code, "title": i.Title}); err != nil {
		return Item{}, err
	}
	return i, addFiles(ctx, tx, i, c, p.Files)
}

// AddFiles adds files to an item of the actor's that is stored or returned. A file that
// is already there under the same name is not added again; when none is new, that is a
// Conflict.
func AddFiles(ctx context.Context, tx *models.Tx, id int64, files []Upload) (Item, error) {
	i, c, err := openItem(ctx, tx, id)
	if err != nil {
		return Item{}, err
	}
	return i, addFiles(ctx, tx, i, c, files)
}

// Amend changes what is said about an item of the actor's that is stored or returned. It
// judges nothing; Submit does.
func Amend(ctx context.Context, tx *models.Tx, id, rev int64, d Details) (Item, error) {
	i, c, err := openItem(ctx, tx, id)
	if err != nil {
		return Item{}, err
	}
	title := i.Title
	i.Rev, i.Details = rev, d
	if i.Title == "" {
		i.Title = title
	}
	if err := replaceable(ctx, tx, i); models.KindOf(err) != models.Internal {
		return Item{}, models.Invalid(map[string]string{"supersedes": err.Error()})
	} else if err != nil {
		return Item{}, err
	}
	if err := models.Update(ctx, tx, &i, detailColumns, "evidence.amend"); err != nil {
		return Item{}, err
	}
	return i, index(ctx, tx, i, c)
}

// openItem is an item that the actor uploaded and may still change. Only the uploader
// may: whoever adds to an item has a part in it, and must not decide on it.
func openItem(ctx context.Context, tx *models.Tx, id int64) (Item, control.Control, error) {
	i, err := ByID(ctx, tx, id)
	if err != nil {
		return i, control.Control{}, err
	}
	switch {
	case i.UploadedBy != tx.Actor.ID:
		return i, control.Control{}, models.Forbidden("Only the person who uploaded this can change it. You can upload evidence of your own.")
	case !i.Status.Open():
		return i, control.Control{}, models.Conflict("This was submitted and cannot be changed any more. A newer item can replace it.")
	}
	c, err := control.ByID(ctx, tx, i.ControlID)
	return i, c, err
}

func addFiles(ctx context.Context, tx *models.Tx, i Item, c control.Control, uploads []Upload) error {
	old, err := FilesOf(ctx, tx, i.ID)
	if err != nil {
		return err
	}
	type same struct{ digest, name string }
	seen := map[same]bool{}
	for _, f := range old {
		seen[same{f.Digest, f.Name}] = true
	}
	var files []*File
	for _, u := range uploads {
		if key := (same{u.Digest, u.Name}); !seen[key] {
			seen[key] = true
			files = append(files, &File{
				EvidenceID: i.ID, Digest: u.Digest, Name: u.Name, Size: u.Size, Version: u.Version, AddedBy: tx.Actor.ID, AddedAt: tx.Now,
			})
		}
	}
	if len(files) == 0 {
		return models.Conflict("These files are already part of this item.")
	}
	if len(old)+len(files) > MaxFiles {
		return models.Invalid(map[string]string{"files": fmt.Sprintf("One item holds at most %d files. Pack them as ZIP, or make a second item.", MaxFiles)})
	}
	if err := models.InsertAll(ctx, tx, files, "evidence.file"); err != nil {
		return err
	}
	return index(ctx, tx, i, c)
}

// index makes i findable by its own words, its control's and its files' names.
func index(ctx context.Context, tx *models.Tx, i Item, c control.Control) error {
	files, err := FilesOf(ctx, tx, i.ID)
	if err != nil {
		return err
	}
	texts := []string{i.Code(), i.Title, KindLabel(i.Kind), i.Source, i.Location, i.Description, c.Code, c.Title}
	for _, f := range files {
		texts = append(texts, f.Name, strings.TrimSuffix(f.Digest, f.Digest[12:]))
	}
	return Index.Put(ctx, tx, i.ID, texts...)
}
