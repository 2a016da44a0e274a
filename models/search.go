package models

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A SearchIndex names the full-text table of a noun, "controls" for controls_search.
// SQLite answers it with FTS5, PostgreSQL with a GIN index over a tsvector. Words
// are cut in Go, so that both find the same things.
type SearchIndex string

// words cuts text into lower-case words of letters and digits, without accents:
// "AC-03 Überprüfung" gives ac 03 uberprufung.
func words(text string) []string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(text)) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case unicode.IsLetter(r), unicode.IsDigit(r):
			b.WriteRune(r)
		default:
			b.WriteByte(' ')
		}
	}
	return strings.Fields(b.String())
}

// Put replaces what is found for the row id. It is derived from logged rows and so
// leaves no leaf.
func (s SearchIndex) Put(ctx context.Context, tx *Tx, id int64, texts ...string) error {
	if err := tx.mustWrite(); err != nil {
		return err
	}
	body := strings.Join(words(strings.Join(texts, "\n")), " ")
	table := string(s) + "_search"
	if tx.Postgres() {
		return tx.exec(ctx, statement{"INSERT INTO " + table + " (id, words) VALUES (?, array_to_tsvector(array_remove(string_to_array(?, ' '), ''))) ON CONFLICT (id) DO UPDATE SET words = EXCLUDED.words", []any{id, body}})
	}
	if err := tx.exec(ctx, statement{"DELETE FROM " + table + " WHERE rowid = ?", []any{id}}); err != nil {
		return err
	}
	return tx.exec(ctx, statement{"INSERT INTO " + table + " (rowid, words) VALUES (?, ?)", []any{id, body}})
}

// Drop makes the row id unfindable.
func (s SearchIndex) Drop(ctx context.Context, tx *Tx, id int64) error {
	if err := tx.mustWrite(); err != nil {
		return err
	}
	column := "rowid"
	if tx.Postgres() {
		column = "id"
	}
	return tx.exec(ctx, statement{"DELETE FROM " + string(s) + "_search WHERE " + column + " = ?", []any{id}})
}

// Matching is a condition on column, the id of a row, for what a reader typed: every
// word must be there, as a prefix; a single letter as a word, since half of all words
// begin with it. limit bounds the rows considered. ok is false when
// the text holds no word to look for.
func (s SearchIndex) Matching(tx *Tx, column, typed string, limit int) (cond string, args []any, ok bool) {
	terms := words(typed)
	if len(terms) == 0 {
		return "", nil, false
	}
	terms = terms[:min(len(terms), 12)]
	table := string(s) + "_search"
	if tx.Postgres() {
		for i, t := range terms {
			terms[i] = "'" + t + "'" + prefix(t, ":*") // words hold letters and digits only
		}
		return column + " IN (SELECT id FROM " + table + " WHERE words @@ ?::tsquery LIMIT ?)", []any{strings.Join(terms, " & "), limit}, true
	}
	for i, t := range terms {
		terms[i] = `"` + t + `"` + prefix(t, "*")
	}
	return column + " IN (SELECT rowid FROM " + table + " WHERE words MATCH ? LIMIT ?)", []any{strings.Join(terms, " "), limit}, true
}

func prefix(term, mark string) string {
	if utf8.RuneCountInString(term) == 1 && !unicode.IsDigit(rune(term[0])) {
		return ""
	}
	return mark
}
