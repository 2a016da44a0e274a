package models

import (
	"errors"
	"time"

	"gorm.io/gorm"
)

// A Kind says what sort of refusal an Error is; pages turn it into a status.
type Kind int

// The kinds. Everything that is not an *Error is Internal.
const (
	Internal Kind = iota
	KindInvalid
	KindNotFound
	KindForbidden
	KindConflict
	KindUnavailable
	KindGone
	KindTooMany
)

// An Error carries what the reader of a page may know. Every other error is
// internal: logged in full, shown as an apology.
type Error struct {
	Kind    Kind
	Message string            // a sentence
	Fields  map[string]string // for KindInvalid: field name to sentence
	Err     error             // the cause, for the log only
	After   time.Duration     // for KindTooMany: when it may be tried again
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

func (e *Error) Unwrap() error { return e.Err }

// NotFound is the answer for what is not there, and for what the actor may not see.
func NotFound(what string) error { return &Error{Kind: KindNotFound, Message: what + " not found."} }

// Forbidden refuses with a sentence. It is for rules; what an actor may not even see
// is NotFound.
func Forbidden(message string) error { return &Error{Kind: KindForbidden, Message: message} }

// Conflict says that the record is not, or no longer, in a state that allows this.
func Conflict(message string) error { return &Error{Kind: KindConflict, Message: message} }

// Gone says that something was here, was removed on purpose, and will not come back.
func Gone(message string) error { return &Error{Kind: KindGone, Message: message} }

// Unavailable says that something outside Assay does not answer, and that later it may.
// err is for the log.
func Unavailable(message string, err error) error {
	return &Error{Kind: KindUnavailable, Message: message, Err: err}
}

// TooMany says that this was asked too often, or by too many at once, and when to try again.
func TooMany(message string, after time.Duration) error {
	return &Error{Kind: KindTooMany, Message: message, After: after}
}

// Invalid reports what is wrong with which field.
func Invalid(fields map[string]string) error {
	return &Error{Kind: KindInvalid, Message: "Please correct the marked fields.", Fields: fields}
}

// KindOf is the kind of err, Internal when it is no *Error.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// One turns GORM's "no rows" into NotFound, naming what was missing.
func One[T any](v T, err error, what string) (T, error) {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return v, NotFound(what)
	}
	return v, err
}

// Duplicate reports whether err comes from a unique constraint.
func Duplicate(err error) bool { return errors.Is(err, gorm.ErrDuplicatedKey) }

// Referred reports whether err comes from a foreign key: another row names this one.
func Referred(err error) bool { return errors.Is(err, gorm.ErrForeignKeyViolated) }

// Broken reports whether err comes from a check constraint or a trigger: the
// database guarded a rule that a verb should have refused first.
func Broken(err error) bool { return errors.Is(err, gorm.ErrCheckConstraintViolated) }
