package oidc

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

const longestReturn = 2048

// SafeReturn returns a path on this site, with its query, to go to after signing in: the
// one given if it is beyond doubt, "/" otherwise. It refuses anything that some browser
// or proxy might read as another host: schemes, "//", backslashes, control bytes, and
// all of these in any number of layers of percent-encoding.
func SafeReturn(to string) string {
	if len(to) > longestReturn || !strings.HasPrefix(to, "/") || unclear(to) {
		return "/"
	}
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" || !plainPath(u.EscapedPath()) {
		return "/"
	}
	return (&url.URL{Path: u.Path, RawPath: u.RawPath, RawQuery: u.RawQuery}).RequestURI()
}

// plainPath takes off layer after layer of percent-encoding and wants each of them plain.
func plainPath(path string) bool {
	for {
		if unclear(path) || strings.Contains(path, "//") || dotted(path) {
			return false
		}
		inner, err := url.PathUnescape(path)
		if err != nil || inner == path {
			// A stray percent sign below the first layer is a character like any other.
			return true
		}
		path = inner
	}
}

// unclear reports characters that parsers are known to disagree about.
func unclear(s string) bool {
	return !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool {
		return r == '\\' || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r)
	})
}

// dotted reports segments that mean "here" or "one up".
func dotted(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}
