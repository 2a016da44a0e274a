package filetype

import (
	"maps"
	"slices"
	"strings"
)

type kind struct {
	Type
	matches func(head []byte) bool
}

const bytesOnly = "application/octet-stream" // for what a browser would run if told its type

var (
	text     = kind{Type{"text", "text/plain; charset=utf-8", PreviewText}, isText}
	csv      = kind{Type{"CSV", "text/csv; charset=utf-8", PreviewCSV}, isData}
	json     = kind{Type{"JSON", "application/json", PreviewJSON}, beginsWith("{[\"-0123456789tfn")}
	ndjson   = kind{Type{"JSON lines", "application/x-ndjson", PreviewJSON}, beginsWith("{[\"-0123456789tfn")}
	yaml     = kind{Type{"YAML", "application/yaml", PreviewText}, isData}
	markdown = kind{Type{"Markdown", "text/markdown; charset=utf-8", PreviewText}, isText}
	jpeg     = kind{Type{"JPEG picture", "image/jpeg", PreviewImage}, is("image/jpeg")}
	xml      = kind{Type{"XML", bytesOnly, PreviewText}, beginsWith("<")}
	der      = kind{Type{"a signed object", bytesOnly, PreviewNone}, isDER}
	gz       = kind{Type{"gzip archive", "application/gzip", PreviewNone}, is("application/gzip")}
)

const ooxml = "application/vnd.openxmlformats-officedocument."

// kinds is the whole allow-list, by extension.
var kinds = map[string]kind{
	"pdf":  {Type{"PDF", "application/pdf", PreviewPDF}, is("application/pdf")},
	"png":  {Type{"PNG picture", "image/png", PreviewImage}, is("image/png")},
	"jpg":  jpeg,
	"jpeg": jpeg,
	"gif":  {Type{"GIF picture", "image/gif", PreviewImage}, is("image/gif")},
	"webp": {Type{"WebP picture", "image/webp", PreviewImage}, is("image/webp")},

	"xlsx": {Type{"Excel workbook", ooxml + "spreadsheetml.sheet", PreviewXLSX}, office(ooxml + "spreadsheetml.sheet")},
	"docx": {Type{"Word document", ooxml + "wordprocessingml.document", PreviewNone}, office(ooxml + "wordprocessingml.document")},
	"pptx": {Type{"PowerPoint presentation", ooxml + "presentationml.presentation", PreviewNone}, office(ooxml + "presentationml.presentation")},
	"eml":  {Type{"email", "message/rfc822", PreviewText}, isMail},
	"html": {Type{"web page", bytesOnly, PreviewNone}, beginsWith("<")},
	"htm":  {Type{"web page", bytesOnly, PreviewNone}, beginsWith("<")},

	"csv":    csv,
	"tsv":    {Type{"TSV", "text/tab-separated-values; charset=utf-8", PreviewCSV}, isData},
	"json":   json,
	"sarif":  json,
	"jsonl":  ndjson,
	"ndjson": ndjson,
	"jsonld": json,
	"har":    json,
	"xml":    xml,
	"nessus": xml,
	"yaml":   yaml,
	"yml":    yaml,
	"toml":   {Type{"TOML", "application/toml", PreviewText}, isData},

	"txt":   text,
	"log":   text,
	"md":    markdown,
	"ini":   text,
	"conf":  text,
	"cfg":   text,
	"sql":   text, // the query behind a population is evidence; nothing runs it on a double click
	"tf":    text,
	"hcl":   text,
	"diff":  text,
	"patch": text,
	"ics":   text,

	// What proves something by itself: signatures and bundles of them, certificates and
	// public keys, checksums, checkpoints of logs, time stamps.
	"sig":    text,
	"asc":    text,
	"pem":    text,
	"crt":    text,
	"pub":    text,
	"sha256": text,
	"sha512": text,
	"note":   text,
	"cer":    der,
	"der":    der,
	"p7s":    der,
	"tsq":    der,
	"tsr":    der,

	"zip": {Type{"ZIP archive", "application/zip", PreviewZIP}, is("application/zip")},
	"gz":  gz,
	"tgz": gz,
}

const (
	runs      = "Programs and scripts could run on the reviewer's computer. To show one as evidence, rename it to end in .txt."
	oldOffice = "Old Office files can carry macros. Save it in the current format or as PDF and send that."
	macros    = "Office files with macros could run on the reviewer's computer. Save it without macros or as PDF and send that."
	picture   = "Save the picture as PNG or JPEG and send that."
	unpack    = "Pack the files as ZIP and send that."
)

// refused holds the kinds people do try to send, each with what to do instead.
var refused = map[string]string{
	"exe": runs, "msi": runs, "com": runs, "scr": runs, "dll": runs, "jar": runs, "app": runs, "dmg": runs,
	"js": runs, "mjs": runs, "vbs": runs, "ps1": runs, "bat": runs, "cmd": runs, "sh": runs, "py": runs,
	"rb": runs, "pl": runs, "php": runs, "hta": runs, "lnk": runs, "reg": runs, "apk": runs, "wsf": runs,
	"doc": oldOffice, "xls": oldOffice, "ppt": oldOffice, "rtf": oldOffice,
	"docm": macros, "xlsm": macros, "pptm": macros, "dotm": macros, "xlsb": macros,
	"svg":  "An SVG drawing can run script. Export it as PNG or PDF and send that.",
	"msg":  "Save the email as .eml or as PDF and send that.",
	"heic": picture, "tiff": picture, "tif": picture, "bmp": picture, "avif": picture,
	"7z": unpack, "rar": unpack, "tar": unpack, "bz2": unpack, "xz": unpack, "zst": unpack, "iso": unpack,
}

var accept = "." + strings.Join(slices.Sorted(maps.Keys(kinds)), ",.")
