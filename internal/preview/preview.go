// Package preview turns the bytes of a file nobody trusts into small, plain data a page can
// show: lines of text, rows of a table, a picture drawn again. It makes no HTML and keeps
// nothing; whatever the file holds, the result and the work to get it are bounded.
package preview

import (
	"context"
	"fmt"
)

// A Refusal says why there is no preview, as a sentence for the reader. The file itself is
// unharmed.
type Refusal string

func (r Refusal) Error() string { return string(r) }

// The reasons there are. Everything else that goes wrong is the reader's or the disk's.
const (
	ErrTooLarge = Refusal("The file is too large to show here. Download it to see it.")
	ErrBroken   = Refusal("The file cannot be read as what it says it is. Download it to see it in a program of yours.")
)

// slot is held by whoever unpacks a workbook or a picture: these take hundreds of
// megabytes at worst, and one at a time is what a small machine can bear.
var slot = make(chan struct{}, 1)

// alone runs work that unpacks a file, when its turn comes. A parser that panics over
// hostile bytes has found a broken file, not a broken server.
func alone(ctx context.Context, work func() error) (err error) {
	select {
	case slot <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() {
		<-slot
		if p := recover(); p != nil {
			err = fmt.Errorf("%w (%v)", ErrBroken, p)
		}
	}()
	return work()
}
