// Package preview turns the bytes of a file nobody trusts into small, plain data a page can
// show: lines of text, rows of a table, a picture drawn again. It makes no HTML and keeps
// nothing; whatever the file holds, the result and the work to get it are bounded. What has
// to unpack a file first is done by a confined child.
package preview

import (
	"errors"

	"assay/internal/confine"
)

// A Refusal says why there is no preview, as a sentence for the reader. The file itself is
// unharmed.
type Refusal string

func (r Refusal) Error() string { return string(r) }

// The reasons there are. Everything else that goes wrong is the reader's or the disk's.
const (
	ErrTooLarge = Refusal("The file is too large to show here. Download it to see it.")
	ErrBroken   = Refusal("The file cannot be read as what it says it is. Download it to see it in a program of yours.")
	ErrBusy     = Refusal("Too many other files are being opened at the moment. Try again in a minute.")
)

// refused turns what a child came to into a reason, where it is one.
func refused(err error) error {
	var said confine.Refusal
	switch {
	case errors.As(err, &said):
		return Refusal(said)
	case errors.Is(err, confine.ErrTooLarge), errors.Is(err, confine.ErrExceeded):
		return ErrTooLarge
	case errors.Is(err, confine.ErrBroken):
		return ErrBroken
	case errors.Is(err, confine.ErrBusy):
		return ErrBusy
	}
	return err
}
