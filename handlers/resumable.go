package handlers

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"assay/internal/blob"
	"assay/internal/filetype"
	"assay/models"
	"assay/models/evidence"
	"assay/models/upload"
	"assay/templates/ui"
	"assay/web"
)

// Files come in parts by the tus protocol, version 1.0.0, with its extensions creation,
// expiration and termination (https://tus.io/protocols/resumable-upload). Any replica
// takes any part: what has arrived is in the database and the blob store, and of two
// senders at the same place one gets a Conflict.
const (
	tusVersion = "1.0.0"
	tusBytes   = "application/offset+octet-stream"

	// PartSize is what the page's own sender sends at a time, and how often a longer body
	// is made durable.
	PartSize = 8 << 20
)

// tus wraps a handler of the protocol: it speaks the version and answers refusals as a
// sentence of plain text, which the page's sender shows.
func (app *App) tus(do web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Tus-Resumable", tusVersion)
		if v := r.Header.Get("Tus-Resumable"); v != tusVersion && r.Method != http.MethodOptions {
			w.Header().Set("Tus-Version", tusVersion)
			return said(w, http.StatusPreconditionFailed, "This address speaks tus "+tusVersion+".")
		}
		err := do(w, r)
		var e *models.Error
		switch {
		case errors.As(err, &e) && len(e.Fields) == 0:
			return said(w, web.Status(err), e.Message)
		case errors.As(err, &e):
			return said(w, web.Status(err), e.Fields["files"])
		case errors.Is(err, blob.ErrFull):
			return said(w, http.StatusInsufficientStorage, noRoom)
		case errors.Is(err, blob.ErrUnavailable):
			slog.ErrorContext(r.Context(), "upload", "err", err)
			return said(w, http.StatusServiceUnavailable, noStore)
		}
		return err
	}
}

// noStore is said while the store of files is away.
const noStore = "The store of evidence does not answer at the moment, so this was not kept. What was stored before is safe. Send it again in a few minutes."

const noRoom = "There is no room left to store files. An administrator has to make some; what was stored before is safe."

func said(w http.ResponseWriter, code int, sentence string) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	_, err := io.WriteString(w, sentence)
	return err
}

func (app *App) uploadOptions(w http.ResponseWriter, _ *http.Request) error {
	h := w.Header()
	h.Set("Tus-Version", tusVersion)
	h.Set("Tus-Extension", "creation,expiration,termination")
	h.Set("Tus-Max-Size", strconv.FormatInt(app.MaxFile, 10))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// uploadBegin makes room for a file, or says before its bytes travel why it will not be
// taken.
func (app *App) uploadBegin(w http.ResponseWriter, r *http.Request) error {
	u, err := announced(r)
	switch {
	case err != nil:
		return err
	case u.Size > app.MaxFile:
		return said(w, http.StatusRequestEntityTooLarge, app.tooLarge())
	}
	if err := filetype.Named(u.Name); err != nil {
		return said(w, http.StatusUnprocessableEntity, err.Error())
	}
	if err := app.roomFor(r, u); err != nil {
		return err
	}
	err = app.DB.Bookkeep(r.Context(), func(tx *models.Tx) error {
		u, err = upload.Begin(r.Context(), tx, u)
		return err
	})
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/uploads/"+u.ID)
	uploadHeaders(w.Header(), u)
	w.WriteHeader(http.StatusCreated)
	return nil
}

// roomFor refuses what the form would refuse later, counting what is on its way already.
func (app *App) roomFor(r *http.Request, u upload.Upload) error {
	room, err := app.room(r)
	if err != nil {
		return err
	}
	waiting, err := read(app, r, upload.Waiting)
	if err != nil {
		return err
	}
	room.Files, room.Bytes = room.Files-waiting.Files, room.Bytes-waiting.Bytes
	switch why := room.Refusal(); {
	case why != "":
		return models.Conflict(why)
	case u.Size > room.Bytes:
		return models.Conflict(evidence.NoRoom)
	}
	return nil
}

func (app *App) tooLarge() string {
	return "It is larger than " + ui.Limit(app.MaxFile) + ". Split it or leave out what nobody needs."
}

var digestText = regexp.MustCompile(`^[0-9a-f]{64}$`)

// announced reads what the sender says of a file.
func announced(r *http.Request) (upload.Upload, error) {
	size, err := strconv.ParseInt(r.Header.Get("Upload-Length"), 10, 64)
	if err != nil || size < 0 {
		return upload.Upload{}, refuseFile("The size of the file is missing.")
	}
	if size == 0 {
		return upload.Upload{}, refuseFile("The file is empty. Check the export that made it and send it again.")
	}
	meta, err := tusMetadata(r.Header.Get("Upload-Metadata"))
	if err != nil || len(meta["about"]) > 100 {
		return upload.Upload{}, refuseFile("What was said about the file cannot be read.")
	}
	u := upload.Upload{PersonID: web.ActorOf(r).ID, About: meta["about"], Name: filetype.CleanName(meta["filename"]), Size: size}
	u.Modified, _ = strconv.ParseInt(meta["modified"], 10, 64) // anything else is not said
	if digestText.MatchString(meta["sha256"]) {
		u.Said = meta["sha256"]
	}
	return u, nil
}

func refuseFile(why string) error { return models.Invalid(map[string]string{"files": why}) }

// tusMetadata reads "key base64,key base64".
func tusMetadata(header string) (map[string]string, error) {
	out := map[string]string{}
	for pair := range strings.SplitSeq(header, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(pair), " ")
		text, err := base64.StdEncoding.DecodeString(strings.TrimSpace(value))
		if err != nil {
			return nil, err
		}
		out[key] = strings.ReplaceAll(strings.ToValidUTF8(string(text), ""), "\x00", "")
	}
	return out, nil
}

// uploadHeaders says how far u has come.
func uploadHeaders(h http.Header, u upload.Upload) {
	h.Set("Upload-Offset", strconv.FormatInt(u.Received, 10))
	h.Set("Upload-Length", strconv.FormatInt(u.Size, 10))
	h.Set("Upload-Expires", u.Expires().UTC().Format(http.TimeFormat))
	h.Set("Cache-Control", "no-store")
}

func (app *App) uploadNamed(r *http.Request) (upload.Upload, error) {
	return read(app, r, func(ctx context.Context, tx *models.Tx) (upload.Upload, error) {
		return upload.ByID(ctx, tx, web.Param(r, "upload"))
	})
}

// uploadState answers HEAD as the protocol has it, and GET with what a page shows of a
// file that has arrived.
func (app *App) uploadState(w http.ResponseWriter, r *http.Request) error {
	u, err := app.uploadNamed(r)
	if err != nil {
		return err
	}
	uploadHeaders(w.Header(), u)
	if r.Method == http.MethodHead {
		return nil
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(map[string]any{
		"name": u.Name, "size": u.Size, "offset": u.Received, "digest": u.Digest, "at": u.TouchedAt.UTC().Format("15:04:05") + " UTC",
	})
}

// uploadPatch takes the bytes that follow what is there. A body that ends too early is no
// failure: what came of it is kept.
func (app *App) uploadPatch(w http.ResponseWriter, r *http.Request) error {
	a, err := read(app, r, func(ctx context.Context, tx *models.Tx) (a arriving, err error) {
		if a.Upload, err = upload.ByID(ctx, tx, web.Param(r, "upload")); err == nil {
			a.parts, err = upload.PartsOf(ctx, tx, a.Upload)
		}
		return a, err
	})
	if err != nil {
		return err
	}
	offset, err := strconv.ParseInt(r.Header.Get("Upload-Offset"), 10, 64)
	switch {
	case r.Header.Get("Content-Type") != tusBytes:
		return said(w, http.StatusUnsupportedMediaType, "The bytes of a file are sent as "+tusBytes+".")
	case err != nil || offset != a.Received:
		uploadHeaders(w.Header(), a.Upload)
		return said(w, http.StatusConflict, fmt.Sprintf("%d bytes of this file have arrived. Go on from there.", a.Received))
	case r.ContentLength > a.Size-a.Received:
		return said(w, http.StatusRequestEntityTooLarge, "More bytes came than the file has.")
	}
	leave, err := app.sendTurn(r)
	if err != nil {
		return err
	}
	defer leave()
	// A sender who hangs up cancels the request; what has arrived is kept all the same.
	ctx, body := context.WithoutCancel(r.Context()), web.UploadPace.Body(w, r.Body)
	for more := true; more && !a.Whole(); {
		if a, more, err = app.keepPart(ctx, a, body); err != nil {
			return err
		}
	}
	uploadHeaders(w.Header(), a.Upload)
	if r.ContentLength < 0 && a.Whole() { // how many come is known only once they end
		if n, _ := io.ReadFull(body, make([]byte, 1)); n > 0 {
			return said(w, http.StatusRequestEntityTooLarge, "More bytes came than the file has.")
		}
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// arriving is a file on its way and the parts there are of it.
type arriving struct {
	upload.Upload
	parts []upload.Part
}

// last is the part that the next bytes follow.
func (a arriving) last() blob.Part {
	if len(a.parts) == 0 {
		return blob.Part{}
	}
	return stored(a.parts[len(a.parts)-1])
}

func stored(p upload.Part) blob.Part { return blob.Part{Name: p.Name, Digest: p.Digest, Size: p.Size} }

// with is the parts once p is stored, which is the last one, grown, or one of its own.
func (a arriving) with(p blob.Part) (parts []upload.Part, grown bool) {
	next := upload.Part{Name: p.Name, Start: a.Received, Size: p.Size, Digest: p.Digest}
	parts = slices.Clone(a.parts)
	if n := len(parts) - 1; n >= 0 && parts[n].Name == p.Name {
		next.Start, parts, grown = parts[n].Start, parts[:n], true
	}
	return append(parts, next), grown
}

// keepPart stores the next bytes of a file and counts them. more is false when the body has
// ended.
func (app *App) keepPart(ctx context.Context, a arriving, body io.Reader) (_ arriving, more bool, err error) {
	s := &stretch{r: body, left: min(PartSize, a.Size-a.Received)}
	part, err := app.Blobs.PutPart(ctx, a.last(), s, PartSize)
	if err != nil {
		return a, false, err
	}
	parts, grown := a.with(part)
	next := arriving{parts: parts}
	next.Upload, err = app.count(ctx, a.Upload, parts, part)
	refused := err == nil && next.Received == a.Received || models.KindOf(err) != models.Internal
	switch {
	case next.Whole():
		app.dropParts(ctx, partNames(next.parts)...)
	case refused && !grown: // nothing refers to it
		app.dropParts(ctx, part.Name)
	}
	return next, s.err == nil, err
}

// count counts an upload as far as its parts reach. When they are all of it they become one
// blob first, so that a file is said to have arrived only when it would survive a power cut
// as a whole. A file that turns out to be none we take is forgotten.
func (app *App) count(ctx context.Context, u upload.Upload, parts []upload.Part, part blob.Part) (upload.Upload, error) {
	last := parts[len(parts)-1]
	reached, digest := last.Start+last.Size, ""
	if reached == u.Received {
		return u, nil
	}
	if err := suits(u, reached, part.Head); err != nil {
		return u, errors.Join(app.forget(ctx, u), err)
	}
	if reached == u.Size {
		b, err := app.Blobs.Join(ctx, storedAll(parts, part))
		if err != nil {
			return u, err
		}
		why, err := app.unsafeBlob(ctx, b.Digest, b.Head)
		switch {
		case err != nil:
			return u, err
		case why != "":
			return u, errors.Join(app.forget(ctx, u), refuseFile(why))
		case u.Said != "" && b.Digest != u.Said:
			return u, errors.Join(app.forget(ctx, u), refuseFile("The file changed while it was sent. Choose it again."))
		}
		digest = b.Digest
	}
	next := u
	err := app.DB.Bookkeep(ctx, func(tx *models.Tx) (err error) {
		next, err = upload.Add(ctx, tx, u, last, digest)
		return err
	})
	if err != nil {
		return u, err
	}
	return next, nil
}

// suits looks at the first bytes of a file before the rest of it travels.
func suits(u upload.Upload, reached int64, head []byte) error {
	if u.Received > 0 || reached < blob.HeadSize && reached < u.Size {
		return nil // judged when a form takes it
	}
	if _, err := filetype.Of(u.Name, head); err != nil {
		return refuseFile(err.Error())
	}
	return nil
}

// storedAll is parts as the store knows them; last is the last of them.
func storedAll(parts []upload.Part, last blob.Part) []blob.Part {
	out := make([]blob.Part, 0, len(parts))
	for _, p := range parts[:len(parts)-1] {
		out = append(out, stored(p))
	}
	return append(out, last)
}

// forget drops an upload and its parts.
func (app *App) forget(ctx context.Context, u upload.Upload) error {
	var parts []upload.Part
	err := app.DB.Bookkeep(ctx, func(tx *models.Tx) (err error) {
		if parts, err = upload.PartsOf(ctx, tx, u); err != nil {
			return err
		}
		return upload.Drop(ctx, tx, u.PersonID, u.ID)
	})
	if err == nil {
		app.dropParts(ctx, partNames(parts)...)
	}
	return err
}

func partNames(parts []upload.Part) []string {
	names := make([]string, len(parts))
	for n, p := range parts {
		names[n] = p.Name
	}
	return names
}

// dropParts frees the room of parts that nothing refers to any more. What fails, the
// sweeper does.
func (app *App) dropParts(ctx context.Context, names ...string) {
	if err := app.Blobs.DropParts(ctx, names...); err != nil {
		slog.WarnContext(ctx, "parts of an upload could not be removed", "err", err)
	}
}

// uploadEnd takes an upload back.
func (app *App) uploadEnd(w http.ResponseWriter, r *http.Request) error {
	u, err := app.uploadNamed(r)
	if err != nil {
		return err
	}
	if err := app.forget(r.Context(), u); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// uploadKnown says which items that the visitor may see hold the same bytes already.
// About what they may not see it says nothing: the answer is the same as for bytes that
// nobody has. Whoever wants them in an item of their own sends them all the same.
func (app *App) uploadKnown(w http.ResponseWriter, r *http.Request) error {
	type holder struct{ Code, Title, Href string }
	list, err := read(app, r, func(ctx context.Context, tx *models.Tx) ([]holder, error) {
		digest := r.URL.Query().Get("sha256")
		if !digestText.MatchString(digest) {
			return nil, refuseFile("This is no SHA-256 digest.")
		}
		items, err := evidence.Holding(ctx, tx, digest)
		out := make([]holder, len(items))
		for n, i := range items {
			out[n] = holder{i.Code(), i.Title, "/" + i.Path()}
		}
		return out, err
	})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(list)
}

// A stretch is the next bytes of a body, up to a number. However the body ends, the
// stretch ends well: err says how, nil when there may be more.
type stretch struct {
	r    io.Reader
	left int64
	err  error
}

func (s *stretch) Read(p []byte) (int, error) {
	if s.left == 0 || s.err != nil {
		return 0, io.EOF
	}
	n, err := s.r.Read(p[:min(int64(len(p)), s.left)])
	s.left -= int64(n)
	if err != nil {
		s.err, err = err, io.EOF
	}
	return n, err
}
