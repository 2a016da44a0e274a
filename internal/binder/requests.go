package binder

import "time"

// A Request is what auditors asked for, and what was released to them.
type Request struct {
	Code      string    `json:"code"`
	Reference string    `json:"reference,omitempty"`
	Title     string    `json:"title"`
	Detail    string    `json:"detail,omitempty"`
	Control   string    `json:"control,omitempty"`
	Status    string    `json:"status"`
	DueOn     string    `json:"due_on,omitempty"`
	Requester Person    `json:"requester"`
	Items     []Wanted  `json:"items"`
	History   []Turn    `json:"history"`
	Thread    []Message `json:"thread"`
	Records   []Record  `json:"records"`
	CreatedAt time.Time `json:"created_at"`
}

// A Turn is one move of a request. That an answer was sent back before auditors saw it is
// the company's own affair and in no binder.
type Turn struct {
	From    string    `json:"from"`
	To      string    `json:"to"`
	Reason  string    `json:"reason,omitempty"`
	Auditor *Person   `json:"auditor,omitempty"` // who decided it
	By      Person    `json:"by"`                // the same one, or who brought it in
	At      time.Time `json:"at"`
}

// A Message is what one side said to the other about a request.
type Message struct {
	Text string    `json:"text"`
	By   Person    `json:"by"`
	At   time.Time `json:"at"`
}

// A Wanted is one thing that was asked for, with its answers.
type Wanted struct {
	Place   int64    `json:"place"`
	Words   string   `json:"words"`
	Answers []Answer `json:"answers,omitempty"`
}

// An Answer is evidence or words.
type Answer struct {
	Evidence string     `json:"evidence,omitempty"`
	Words    string     `json:"words,omitempty"`
	At       *time.Time `json:"released_at,omitempty"`
}
