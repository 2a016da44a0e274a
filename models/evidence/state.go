package evidence

import "slices"

// A Status is where an item stands.
//
//	stored → submitted → accepted → superseded
//	          ↑  ↓  ↑       ↓   ↑       ↓
//	        returned └ undo ┘   └ undo ─┘
//
//	any but withdrawn → withdrawn
//
// Bytes never change once stored. What is said about them can change while the item is
// stored or returned, and at no other time.
type Status string

// The states of an item.
const (
	Stored     Status = "stored"     // the files are safe; what they prove is not said yet
	Submitted  Status = "submitted"  // waits for a reviewer
	Accepted   Status = "accepted"   // somebody else found it good
	Returned   Status = "returned"   // somebody else gave a reason why not; it can be sent again
	Superseded Status = "superseded" // it was accepted, and so was a newer item that names it
	Withdrawn  Status = "withdrawn"  // taken back with a reason; the bytes are kept
)

// Statuses lists every status in the order of a life.
var Statuses = []Status{Stored, Submitted, Returned, Accepted, Superseded, Withdrawn}

var next = map[Status][]Status{
	Stored:     {Submitted, Withdrawn},
	Submitted:  {Accepted, Returned, Withdrawn},
	Returned:   {Submitted, Withdrawn},
	Accepted:   {Superseded, Submitted, Withdrawn},
	Superseded: {Accepted, Withdrawn},
	Withdrawn:  nil,
}

// Next lists what s can become; nothing when it is final.
func (s Status) Next() []Status { return next[s] }

// CanBecome reports whether an item can go from s to t.
func (s Status) CanBecome(t Status) bool { return slices.Contains(next[s], t) }

// Open reports whether details and files can still be changed.
func (s Status) Open() bool { return s == Stored || s == Returned }

// Valid reports whether s is a status.
func (s Status) Valid() bool { return slices.Contains(Statuses, s) }

// Label is s in words, as pages show it.
func (s Status) Label() string {
	switch s {
	case Stored:
		return "Not submitted"
	case Submitted:
		return "In review"
	case Accepted:
		return "Accepted"
	case Returned:
		return "Returned"
	case Superseded:
		return "Superseded"
	case Withdrawn:
		return "Withdrawn"
	}
	return string(s)
}
