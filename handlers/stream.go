package handlers

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/url"

	"assay/internal/blob"
	"assay/internal/filetype"
	"assay/internal/preview"
	"assay/models"
	"assay/models/evidence"
	"assay/models/upload"
	"assay/templates/evidences"
	"assay/web"
)

// What the small fields of an upload may hold in all, and how many there may be.
const (
	fieldBytes = 64 << 10
	fieldCount = 40
)

// A parcel is what one form with files brought.
type parcel struct {
	fields  url.Values
	files   []evidence.Upload
	refused []evidences.Refused
	room    evidence.Room
	taken   []string // uploads that came in parts before and are among the files now
	trouble int      // HTTP status of a store that is full or away, 0 when it is neither
}

// answer is the status of the form that goes back with what is wrong: the store's trouble
// before the reader's.
func (p parcel) answer(problem error) int {
	switch {
	case p.trouble != 0:
		return p.trouble
	case problem == nil: // only files were refused
		return http.StatusUnprocessableEntity
	}
	return web.Status(problem)
}

// receive reads a form whose small fields come before its files, and streams each file
// into the blob store as it arrives: an upload holds a few buffers and no transaction.
// A file that cannot be taken is noted, and the others are kept. ready is asked once,
// before the first file; when it refuses, no file is stored.
//
// ParseMultipartForm, and anything that calls FormValue, would read all of it into memory
// and temporary files first.
func (app *App) receive(w http.ResponseWriter, r *http.Request, ready func(url.Values) error) (parcel, error) {
	p := parcel{fields: url.Values{}}
	// The reader of forms asks for 4 KiB at a time, which would be a system call each.
	paced := web.UploadPace.Body(w, r.Body)
	r.Body = struct {
		io.Reader
		io.Closer
	}{bufio.NewReaderSize(paced, 64<<10), paced}
	form, err := r.MultipartReader()
	if err != nil {
		return p, models.Invalid(map[string]string{"files": "This form came without its files. Choose them and send it again."})
	}
	asked, left := false, int64(fieldBytes)
	for {
		part, err := form.NextPart()
		if err == io.EOF { //nolint:errorlint // a wrapped one is a body that ends too early
			break
		}
		if err != nil {
			return p, cutShort(err)
		}
		switch {
		case part.FileName() == "" && part.FormName() == "files": // a file field left empty
		case part.FileName() == "" && asked:
			return p, refuseAll(r, models.Invalid(map[string]string{"files": "The files came before the rest of the form, so they were not read. Load the page again and send them from there."}))
		case part.FileName() == "":
			if left, err = p.field(part, left); err != nil {
				return p, refuseAll(r, err)
			}
		default:
			if !asked {
				asked = true
				leave, err := app.sendTurn(r)
				if err == nil {
					defer leave()
					err = ready(p.fields)
				}
				if err == nil {
					p.room, err = app.room(r)
				}
				if err != nil {
					return p, refuseAll(r, err)
				}
			}
			if err := app.takeFile(r, &p, part); err != nil {
				return p, err
			}
		}
	}
	if !asked {
		if err := ready(p.fields); err != nil {
			return p, err
		}
	}
	return p, app.takeArrived(r, &p)
}

// takeArrived adds the files that came in parts before the form did. They are the
// visitor's own, whatever the form says.
func (app *App) takeArrived(r *http.Request, p *parcel) error {
	ids := p.fields["upload"]
	if len(ids) > evidence.MaxFiles {
		ids = ids[:evidence.MaxFiles]
	}
	arrived, err := read(app, r, func(ctx context.Context, tx *models.Tx) ([]upload.Upload, error) {
		return upload.ByIDs(ctx, tx, ids)
	})
	if err != nil {
		return err
	}
	for _, u := range arrived {
		if err := app.takeWhole(r, p, u); err != nil {
			return err
		}
	}
	return nil
}

// takeWhole takes one file that has arrived, once its bytes are what its name says.
func (app *App) takeWhole(r *http.Request, p *parcel, u upload.Upload) error {
	if p.full() {
		p.refuse(u.Name, tooMany)
		return nil // it waits for another form
	}
	body, info, err := app.Blobs.Open(r.Context(), u.Digest)
	switch {
	case errors.Is(err, blob.ErrUnavailable):
		p.trouble = http.StatusServiceUnavailable
		p.refuse(u.Name, "It has arrived and is safe, but the store of evidence does not answer at the moment. Send the form again in a few minutes.")
		return nil
	case errors.Is(err, blob.ErrNotFound):
		return models.Conflict(missingBytes)
	case err != nil:
		return err
	}
	defer body.Close()
	head, err := io.ReadAll(io.LimitReader(body, blob.HeadSize))
	if err != nil {
		return err
	}
	p.taken = append(p.taken, u.ID)
	if why, err := unsafeArchive(head, body); why != "" || err != nil {
		p.refuse(u.Name, why)
		return err
	}
	return p.add(evidence.Upload{Name: u.Name, Digest: u.Digest, Size: u.Size, Version: info.Version}, head)
}

// unsafeArchive says why an archive is not taken, "" for one that is and for all that is
// no archive. It reads the table of contents, and unpacks nothing.
func unsafeArchive(head []byte, body io.ReadSeeker) (why string, err error) {
	if !filetype.Packed(head) {
		return "", nil
	}
	var refusal preview.Refusal
	if err = preview.Safe(body); errors.As(err, &refusal) {
		return string(refusal), nil
	}
	return "", err
}

// unsafeBlob is unsafeArchive for what was just stored.
func (app *App) unsafeBlob(ctx context.Context, digest string, head []byte) (why string, err error) {
	if !filetype.Packed(head) {
		return "", nil
	}
	body, _, err := app.Blobs.Open(ctx, digest)
	if err != nil {
		return "", err
	}
	defer body.Close()
	return unsafeArchive(head, body)
}

// add takes a stored file, unless it is not what its name says.
func (p *parcel) add(u evidence.Upload, head []byte) error {
	if _, err := filetype.Of(u.Name, head); err != nil {
		var why filetype.Refusal
		if !errors.As(err, &why) {
			return err
		}
		p.refuse(u.Name, string(why))
		return nil
	}
	p.files = append(p.files, u)
	return nil
}

func (p *parcel) full() bool { return len(p.files)+len(p.refused) >= evidence.MaxFiles }

var tooMany = fmt.Sprintf("One item holds at most %d files.", evidence.MaxFiles)

// cutShort answers a form that ends before its end, or is none. Of it nothing is kept.
func cutShort(err error) error {
	return &models.Error{
		Kind: models.KindInvalid, Message: "The upload was cut short.", Err: err,
		Fields: map[string]string{"files": "The upload was cut short, so none of it was kept. Choose the files and send them again."},
	}
}

// refuseAll reads what is still on its way, within the limit of the route, before the
// form goes back: a browser that is cut off while it sends shows a broken connection in
// place of the answer.
func refuseAll(r *http.Request, why error) error {
	_, _ = io.Copy(io.Discard, r.Body) // the answer is the same when the sender stops half way
	return why
}

// field keeps one small field and returns how many bytes are left for the others.
func (p *parcel) field(part *multipart.Part, left int64) (int64, error) {
	b, err := io.ReadAll(io.LimitReader(part, left+1))
	if err != nil {
		return 0, cutShort(err)
	}
	if int64(len(b)) > left || len(p.fields) >= fieldCount {
		return 0, models.Invalid(map[string]string{"": "The text in this form is too long. Shorten it and send it again."})
	}
	p.fields.Add(part.FormName(), cut(string(b), len(b)))
	return left - int64(len(b)), nil
}

// takeFile stores one file, or notes why it was not taken.
func (app *App) takeFile(r *http.Request, p *parcel, part *multipart.Part) error {
	name := filetype.CleanName(part.FileName())
	if p.full() {
		p.refuse(name, tooMany)
		return nil
	}
	if why := p.room.Refusal(); why != "" {
		p.refuse(name, why)
		return nil
	}
	if p.trouble == http.StatusServiceUnavailable { // each file would wait for it again
		p.refuse(name, noStore)
		return nil
	}
	body := bufio.NewReaderSize(part, blob.HeadSize)
	head, _ := body.Peek(blob.HeadSize) // how it ends, Put finds out
	var why filetype.Refusal
	if _, err := filetype.Of(name, head); len(head) > 0 && errors.As(err, &why) {
		p.refuse(name, string(why)) // before a byte of it is stored
		return nil
	}
	b, err := app.Blobs.Put(r.Context(), body, min(app.MaxFile, p.room.Bytes))
	switch {
	case errors.Is(err, blob.ErrTooLarge) && p.room.Bytes < app.MaxFile:
		p.refuse(name, evidence.NoRoom)
		return nil
	case errors.Is(err, blob.ErrTooLarge):
		p.refuse(name, app.tooLarge())
		return nil
	case errors.Is(err, blob.ErrFull):
		p.trouble = http.StatusInsufficientStorage
		p.refuse(name, noRoom)
		return nil
	case errors.Is(err, blob.ErrUnavailable):
		slog.ErrorContext(r.Context(), "upload", "err", err)
		p.trouble = http.StatusServiceUnavailable
		p.refuse(name, noStore)
		return nil
	case errors.Is(err, io.ErrUnexpectedEOF):
		return cutShort(err)
	case err != nil:
		return err
	}
	if why, err := app.unsafeBlob(r.Context(), b.Digest, b.Head); why != "" || err != nil {
		p.refuse(name, why)
		return err
	}
	if err := p.add(evidence.Upload{Name: name, Digest: b.Digest, Size: b.Size, Version: b.Version}, b.Head); err != nil {
		return err
	}
	p.room.Take(b.Size)
	return nil
}

func (p *parcel) refuse(name, why string) {
	p.refused = append(p.refused, evidences.Refused{Name: name, Why: why})
}
