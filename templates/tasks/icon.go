package tasks

import "assay/static"

// chevron turns when its task opens, which takes a class that ui.Icon has not.
func chevron() string { return static.Path("icons.svg") + "#right" }
