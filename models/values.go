package models

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"reflect"
	"time"
)

// A Date is a civil date, "2026-03-31", without zone: text in both databases, so it
// sorts and compares as text. The zero Date is no date.
type Date string

// ParseDate reads "2006-01-02" and refuses days that do not exist or that no record holds.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || !Storable(t) {
		return "", fmt.Errorf("%q is no date", s)
	}
	return Date(t.Format(time.DateOnly)), nil
}

// Storable reports whether a record can hold t. Another zone or a few months more must not
// lead out of the years of four digits: SQLite keeps instants as text, and what it could
// not read back made every list with that row fail.
func Storable(t time.Time) bool { return t.Year() >= 1000 && t.Year() <= 9990 }

// DateOf is the civil date that t falls on in zone.
func DateOf(t time.Time, zone *time.Location) Date { return Date(t.In(zone).Format(time.DateOnly)) }

// IsZero reports that there is no date.
func (d Date) IsZero() bool { return d == "" }

// In is the instant at which d begins in zone. The zero Date gives the zero Time.
//
// Where clocks go forward at midnight the day begins at one, and where they go back
// just after it, midnight comes twice and the first one counts. Package time promises
// neither, and gives the evening before in Santiago.
func (d Date) In(zone *time.Location) time.Time {
	const step = 15 * time.Minute // every offset in use is a multiple of it
	t, err := time.ParseInLocation(time.DateOnly, string(d), zone)
	if err != nil {
		return time.Time{}
	}
	for DateOf(t, zone) < d {
		t = t.Add(step)
	}
	for DateOf(t.Add(-step), zone) >= d {
		t = t.Add(-step)
	}
	return t
}

// AddDays moves by n calendar days; the zero Date stays.
func (d Date) AddDays(n int) Date {
	if d == "" {
		return d
	}
	return Date(d.In(time.UTC).AddDate(0, 0, n).Format(time.DateOnly))
}

// AddMonths moves by n months, to the last day of the month where the day is missing.
func (d Date) AddMonths(n int) Date {
	t := d.In(time.UTC)
	if t.IsZero() {
		return d
	}
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return Date(first.AddDate(0, 0, min(t.Day(), last)-1).Format(time.DateOnly))
}

// DaysUntil counts the days from d to e, negative when e is earlier.
func (d Date) DaysUntil(e Date) int {
	return int(e.In(time.UTC).Sub(d.In(time.UTC)).Hours() / 24)
}

// A List is a slice kept as JSON in one text column. nil and empty are the same.
type List[T any] []T

// Value writes "" for an empty list, so that empty is the zero value of the column.
func (l List[T]) Value() (driver.Value, error) {
	if len(l) == 0 {
		return "", nil
	}
	b, err := json.Marshal([]T(l))
	return string(b), err
}

// Scan reads what Value wrote.
func (l *List[T]) Scan(src any) error {
	*l = nil
	return scanJSON(src, (*[]T)(l))
}

// scanJSON reads a text column as JSON; an empty one leaves into as it is.
func scanJSON(src, into any) error {
	var b []byte
	switch src := src.(type) {
	case nil:
	case string:
		b = []byte(src)
	case []byte:
		b = src
	default:
		return fmt.Errorf("models: cannot read JSON from %T", src)
	}
	if len(b) == 0 {
		return nil
	}
	return json.Unmarshal(b, into)
}

// GormDataType keeps GORM from reading a slice as an association.
func (List[T]) GormDataType() string { return "text" }

// A Doc is a value kept as JSON in one text column. The zero value is "" there.
type Doc[T any] struct{ V T }

// Value writes "" for the zero value, so that it is the zero value of the column.
func (d Doc[T]) Value() (driver.Value, error) {
	if reflect.ValueOf(&d.V).Elem().IsZero() {
		return "", nil
	}
	b, err := json.Marshal(d.V)
	return string(b), err
}

// Scan reads what Value wrote.
func (d *Doc[T]) Scan(src any) error {
	*d = Doc[T]{}
	return scanJSON(src, &d.V)
}

// GormDataType keeps GORM from reading a struct as an association.
func (Doc[T]) GormDataType() string { return "text" }

// Plural is a number with its noun: "1 control", "3 controls".
func Plural[N int | int64](n N, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}
