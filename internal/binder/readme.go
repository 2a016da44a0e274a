package binder

import (
	"bufio"
	"context"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
)

//go:embed readme.html
var readmeText string

var readmePage = template.Must(template.New("readme").Funcs(template.FuncMap{"size": sizeWords, "words": words}).Parse(readmeText))

// A group is the files of one part of the binder, or of one control.
type group struct {
	Title string
	ID    string
	Files []File
}

// readme writes the page that one opens first. It needs no script and no network.
func (b *Binder) readme(_ context.Context, w io.Writer) error {
	return writeReadme(w, b.Manifest, b.contents.Files)
}

// writeReadme writes the page of a manifest. Who verifies a binder makes it once more.
func writeReadme(w io.Writer, m Manifest, files []File) error {
	out := bufio.NewWriterSize(w, 64<<10)
	data := struct {
		Manifest
		Private bool
		Groups  []group
	}{Manifest: m, Private: m.View == FirmView, Groups: groupsOf(files)}
	if err := readmePage.Execute(out, data); err != nil {
		return err
	}
	return out.Flush()
}

var titles = map[string]string{
	"controls": "Controls and their versions", "populations": "Populations", "samples": "Samples", "tests": "Tests of controls",
	"findings": "Findings", "carried": "Carried over from earlier periods: history, and no findings of this one", "requests": "Requests", "notes": "Notes of the audit team", "": "Engagement and freeze",
}

// groupsOf puts files together as a reader looks for them: by control, then by kind. They
// come in the order of their paths.
func groupsOf(files []File) []group {
	var out []group
	at := map[string]int{}
	for _, f := range sortedFiles(files) {
		dir, rest, nested := strings.Cut(f.Path, "/")
		title := titles[dir]
		switch {
		case !nested:
			dir, title = "engagement", titles[""]
		case dir == "evidence":
			code, _, _ := strings.Cut(rest, "/")
			dir, title = "evidence-"+code, "Evidence for "+code
		case title == "":
			title = dir
		}
		i, known := at[dir]
		if !known {
			i = len(out)
			at[dir] = i
			out = append(out, group{Title: title, ID: dir})
		}
		out[i].Files = append(out[i].Files, f)
	}
	return out
}

// sizeWords is a size in bytes as people say it.
func sizeWords(n int64) string {
	const k = 1 << 10
	switch {
	case n < k:
		return fmt.Sprintf("%d B", n)
	case n < k*k:
		return fmt.Sprintf("%.1f KiB", float64(n)/k)
	case n < k*k*k:
		return fmt.Sprintf("%.1f MiB", float64(n)/k/k)
	}
	return fmt.Sprintf("%.2f GiB", float64(n)/k/k/k)
}

// words is a name of the manifest as a label.
func words(s string) string {
	s = strings.ReplaceAll(s, "_", " ")
	return strings.ToUpper(s[:1]) + s[1:]
}
