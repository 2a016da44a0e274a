package handlers

import (
	"context"
	"errors"
	"net/http"
	"time"

	"assay/internal/throttle"
	"assay/models"
	"assay/models/evidence"
	"assay/web"
)

// How many uploads run at once, of one person and on this replica. Each holds a
// connection, a few buffers and a temporary file.
const (
	sendingEach = 4
	sendingAll  = 64
)

// sendTurn lets the visitor send files, unless they or all together do so in as many
// places as may be. leave gives the turn back.
func (app *App) sendTurn(r *http.Request) (leave func(), err error) {
	leave, err = app.sending.Take(web.ActorOf(r).ID, sendingEach, sendingAll)
	switch {
	case errors.Is(err, throttle.ErrOwn):
		return nil, models.TooMany("You are sending files in four places at once already, so these were not kept. Wait until one has arrived, then choose them again.", 10*time.Second)
	case err != nil:
		return nil, models.TooMany("This server is taking as many uploads as it can, so these files were not kept. Wait a minute, then choose them again.", time.Minute)
	}
	return leave, nil
}

// room is how much the visitor may still store.
func (app *App) room(r *http.Request) (evidence.Room, error) {
	return read(app, r, func(ctx context.Context, tx *models.Tx) (evidence.Room, error) { return app.Quota.Room(ctx, tx) })
}
