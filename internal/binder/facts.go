package binder

import "slices"

// made are the files that follow from the others.
var made = []string{Readme, Steps, CheckpointFile, LeavesFile, HashesFile}

// describe keeps what a document says for the manifest.
func (v *verifier) describe(d Described) {
	for _, f := range append(d.Stored, d.Document) {
		v.described[f.Path] = f
	}
	for _, e := range d.Answers {
		if v.asked[e] == "" {
			v.asked[e] = d.Document.Request
		}
	}
}

// facts holds what the manifest says besides digests against the frozen documents, and
// makes the page and the steps once more. Whoever has the key can sign a manifest that says
// anything, and it is the page that people read.
func (v *verifier) facts() {
	m := v.report.Manifest
	if m.View != CompanyView && m.View != FirmView {
		v.problem("%s names the view %q, and there is none", ManifestFile, clip(m.View))
	}
	if v.engagement.Slug != "" {
		frozen := m
		frozen.Describe(v.engagement)
		for _, x := range [][3]string{
			{"name", m.Name, frozen.Name},
			{"firm", m.Firm, frozen.Firm},
			{"kind", m.Kind, frozen.Kind},
			{"period", m.Period, frozen.Period},
			{"engagement", m.Engagement, frozen.Engagement},
			{"person who froze it", m.FrozenBy, frozen.FrozenBy},
		} {
			if x[1] != x[2] {
				v.problem("%s gives %q as the %s, and %q was frozen", ManifestFile, clip(x[1]), x[0], clip(x[2]))
			}
		}
	}
	for _, f := range m.Files {
		v.fact(f)
	}
	for path := range v.byPath {
		if _, described := v.described[path]; !described && !documentOf(path) && !v.belongs(path) {
			v.problem("%s is no file that a binder has", path)
		}
	}
	v.pages()
}

// belongs reports whether a file that no document describes has a place in a binder.
func (v *verifier) belongs(path string) bool {
	return slices.Contains(made, path) || slices.Contains([]string{ManifestFile, SignatureFile, Sums, FreezeList, FreezeRow}, path) ||
		path == PrivateList && v.report.Manifest.View == FirmView
}

// fact holds what the manifest says of one file against its document.
func (v *verifier) fact(f File) {
	if v.byPath[f.Path] == nil {
		return // it was removed, which is named
	}
	want := v.described[f.Path]
	want.Path, want.Size, want.SHA256 = f.Path, f.Size, f.SHA256
	if want.Evidence != "" {
		want.Request = v.asked[want.Evidence]
	}
	if f != want {
		v.problem("%s says something else of %s than its document does", ManifestFile, clip(f.Path))
	}
}

// pages makes the page and the steps of the shell from what they follow from.
func (v *verifier) pages() {
	var files []File
	for _, f := range v.claims {
		if !slices.Contains(made, f.Path) {
			files = append(files, f)
		}
	}
	page := newMeter()
	if err := writeReadme(page, v.report.Manifest, files); err != nil || v.digests[Readme] != page.digest() {
		v.problem("%s is not the page that follows from %s", Readme, ManifestFile)
	}
	var draws []DrawSteps
	for _, s := range v.samples {
		if v.o.Steps == nil {
			v.problem("%s was not made again", Steps)
			return
		}
		if d, ok := v.o.Steps(s, v.populations[s.Population].Text.Path); ok {
			draws = append(draws, d)
		}
	}
	steps := newMeter()
	if err := writeSteps(steps, v.report.Manifest.Key, draws); err != nil || v.digests[Steps] != steps.digest() {
		v.problem("%s is not the script that follows from the samples", Steps)
	}
}
