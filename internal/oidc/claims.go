package oidc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// claims is a JSON object by exact member name. encoding/json would take "SUB" for "sub"
// and the last of two members for the only one; a provider and we could then read two
// different people out of one signed token.
type claims map[string]json.RawMessage

// readByGoOIDC are the claims go-oidc reads with encoding/json, whose spelling therefore
// has to be exact before it may see them.
var readByGoOIDC = []string{
	"iss", "sub", "aud", "exp", "iat", "nbf", "nonce", "at_hash", "jti", "sid", "events", "_claim_names", "_claim_sources",
}

// parseClaims refuses anything but one object, a member name twice at any depth, and
// near-spellings of the names that decide.
func parseClaims(data []byte) (claims, error) {
	var c claims
	if err := json.Unmarshal(data, &c); err != nil || c == nil {
		return nil, fail(Malformed, "no JSON object: %v", err)
	}
	if name := twin(json.NewDecoder(bytes.NewReader(data))); name != "" {
		return nil, fail(DuplicateClaim, "the member %q occurs twice", name)
	}
	for name := range c {
		for _, exact := range readByGoOIDC {
			if name != exact && strings.EqualFold(name, exact) {
				return nil, fail(DuplicateClaim, "the member %q passes for %q", name, exact)
			}
		}
	}
	return c, nil
}

// twin walks one valid JSON value and returns the first member name that an object holds
// twice, or "".
func twin(d *json.Decoder) string {
	token, err := d.Token()
	open, nested := token.(json.Delim)
	if err != nil || !nested {
		return ""
	}
	seen := map[string]bool{}
	for d.More() {
		if open == '{' {
			key, _ := d.Token()
			name := fmt.Sprint(key)
			if seen[name] {
				return name
			}
			seen[name] = true
		}
		if name := twin(d); name != "" {
			return name
		}
	}
	_, _ = d.Token() // the closing bracket of a value already known to be valid
	return ""
}

func (c claims) has(name string) bool {
	_, ok := c[name]
	return ok
}

// text is a string claim, or "" for anything else.
func (c claims) text(name string) string {
	var s string
	_ = json.Unmarshal(c[name], &s) // another type reads as absent
	return s
}

// yes is a boolean claim; some providers send it as a string.
func (c claims) yes(name string) bool {
	return string(c[name]) == "true" || c.text(name) == "true"
}

// instant is a claim in seconds since 1970, or the zero time.
func (c claims) instant(name string) time.Time {
	var seconds float64
	if json.Unmarshal(c[name], &seconds) != nil || seconds == 0 || math.Abs(seconds) > 1<<40 {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0).UTC()
}

// texts is a claim that may be one string or several.
func (c claims) texts(name string) ([]string, error) { return list(c[name]) }

func list(raw json.RawMessage) ([]string, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return []string{one}, nil
	}
	var many []*string
	err := json.Unmarshal(raw, &many)
	if err != nil || slices.Contains(many, nil) {
		return nil, fmt.Errorf("%.80s is no list of names", raw)
	}
	out := make([]string, len(many))
	for i, s := range many {
		out[i] = *s
	}
	return out, nil
}

// groups reads the configured claim. Entra leaves groups out of a token once there are
// too many of them and points elsewhere; taking that for "no groups" would silently
// demote somebody, so it is refused by name.
func (c claims) groups(claim string) ([]string, error) {
	if c.overage(claim) {
		return nil, fail(GroupOverage, "the claim %q was left out because it grew too large", claim)
	}
	groups, err := list(c.find(claim))
	if err != nil {
		return nil, fail(GroupsUnclear, "the claim %q: %w", claim, err)
	}
	return groups, nil
}

func (c claims) overage(claim string) bool {
	var elsewhere map[string]json.RawMessage
	_ = json.Unmarshal(c["_claim_names"], &elsewhere) // absent in most tokens
	_, moved := elsewhere[claim]
	return moved || claim == "groups" && c.yes("hasgroups")
}

// find looks a claim up by its exact name first, because names that are addresses hold
// dots, and then descends at each dot in turn.
func (c claims) find(name string) json.RawMessage {
	if raw, ok := c[name]; ok {
		return raw
	}
	for i := range name {
		if name[i] != '.' {
			continue
		}
		var inner claims
		if json.Unmarshal(c[name[:i]], &inner) != nil {
			continue
		}
		if raw := inner.find(name[i+1:]); raw != nil {
			return raw
		}
	}
	return nil
}

// filled adds the members of more that c lacks. The address and whether it is verified
// belong together, and what describes the sitting comes from the signed token only.
func (c claims) filled(more claims) claims {
	out := maps.Clone(more)
	delete(out, "auth_time")
	delete(out, "sid")
	if c.has("email") {
		delete(out, "email_verified")
	}
	maps.Copy(out, c)
	return out
}
