package models

import (
	"context"
	"fmt"
	"slices"
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
	list := words(strings.Join(texts, "\n"))
	body, table := strings.Join(list, " "), string(s)+"_search"
	if tx.Postgres() {
		return tx.exec(ctx, statement{"INSERT INTO " + table + " (id, words) VALUES (?, array_to_tsvector(array_remove(string_to_array(?, ' '), ''))) ON CONFLICT (id) DO UPDATE SET words = EXCLUDED.words", []any{id, body}})
	}
	if err := tx.exec(ctx, statement{"DELETE FROM " + table + " WHERE rowid = ?", []any{id}}); err != nil {
		return err
	}
	if err := tx.exec(ctx, statement{"INSERT INTO " + table + " (rowid, words) VALUES (?, ?)", []any{id, body}}); err != nil {
		return err
	}
	return s.learn(ctx, tx, list)
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

// learn notes which words there are. They are never forgotten: one that nothing holds any
// more finds nothing.
func (s SearchIndex) learn(ctx context.Context, tx *Tx, list []string) error {
	slices.Sort(list)
	list = slices.Compact(list)
	for chunk := range slices.Chunk(list, 1000) {
		args := make([]any, len(chunk))
		for i, w := range chunk {
			args[i] = w
		}
		if err := tx.exec(ctx, statement{"INSERT OR IGNORE INTO " + string(s) + "_words (word) VALUES " + values(1, len(args)), args}); err != nil {
			return err
		}
	}
	return nil
}

// aFew is how many matches are worth looking for among the newest rows first.
const aFew = 500

// Matching is a condition on column, the id of a row, for what a reader typed: every
// word must be there, as a prefix; a single letter or digit as a word, since half of all
// words begin with it. limit bounds the rows considered, which are the newest that match.
// ok is false when the text holds no word to look for.
func (s SearchIndex) Matching(tx *Tx, column, typed string, limit int) (cond string, args []any, ok bool) {
	terms := words(typed)
	if len(terms) == 0 {
		return "", nil, false
	}
	terms = terms[:min(len(terms), 12)]
	table := string(s) + "_search"
	switch {
	case !tx.Postgres():
		match, args := s.expanded(terms)
		return column + " IN (SELECT rowid FROM " + table + " WHERE words MATCH " + match + " ORDER BY rowid DESC LIMIT ?)", append(args, limit), true
	case limit <= aFew:
		cond, args = newest(column, table, lexemes(terms), limit)
	default:
		cond, args = column+" = ANY (ARRAY(SELECT id FROM "+table+" WHERE words @@ ?"+queryMark+" BY id DESC LIMIT ?))", []any{lexemes(terms), limit}
	}
	return cond, args, true
}

// expanded is a query of FTS5 that says which words begin as was typed, as far as these are
// few. It reads each word's rows from the newest on and stops at the limit; of a prefix it
// would first put together the rows of all words that begin with it.
func (s SearchIndex) expanded(terms []string) (match string, args []any) {
	parts := make([]string, len(terms))
	for i, t := range terms {
		word := `"` + t + `"`
		if single(t) {
			parts[i], args = "?", append(args, word)
			continue
		}
		parts[i] = `(SELECT CASE WHEN count(*) BETWEEN 1 AND 50 THEN '(' || group_concat('"' || word || '"', ' OR ') || ')' ELSE ? END
			FROM (SELECT word FROM ` + string(s) + `_words WHERE word >= ? AND word < ? LIMIT 51))`
		args = append(args, word+"*", t, t+string(unicode.MaxRune))
	}
	return "(" + strings.Join(parts, " || ' AND ' || ") + ")", args
}

// lexemes is a query of PostgreSQL. Words hold letters and digits only.
func lexemes(terms []string) string {
	parts := make([]string, len(terms))
	for i, t := range terms {
		if parts[i] = "'" + t + "'"; !single(t) {
			parts[i] += ":*"
		}
	}
	return strings.Join(parts, " & ")
}

// window is how many of the newest rows are looked through before the index is asked.
const window = 1000

// newest looks for matches among the newest rows, where those of common words are, and
// only when these are too few in the index, which collects every match before it gives the
// first. The rows become an array: joined, they made the planner walk the whole of the
// other table in the hope of meeting them soon.
func newest(column, table, query string, limit int) (cond string, args []any) {
	first := fmt.Sprintf("(SELECT COALESCE(min(id), 0) FROM (SELECT id FROM %s ORDER BY id DESC LIMIT %d) w)", table, window)
	return column + ` = ANY (ARRAY(
		WITH older AS MATERIALIZED (SELECT id FROM ` + table + ` WHERE words @@ ?::tsquery AND id < ` + first + `)
		SELECT id FROM (
			(SELECT id FROM (SELECT id, words FROM ` + table + fmt.Sprintf(` ORDER BY id DESC LIMIT %d) w WHERE words @@ ?::tsquery)`, window) + `
			UNION ALL (SELECT id FROM older ORDER BY id DESC LIMIT ?)) found
		LIMIT ?))`, []any{query, query, limit, limit}
}

// queryMark is how rows knows a search that has to be planned for its words.
const queryMark = "::tsquery ORDER"

// single reports that t is one letter or digit.
func single(t string) bool { return utf8.RuneCountInString(t) == 1 }
