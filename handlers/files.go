package handlers

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"assay/internal/blob"
	"assay/internal/filetype"
	"assay/internal/preview"
	"assay/models"
	"assay/models/evidence"
	"assay/models/scan"
	"assay/templates/evidences"
	"assay/web"
)

// stored finds a file of an item that the visitor may see. Nothing is ever found by its
// digest: to know that bytes exist is no right to read them.
func (app *App) stored(r *http.Request) (evidence.Item, evidences.FileView, error) {
	var f evidences.FileView
	i, err := read(app, r, func(ctx context.Context, tx *models.Tx) (evidence.Item, error) {
		i, err := evidence.ByCode(ctx, tx, web.Param(r, "item"))
		if err != nil {
			return i, err
		}
		id, err := web.ID(r, "file")
		if err != nil {
			return i, err
		}
		if f.File, err = evidence.FileByID(ctx, tx, i.ID, id); err != nil {
			return i, err
		}
		views, err := app.viewsOf(ctx, tx, f.File)
		if err == nil {
			f = views[0]
		}
		return i, err
	})
	if err != nil || !f.Receipt.Sealed {
		return i, f, err
	}
	return i, f, app.unseal(r, i, f)
}

// unseal leaves a leaf about whoever opens bytes of which there is a redacted copy, or
// refuses.
func (app *App) unseal(r *http.Request, i evidence.Item, f evidences.FileView) error {
	a := web.ActorOf(r)
	if !evidence.MayUnseal(a, i) {
		return models.Forbidden("These bytes are those of an original that is sealed, because there is a redacted copy of it. Their digest is on the page of " + i.Code() + ".")
	}
	return app.DB.Observe(r.Context(), a, "file.unseal", i.Path(), models.Note{"file": f.Name, "digest": f.Digest})
}

// harden marks bytes that somebody uploaded: to be saved, never run or framed, and of no
// use to another site.
func harden(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// fileDownload answers with the bytes as they came, in ranges if asked for.
func (app *App) fileDownload(w http.ResponseWriter, r *http.Request) error {
	_, f, err := app.stored(r)
	if err != nil {
		return err
	}
	body, err := app.bytesOf(r, f)
	if err != nil {
		return err
	}
	defer body.Close()
	kind, err := typeOf(f.Name, body)
	if err != nil {
		return err
	}
	h := w.Header()
	harden(h)
	h.Set("Content-Type", kind.MediaType)
	h.Set("Content-Disposition", filetype.ContentDisposition(f.Name))
	h.Set("ETag", strconv.Quote(f.Digest))
	http.ServeContent(w, r, "", time.Time{}, body)
	return nil
}

// typeOf judges a file again by its name and its first bytes, since the list of what is
// taken may have grown shorter, and leaves it at its beginning. What is no longer on the
// list goes out as plain bytes, without a preview.
func typeOf(name string, body io.ReadSeeker) (filetype.Type, error) {
	head, err := io.ReadAll(io.LimitReader(body, blob.HeadSize))
	if err != nil {
		return filetype.Type{}, err
	}
	if _, err := body.Seek(0, io.SeekStart); err != nil {
		return filetype.Type{}, err
	}
	kind, err := filetype.Of(name, head)
	if err != nil {
		return filetype.Type{Name: "file", MediaType: "application/octet-stream"}, nil //nolint:nilerr // a refusal is an answer here
	}
	return kind, nil
}

// filePreview shows a file as data on a page.
func (app *App) filePreview(w http.ResponseWriter, r *http.Request) error {
	i, f, err := app.stored(r)
	if err != nil {
		return err
	}
	p, err := app.previewOf(r, i, f)
	if err != nil {
		return err
	}
	p.Base = r.URL.Path
	return app.page(w, r, http.StatusOK, evidences.PreviewPage(p))
}

// missingBytes is what a reader is told when the store lost a file.
const missingBytes = "The bytes of this file are missing from the store. Its record and its digest stand. Tell an administrator, who can restore them from a backup."

// bytesOf opens the bytes of f, unless they are malware, or nobody has found them clean
// and the reader is an auditor. That they are missing is no fault of the reader's, who is
// told so in place of the file, and nothing to pass over in the log.
func (app *App) bytesOf(r *http.Request, f evidences.FileView) (io.ReadSeekCloser, error) {
	if f.Receipt.RemovedAt != nil {
		return nil, models.Gone(f.Gone())
	}
	if why := f.Scan.Refusal(web.ActorOf(r), app.Scanning); why != "" {
		return nil, models.Conflict(why)
	}
	body, _, err := app.Blobs.Open(r.Context(), f.Digest)
	if errors.Is(err, blob.ErrNotFound) {
		slog.ErrorContext(r.Context(), "evidence is missing from the store", "file", f.Path(), "digest", f.Digest)
		return nil, models.Conflict(missingBytes)
	}
	if errors.Is(err, blob.ErrUnavailable) {
		return nil, models.Unavailable("The store of evidence does not answer at the moment. Its records can be read; try the file again in a few minutes.", err)
	}
	return body, err
}

// fileScan has a file scanned for malware once more.
func (app *App) fileScan(w http.ResponseWriter, r *http.Request) error {
	i, f, err := app.stored(r)
	if err != nil {
		return err
	}
	if !app.Scanning {
		return models.Conflict("This installation has no malware scanner.")
	}
	_, err = write(app, r, func(ctx context.Context, tx *models.Tx) (evidence.File, error) {
		return f.File, scan.Again(ctx, tx, i.ID, f.Digest)
	})
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", f.Name+" will be scanned again in a moment.")
	return web.SeeOther(w, r, evidences.Href(i))
}

// previewOf reads what a page can show of f. ?from= moves on in a long text.
func (app *App) previewOf(r *http.Request, i evidence.Item, f evidences.FileView) (evidences.Preview, error) {
	p := evidences.Preview{Item: i, File: f.File, Base: "/" + f.Path() + "/preview"}
	body, err := app.bytesOf(r, f)
	var kept *models.Error
	if errors.As(err, &kept) {
		p.Refusal = kept.Message
		return p, nil
	}
	if err != nil {
		return p, err
	}
	defer body.Close()
	if p.Type, err = typeOf(f.Name, body); err != nil {
		return p, err
	}
	switch p.Type.Preview {
	case filetype.PreviewText:
		from, _ := strconv.ParseInt(r.URL.Query().Get("from"), 10, 64) // anything else is the beginning
		p.Text, err = preview.TextAt(body, from)
	case filetype.PreviewJSON:
		p.Text, err = preview.JSON(body)
	case filetype.PreviewCSV:
		p.Table, err = preview.CSV(body)
	case filetype.PreviewXLSX:
		p.Sheet, _ = strconv.Atoi(r.URL.Query().Get("sheet")) // anything else is the first
		p.Table, err = preview.XLSX(r.Context(), body, p.Sheet)
	case filetype.PreviewZIP:
		p.Archive, err = preview.ZIP(body)
	case filetype.PreviewNone:
		p.Refusal = "Files of this kind are not shown here. Download it to open it in a program of yours."
	case filetype.PreviewImage, filetype.PreviewPDF: // the page asks for these itself
	}
	var why preview.Refusal
	if errors.As(err, &why) {
		p.Refusal, err = string(why), nil
	}
	return p, err
}

// filePicture answers with a picture that was drawn again from the uploaded one.
func (app *App) filePicture(w http.ResponseWriter, r *http.Request) error {
	_, f, err := app.stored(r)
	if err != nil {
		return err
	}
	body, err := app.bytesOf(r, f)
	if err != nil {
		return err
	}
	defer body.Close()
	kind, err := typeOf(f.Name, body)
	if err != nil {
		return err
	}
	if kind.Preview != filetype.PreviewImage {
		return models.NotFound("Picture")
	}
	picture, err := preview.Image(r.Context(), body)
	var why preview.Refusal
	if errors.As(err, &why) {
		return models.Conflict(string(why))
	}
	if err != nil {
		return err
	}
	harden(w.Header())
	w.Header().Set("Content-Type", "image/png")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(picture))
	return nil
}
