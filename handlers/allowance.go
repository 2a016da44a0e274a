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

// guessesMost is how many tokens that are none one network may bring in a minute: answers
// of the provider to sign-ins nobody began, and orders it never gave. Session tokens are
// not counted. They have 256 bits, so guessing is hopeless, and refusing a network for
// them would let one visitor keep an office out.
const guessesMost = 20

// guessing refuses a network that brought too many tokens that are none.
func (app *App) guessing(r *http.Request) error {
	if wait := app.guesses.Wait(web.ClientIP(r), app.DB.Now()); wait > 0 {
		return models.TooMany("Too many requests from your network did not pass our checks. Wait a minute, then try again.", wait)
	}
	return nil
}

// guessed counts one more.
func (app *App) guessed(r *http.Request) { app.guesses.Take(web.ClientIP(r), app.DB.Now()) }

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

// How many lists of a hundred thousand lines are read at once: each takes up to a hundred
// megabytes of memory until it is in the database.
const (
	readingEach = 1
	readingAll  = 3
)

// listTurn is sendTurn for a list that is read in memory.
func (app *App) listTurn(r *http.Request) (leave func(), err error) {
	leave, err = app.reading.Take(web.ActorOf(r).ID, readingEach, readingAll)
	switch {
	case errors.Is(err, throttle.ErrOwn):
		return nil, models.TooMany("You are sending a list already, so this one was not kept. Wait until it has arrived, then send this one again.", 10*time.Second)
	case err != nil:
		return nil, models.TooMany("This server is reading as many lists as it can, so this one was not kept. Wait a minute, then send it again.", time.Minute)
	}
	return leave, nil
}

// room is how much the visitor may still store.
func (app *App) room(r *http.Request) (evidence.Room, error) {
	return read(app, r, func(ctx context.Context, tx *models.Tx) (evidence.Room, error) { return app.Quota.Room(ctx, tx) })
}
