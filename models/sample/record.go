package sample

import (
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"assay/internal/sheet"
	"assay/models"
	"assay/models/period"
)

// Terms are what a list is held against.
type Terms struct {
	Period period.Span
	Zone   *time.Location
	Dates  DateOrder // how the list writes dates
	Taken  time.Time // when the list was taken: months after it have no rows yet
}

// A Record says how complete and accurate a list is, as far as the list itself tells.
type Record struct {
	Rows      int
	Faults    Faults
	Dated     bool // whether a column says when the items occurred; the rest needs it
	Inside    int  // rows within the period
	First     time.Time
	Last      time.Time // the first and the last of them
	Outside   Noted
	Undated   Noted   // rows whose date is missing or cannot be read
	Months    []Month // each month that the period touches, up to when the list was taken
	Sequences []Sequence
	Numbered  int // sequences there are; Sequences holds the longest
}

// A Month is how many rows within the period occurred in it.
type Month struct {
	First period.Day
	Rows  int
}

// EmptyMonths are the months of the period without a row.
func (r Record) EmptyMonths() []Month {
	return slices.DeleteFunc(slices.Clone(r.Months), func(m Month) bool { return m.Rows > 0 })
}

// A Sequence is the keys that are one text and then a number, such as CHG-001 to CHG-040.
type Sequence struct {
	Prefix      string
	First, Last uint64
	Items       int    // different numbers
	Missing     uint64 // numbers between First and Last that no key has
	Gaps        []Gap  // the first few runs of them
}

// Dense reports whether the numbers seem to be given one after the other: most of them
// are there. Only then does a gap mean something.
func (s Sequence) Dense() bool { return s.Missing < uint64(s.Items) }

// A Gap is a run of numbers that are missing, both included.
type Gap struct{ From, To uint64 }

// Read reads a list once: it writes the text of its digest, and computes the record.
func Read(rows sheet.Rows, c Columns, t Terms, text io.Writer) (sealed Sealed, record Record, err error) {
	items, err := Items(rows, c)
	if err != nil {
		return sealed, record, err
	}
	list, recorder := NewList(), NewRecorder(t, c.When != "")
	defer func() { err = errors.Join(err, list.Close(), recorder.Close()) }()
	for it, err := range items {
		if err == nil {
			err = list.Add(it)
		}
		if err == nil {
			err = recorder.Add(it)
		}
		if err != nil {
			return sealed, record, err
		}
	}
	if sealed, err = list.Seal(text); err != nil {
		return sealed, record, err
	}
	record, err = recorder.Done(sealed)
	return sealed, record, err
}

// A Recorder computes the record of a list while it is read. Close it as a List.
type Recorder struct {
	terms   Terms
	days    period.Days
	dates   dateReader
	dated   bool
	record  Record
	months  map[period.Day]int
	numbers *sorter
	number  [8]byte
}

// NewRecorder starts a record. Dated says that the list has a column of dates.
func NewRecorder(t Terms, dated bool) *Recorder {
	return &Recorder{
		terms: t, days: t.Period.Days(), dates: dateReader{layouts: layouts[t.Dates], zone: t.Zone},
		dated: dated, months: map[period.Day]int{}, numbers: newSorter(),
	}
}

// Close removes what the recorder left on disk.
func (r *Recorder) Close() error { return r.numbers.close() }

// Add takes an item into the record.
func (r *Recorder) Add(it Item) error {
	if r.dated {
		r.date(it)
	}
	prefix, number, ok := numbered(it.Key)
	if !ok {
		return nil
	}
	binary.BigEndian.PutUint64(r.number[:], number)
	return r.numbers.add(prefix+"\x00"+string(r.number[:]), nil)
}

// date counts an item by when it occurred. Whether that is within the period is decided
// by the civil day in the zone of the engagement, whoever looks.
func (r *Recorder) date(it Item) {
	at, ok := r.dates.read(it.When)
	if !ok {
		r.record.Undated.note("row %d: “%s”", it.Line, short(it.When))
		return
	}
	day := period.DayAt(at, r.terms.Zone)
	if !r.days.Has(day) {
		r.record.Outside.note("%s in row %d: %s", short(it.Key), it.Line, short(it.When))
		return
	}
	r.record.Inside++
	r.months[day.MonthStart()]++
	if r.record.First.IsZero() || at.Before(r.record.First) {
		r.record.First = at.UTC()
	}
	if at.After(r.record.Last) {
		r.record.Last = at.UTC()
	}
}

func short(s string) string {
	const most = 60
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}

// numbered splits a key into a text and the number it ends with.
func numbered(key string) (prefix string, number uint64, ok bool) {
	at := len(key)
	for at > 0 && key[at-1] >= '0' && key[at-1] <= '9' {
		at--
	}
	number, err := strconv.ParseUint(key[at:], 10, 63)
	return key[:at], number, err == nil && !strings.ContainsRune(key, 0)
}

// Done is the record of the list that was sealed.
func (r *Recorder) Done(s Sealed) (Record, error) {
	out := r.record
	out.Rows, out.Faults, out.Dated = s.Count, s.Faults, r.dated
	if r.dated && r.days.First != period.Ever && r.days.Last != period.Never { // a period that is open has no last month
		last := r.days.Last
		if !r.terms.Taken.IsZero() {
			last = min(last, period.DayAt(r.terms.Taken, r.terms.Zone))
		}
		for first := r.days.First.MonthStart(); first <= last; first = (first + 31).MonthStart() {
			out.Months = append(out.Months, Month{first, r.months[first]})
		}
	}
	err := r.sequences(&out)
	return out, err
}

const mostSequences = 10

// sequences finds what is numbered. It reads the numbers in order, so it holds one
// sequence at a time.
func (r *Recorder) sequences(out *Record) error {
	var now Sequence
	end := func() {
		if now.Items < 2 {
			return
		}
		out.Numbered++
		out.Sequences = append(out.Sequences, now)
		slices.SortStableFunc(out.Sequences, func(a, b Sequence) int { return cmp.Compare(b.Items, a.Items) })
		out.Sequences = out.Sequences[:min(len(out.Sequences), mostSequences)]
	}
	for p := range r.numbers.all() {
		if p.err != nil {
			return p.err
		}
		prefix, number := p.key[:len(p.key)-9], binary.BigEndian.Uint64(p.key[len(p.key)-8:])
		if now.Items == 0 || string(prefix) != now.Prefix {
			end()
			now = Sequence{Prefix: string(prefix), First: number, Last: number, Items: 1}
			continue
		}
		now.next(number)
	}
	end()
	return nil
}

// next takes in the next number, which is at least the last.
func (s *Sequence) next(number uint64) {
	if number == s.Last {
		return
	}
	if gap := number - s.Last - 1; gap > 0 {
		s.Missing += gap
		if len(s.Gaps) < examples {
			s.Gaps = append(s.Gaps, Gap{s.Last + 1, number - 1})
		}
	}
	s.Last = number
	s.Items++
}

// A Tie holds a list against a second source that ought to name the same items, such as
// the leavers of the personnel system against the accounts that were disabled.
type Tie struct {
	Both                int
	OnlyHere, OnlyThere Noted
}

// Holds reports whether each names all that the other names.
func (t Tie) Holds() bool { return t.OnlyHere.Count+t.OnlyThere.Count == 0 }

// TieOf compares the keys of two lists, whose items come in the order of their keys. A key
// counts once however often a list has it.
func TieOf(here, there iter.Seq2[Item, error]) (Tie, error) {
	var t Tie
	nextHere, stopHere := iter.Pull2(keysOf(here))
	defer stopHere()
	nextThere, stopThere := iter.Pull2(keysOf(there))
	defer stopThere()
	a, err, moreA := nextHere()
	b, errB, moreB := nextThere()
	for moreA || moreB {
		if err = cmp.Or(err, errB); err != nil {
			return Tie{}, err
		}
		switch {
		case moreA && moreB && a == b:
			t.Both++
			a, err, moreA = nextHere()
			b, errB, moreB = nextThere()
		case !moreB || moreA && a < b:
			t.OnlyHere.note("%s", short(a))
			a, err, moreA = nextHere()
		default:
			t.OnlyThere.note("%s", short(b))
			b, errB, moreB = nextThere()
		}
	}
	return t, nil
}

// keysOf are the different keys.
func keysOf(items iter.Seq2[Item, error]) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		last, begun := "", false
		for it, err := range items {
			if err == nil && begun && it.Key == last {
				continue
			}
			if last, begun = it.Key, true; !yield(it.Key, err) || err != nil {
				return
			}
		}
	}
}

// Missing are those keys that no item has, in the order they were given. It is the trace
// of items that were picked at the source back to the list.
func Missing(items iter.Seq2[Item, error], keys []string) ([]string, error) {
	found := make(map[string]bool, len(keys))
	for _, key := range keys {
		found[key] = false
	}
	for it, err := range items {
		if err != nil {
			return nil, err
		}
		if was, wanted := found[it.Key]; wanted && !was {
			found[strings.Clone(it.Key)] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return found[key] }), nil
}

// A DateOrder is how a list writes dates beside 2026-03-31, which is always understood.
type DateOrder string

// The orders. Nobody can tell 03/04 from 04/03, so somebody has to say it.
const (
	YearFirst  DateOrder = ""
	DayFirst   DateOrder = "dmy"
	MonthFirst DateOrder = "mdy"
)

var layouts = map[DateOrder][]string{
	YearFirst:  times("2006-01-02"),
	DayFirst:   append(times("2006-01-02"), times("2/1/2006", "2.1.2006", "2-1-2006")...),
	MonthFirst: append(times("2006-01-02"), times("1/2/2006", "1.2.2006", "1-2-2006")...),
}

// times are dates alone and with a time of the day, in a zone or without.
func times(dates ...string) []string {
	out := slices.Clone(dates)
	for _, date := range dates {
		for _, between := range []string{"T", " "} {
			for _, clock := range []string{"15:04:05", "15:04:05Z07:00", "15:04:05 Z07:00", "15:04:05Z0700", "15:04:05 Z0700", "15:04", "15:04Z07:00"} {
				out = append(out, date+between+clock)
			}
		}
	}
	return out
}

// A dateReader reads dates that are mostly written alike.
type dateReader struct {
	layouts []string
	zone    *time.Location
	last    string
}

// read gives the instant of a text. A date without a time is the beginning of the day, a
// time without a zone is one of the engagement's.
func (d *dateReader) read(text string) (time.Time, bool) {
	text = strings.TrimSpace(text)
	for _, zone := range []string{" UTC", " GMT"} {
		if clock, ok := strings.CutSuffix(text, zone); ok {
			text = clock + "Z"
		}
	}
	if at, ok := d.as(d.last, text); ok {
		return at, true
	}
	for _, layout := range d.layouts {
		if at, ok := d.as(layout, text); ok {
			d.last = layout
			return at, true
		}
	}
	return time.Time{}, false
}

func (d *dateReader) as(layout, text string) (time.Time, bool) {
	if layout == "" {
		return time.Time{}, false
	}
	zone := d.zone
	civil := !strings.Contains(layout, ":")
	if civil { // midnight may not exist in the zone, the day does
		zone = time.UTC
	}
	at, err := time.ParseInLocation(layout, text, zone)
	if err != nil || !models.Storable(at) {
		return time.Time{}, false
	}
	if civil {
		at = models.DateOf(at, zone).In(d.zone)
	}
	return at, true
}
