package handlers

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"assay/models"
	"assay/models/upload"
	"assay/web"
)

// A gate stands before bytes that a form wants kept. It asks for everything that refuses
// them whatever they say, before one of them is read: the visitor's right, room, and a
// turn. What is refused later by what a file says is at least the visitor's own.
type gate struct {
	app   *App
	r     *http.Request
	may   func(ctx context.Context, tx *models.Tx, fields *web.Values) error
	turn  func(*http.Request) (leave func(), err error)
	leave func()
}

// gate makes one; may is what else has to hold, nil where the route's permission is all.
func (app *App) gate(r *http.Request, may func(ctx context.Context, tx *models.Tx, fields *web.Values) error) *gate {
	return &gate{app: app, r: r, may: may, turn: app.sendTurn}
}

// open lets the form through, once it is known who sends it and what for. Asked again it
// says the same.
func (g *gate) open(fields map[string][]string) error {
	if g.leave != nil {
		return nil
	}
	_, err := read(g.app, g.r, func(ctx context.Context, tx *models.Tx) (struct{}, error) {
		if g.may != nil {
			if err := g.may(ctx, tx, web.NewValues(fields)); err != nil {
				return struct{}{}, err
			}
		}
		room, err := g.app.Quota.Room(ctx, tx)
		if err == nil && room.Refusal() != "" {
			err = models.Conflict(room.Refusal())
		}
		return struct{}{}, err
	})
	if err == nil {
		g.leave, err = g.turn(g.r)
	}
	if err != nil {
		return refuseAll(g.r, err)
	}
	return nil
}

// close gives the turn back.
func (g *gate) close() {
	if g.leave != nil {
		g.leave()
	}
}

// keepFile stores a small file as an upload of the visitor's about a record, which a
// preview reads back: what is confirmed is what was shown, whichever replica answers. It is
// named by that upload and not by its digest, for whoever knows the digest of something
// sealed could have it read to them.
func (app *App) keepFile(r *http.Request, about, name string, b []byte) (upload.Upload, error) {
	u := upload.Upload{PersonID: web.ActorOf(r).ID, About: about, Name: name, Size: int64(len(b))}
	kept, err := app.Blobs.Put(r.Context(), bytes.NewReader(b), importLimits.Bytes)
	if err != nil {
		return u, err
	}
	u.Digest = kept.Digest
	err = app.DB.Bookkeep(r.Context(), func(tx *models.Tx) error {
		u, err = upload.Keep(r.Context(), tx, u)
		return err
	})
	return u, err
}

// keptFile reads such a file back: one that the visitor sent, about this record, within a
// day.
func (app *App) keptFile(r *http.Request, about, id string) (u upload.Upload, b []byte, err error) {
	u, err = read(app, r, func(ctx context.Context, tx *models.Tx) (upload.Upload, error) { return upload.ByID(ctx, tx, id) })
	if err == nil && (!u.Whole() || u.About != about) {
		err = models.NotFound("This file")
	}
	if err != nil {
		return u, nil, err
	}
	body, err := app.listBytes(r.Context(), u.Digest)
	if err != nil {
		return u, nil, err
	}
	defer body.Close()
	b, err = io.ReadAll(io.LimitReader(body, importLimits.Bytes+1))
	return u, b, err
}
