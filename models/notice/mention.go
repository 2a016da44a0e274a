package notice

import (
	"context"
	"strings"
	"unicode"

	"assay/models"
	"assay/models/access"
	"assay/models/people"
)

// Mentions tells the people of the company whom text names with an @: by their whole
// name, as in @Priya Raman, or by what stands before the @ of an address at the writer's
// own domain. record is what the text stands on, in words, and about its path.
func Mentions(ctx context.Context, tx *models.Tx, about, record, text string) error {
	names, handles := named(text)
	if len(names) == 0 {
		return nil
	}
	writer, err := people.Named(ctx, tx, tx.Actor.ID)
	if err != nil {
		return err
	}
	list, err := models.Rows[people.Person](tx).Select("id").
		Where("(name IN ? OR lower(email) IN ?)", names, addresses(handles, writer[tx.Actor.ID].Email)).
		Where("status = ? AND role <> ?", people.Active, access.Auditor).Limit(most).Find(ctx)
	if err != nil {
		return err
	}
	return Tell(ctx, tx, Notice{Kind: Mentioned, About: about, Sentence: "You are mentioned on " + record + "."}, ids(list)...)
}

func ids(list []people.Person) []int64 {
	out := make([]int64, len(list))
	for i, p := range list {
		out[i] = p.ID
	}
	return out
}

const (
	longest = 4  // words that a name after an @ may have
	most    = 20 // people that one text can call
)

// named finds what could be a name behind each @ that begins a word: one to four words,
// since only the table of people knows where a name ends.
func named(text string) (names, handles []string) {
	parts := strings.SplitN(text, "@", most+2)
	for i, before := range parts[:len(parts)-1] {
		if !ends(before) {
			continue
		}
		words := strings.Fields(parts[i+1])
		words = words[:min(len(words), longest)]
		for n, word := range words {
			last := strings.TrimRightFunc(word, unicode.IsPunct)
			names = append(names, strings.Join(append(append([]string{}, words[:n]...), last), " "))
			if n == 0 {
				handles = append(handles, strings.ToLower(last))
			}
		}
	}
	return names, handles
}

// ends reports that a word may begin after s: an address in the text is no mention.
func ends(s string) bool {
	r := []rune(s)
	return len(r) == 0 || !unicode.IsLetter(r[len(r)-1]) && !unicode.IsDigit(r[len(r)-1])
}

// addresses are the handles at the domain of the writer, never none: IN () is no SQL.
func addresses(handles []string, writer string) []string {
	out := []string{""}
	_, domain, _ := strings.Cut(strings.ToLower(writer), "@")
	for _, h := range handles {
		if h != "" && domain != "" {
			out = append(out, h+"@"+domain)
		}
	}
	return out
}
