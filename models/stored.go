package models

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"assay/internal/tlog"
)

// Verification reads what the database holds, not what a struct makes of it: values of
// the wrong kind show instead of being smoothed over, and a million rows pass in a fifth
// of the time that GORM takes to fill structs. Every row is hashed as it is read, and only
// its hash is kept.

// each runs a query and calls f for each row of the answer.
func (tx *Tx) each(ctx context.Context, query string, f func(*sql.Rows) error) error {
	rows, err := tx.rows(ctx, statement{text: query})
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// between stands between packed columns.
const between = "\x1f"

// packed makes one column of many, leaving out those without a value. For each value that
// it hands out, the driver of SQLite takes three locks and a piece of memory, which is more
// than all else that is done about it.
func packed(columns ...string) string {
	return "concat_ws('" + between + "', " + strings.Join(columns, ", ") + ")"
}

// asText reads a time of SQLite as the text that it is. The driver would parse it, for as
// much as all else that is done about a row.
func (tx *Tx) asText(column string) string {
	if tx.Postgres() {
		return column
	}
	return column + " || ''"
}

// instant is a stored time as leaves and rows are hashed with it, or what else was stored
// in its place.
func instant(v any) any {
	switch v := v.(type) {
	case []byte:
		return instant(string(v))
	case string:
		if text, ok := instantText(v); ok {
			return text
		}
		const layout = "2006-01-02 15:04:05.999999999-07:00"
		if t, err := time.Parse(layout, v); err == nil {
			return t
		}
		return "no time: " + v // never the form of one, whatever it is
	}
	return v
}

// instantText turns "2026-03-01 14:30:00.25+00:00", as SQLite keeps it, into
// "2026-03-01T14:30:00.250000Z".
func instantText(s string) (string, bool) {
	const form, zone, digits = "0000-00-00 00:00:00", "+00:00", len(".000000")
	body, ok := strings.CutSuffix(s, zone)
	if !ok || len(body) < len(form) || len(body) > len(form)+digits || s[0] == '0' {
		return "", false
	}
	out := [len(form) + digits + 1]byte([]byte("0000-00-00T00:00:00.000000Z"))
	for i := range body {
		switch want := out[i]; {
		case i == len("0000-00-00"):
			ok = body[i] == ' '
		case want == '0':
			ok = body[i] >= '0' && body[i] <= '9'
			out[i] = body[i]
		default:
			ok = body[i] == want
		}
		if !ok {
			return "", false
		}
	}
	return string(out[:]), true
}

// A storedLeaf is a leaf with the note beside it, nil where there is none.
type storedLeaf struct {
	tlog.Leaf
	seq                int64
	hashes, salt, text []byte
}

const (
	leafColumns  = "l.actor_id, l.role, l.session, l.verb, l.about, l.within, l.entity, l.entity_id, l.entity_rev, l.prev_hash, l.new_hash, l.detail_commit, l.request, l.build"
	storedBeside = " l.hashes, d.salt, d.text FROM log_leaves l LEFT JOIN log_details d ON d.seq = l.seq WHERE "
)

// storedLeaves reads the whole log in order. What it gives is good until f returns.
func (tx *Tx) storedLeaves(ctx context.Context, f func(*storedLeaf)) error {
	const all = "l.seq >= 0 ORDER BY l.seq"
	if tx.Postgres() {
		return tx.leaves(ctx, all, f)
	}
	// With ||, so that a column without a value, which no leaf has, leaves none of the whole.
	whole := strings.ReplaceAll("l.v, l.at, "+leafColumns, ", ", " || '"+between+"' || ")
	query := "SELECT l.seq, " + whole + "," + storedBeside + all
	return tx.each(ctx, query, func(rows *sql.Rows) error {
		var l storedLeaf
		var says sql.NullString
		var hashes, salt, text sql.RawBytes
		err := rows.Scan(&l.seq, &says, &hashes, &salt, &text)
		if err != nil {
			return err
		}
		if !says.Valid || !l.unpack(says.String) { // there is what a leaf does not have: it is looked at column by column
			return tx.leaves(ctx, "l.seq = "+strconv.FormatInt(l.seq, 10), f)
		}
		l.hashes, l.salt, l.text = hashes, salt, text
		f(&l)
		return nil
	})
}

// unpack reads a leaf as storedLeaves packs it, unless it is not as leaves are.
func (l *storedLeaf) unpack(says string) bool {
	ok := true
	text := func(to *string) {
		var more bool
		*to, says, more = strings.Cut(says, between)
		ok = ok && more
	}
	number := func(to *int64) {
		var digits string
		text(&digits)
		n, err := strconv.ParseInt(digits, 10, 64)
		*to, ok = n, ok && err == nil
	}
	var v int64
	var at string
	number(&v)
	text(&at)
	number(&l.Actor)
	for _, to := range []*string{&l.Role, &l.Session, &l.Verb, &l.About, &l.Within, &l.Entity} {
		text(to)
	}
	number(&l.EntityID)
	number(&l.Rev)
	for _, to := range []*string{&l.Prev, &l.New, &l.Detail, &l.Request} {
		text(to)
	}
	l.Build = says
	l.V = int(v)
	l.read(at)
	return ok && !strings.Contains(says, between)
}

// read takes a stored time.
func (l *storedLeaf) read(at any) {
	switch at := instant(at).(type) {
	case string:
		l.At = at
	case time.Time:
		l.At = tlog.Instant(at)
	}
}

// leaves reads those leaves column by column.
func (tx *Tx) leaves(ctx context.Context, which string, f func(*storedLeaf)) error {
	query := "SELECT l.seq, l.v, " + tx.asText("l.at") + ", " + leafColumns + "," + storedBeside + which
	return tx.each(ctx, query, func(rows *sql.Rows) error {
		l := storedLeaf{seq: -1}
		var at any
		var hashes, salt, text sql.RawBytes
		err := rows.Scan(&l.seq, &l.V, &at, &l.Actor, &l.Role, &l.Session, &l.Verb, &l.About, &l.Within, &l.Entity, &l.EntityID,
			&l.Rev, &l.Prev, &l.New, &l.Detail, &l.Request, &l.Build, &hashes, &salt, &text)
		if err != nil && l.seq < 0 { // else a value of another kind: what was read of it does not match its hash
			return err
		}
		l.read(at)
		l.hashes, l.salt, l.text = hashes, salt, text
		f(&l)
		return nil
	})
}

// A storedCheckpoint is a checkpoint, and what of it is of another kind than it should be.
type storedCheckpoint struct {
	Checkpoint
	damage string
}

// storedCheckpoints reads all checkpoints in order.
func (tx *Tx) storedCheckpoints(ctx context.Context) (list []storedCheckpoint, err error) {
	const query = "SELECT size, previous_size, signed, verifier_key, at FROM checkpoints ORDER BY size"
	err = tx.each(ctx, query, func(rows *sql.Rows) error {
		var c storedCheckpoint
		var previous, at any
		if err := rows.Scan(&c.Size, &previous, &c.Signed, &c.VerifierKey, &at); err != nil {
			return err
		}
		for column, value := range map[string]any{"previous_size": previous, "at": at} {
			switch value.(type) {
			case int64, time.Time:
			default:
				c.damage = fmt.Sprintf("its %s is %q", column, fmt.Sprint(value))
			}
		}
		list = append(list, c)
		return nil
	})
	return list, err
}
