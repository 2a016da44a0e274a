package bench

import (
	"math/rand/v2"
	"slices"
	"strings"

	"assay/models/framework"
)

// A writer makes text whose words are as unequal as in life: a few are everywhere,
// most are rare. The same seed writes the same text.
type writer struct {
	rand  *rand.Rand
	words []string
	zipf  *rand.Zipf
}

func newWriter() *writer {
	r := rand.New(rand.NewPCG(2, 9)) //nolint:gosec // text that looks random, the same in every run
	words := vocabulary(r)
	return &writer{r, words, rand.NewZipf(r, 1.07, 8, uint64(len(words)-1))}
}

// vocabulary is what the catalog says, then invented words up to 5,000.
func vocabulary(r *rand.Rand) []string {
	count := map[string]int{}
	for _, t := range framework.Controls() {
		for _, word := range strings.FieldsFunc(strings.ToLower(t.Title+" "+t.Description+" "+t.Population), notLetter) {
			if len(word) > 2 {
				count[word]++
			}
		}
	}
	words := make([]string, 0, 5000)
	for word := range count {
		words = append(words, word)
	}
	slices.SortFunc(words, func(a, b string) int {
		if count[a] != count[b] {
			return count[b] - count[a]
		}
		return strings.Compare(a, b)
	})
	syllables := []string{"ba", "con", "de", "for", "gra", "hel", "in", "ket", "lo", "mar", "nis", "or", "pre", "qua", "ren", "so", "tor", "ul", "ver", "win"}
	for len(words) < 5000 {
		var b strings.Builder
		for range 2 + r.IntN(3) {
			b.WriteString(syllables[r.IntN(len(syllables))])
		}
		if word := b.String(); count[word] == 0 {
			count[word]++
			words = append(words, word)
		}
	}
	return words
}

func notLetter(r rune) bool { return r < 'a' || r > 'z' }

func (w *writer) word() string { return w.words[w.zipf.Uint64()] }

// sentence writes n words.
func (w *writer) sentence(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(w.word())
	}
	s := b.String()
	return strings.ToUpper(s[:1]) + s[1:]
}

// pick takes one of a list, the first ones more often.
func pick[T any](w *writer, list []T) T {
	a, b := w.rand.IntN(len(list)), w.rand.IntN(len(list))
	return list[min(a, b)]
}
