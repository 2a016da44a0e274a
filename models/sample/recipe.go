package sample

import (
	"fmt"
	"strings"
)

// A Recipe repeats a draw without us, with sh, sha256sum and sort.
type Recipe struct {
	Draw
	Text    string // the file that holds the text of Seal
	Stratum string
	Keys    string // a file of the keys of the stratum, a line each; "" where there are no strata
	Size    int
}

// Lines are the three lines of the recipe. They print the rank and the key of each item,
// as sha256sum would: the digest of the population is taken from its text, so a text that
// was altered gives another sample.
func (r Recipe) Lines() []string {
	keys, from := "tail -n +2 "+quoted(r.Text)+" | cut -b 67- | ", ""
	if r.Keys != "" {
		keys, from = "", " < "+quoted(r.Keys)
	}
	return []string{
		fmt.Sprintf("p=$(sha256sum < %s | cut -b -64); s=%s; t=%s", quoted(r.Text), quoted(r.Seed), quoted(r.Stratum)),
		keys + `while IFS= read -r k; do printf '%s  %s\n' "$(printf 'assay-sample/1\n%s\n%s\n%s\n%s' "$p" "$s" "$t" "$k" | sha256sum | cut -b -64)" "$k"; done` + from + ` > ranks.txt`,
		fmt.Sprintf("LC_ALL=C sort ranks.txt | head -n %d", r.Size),
	}
}

// quoted is text as one word of a shell.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
