package idp

import (
	"crypto/rand"
	"maps"
	"sync"
	"time"
)

// A grant is one sign-in on its way from the button to the tokens.
type grant struct {
	Client, Redirect string
	Challenge, Nonce string
	Scopes           []string
	Subject, SID     string
	At, Expires      time.Time

	spent  bool
	bearer string // the access token this code was exchanged for
}

// memory is everything the provider forgets when it stops.
type memory struct {
	mu       *sync.Mutex
	codes    map[string]*grant
	bearers  map[string]grant
	signIns  map[string]grant // by sid
	inactive map[string]bool  // by subject
	// What can no longer be refreshed: refresh tokens and sign-ins, until they run out.
	over map[string]time.Time
}

func newMemory() memory {
	return memory{
		mu: new(sync.Mutex), codes: map[string]*grant{}, bearers: map[string]grant{},
		signIns: map[string]grant{}, inactive: map[string]bool{}, over: map[string]time.Time{},
	}
}

// issue keeps a grant for CodeLife and returns its code.
func (m *memory) issue(g grant, now time.Time) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget(now)
	code := rand.Text()
	g.Expires = now.Add(CodeLife)
	m.codes[code] = &g
	return code
}

// spend hands a code's grant out once, if it is still good for this client. A second
// presentation means somebody else has seen the code: the tokens it bought are taken back.
func (m *memory) spend(code, client string, now time.Time) (grant, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	g, ok := m.codes[code]
	if !ok || g.Client != client {
		return grant{}, false
	}
	if g.spent {
		delete(m.bearers, g.bearer)
		m.over[g.SID] = now.Add(SignInLife)
		return grant{}, false
	}
	g.spent = true
	return *g, !now.After(g.Expires) && !m.inactive[g.Subject]
}

// bearer makes the access token of a spent code and remembers the sign-in.
func (m *memory) bearer(code string, g grant, now time.Time) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	token := rand.Text()
	if c, ok := m.codes[code]; ok {
		c.bearer = token
	}
	g.Expires = now.Add(BearerLife)
	m.bearers[token] = g
	g.Expires = now.Add(SignInLife)
	m.signIns[g.SID] = g
	return token
}

func (m *memory) bearing(token string, now time.Time) (grant, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	g, ok := m.bearers[token]
	return g, ok && now.Before(g.Expires)
}

// dropBearer makes an access token of the client good no more.
func (m *memory) dropBearer(token, client string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.bearers[token].Client == client {
		delete(m.bearers, token)
	}
}

// end forgets the sign-ins that match and returns them, so that their sites can be told.
func (m *memory) end(match func(grant) bool) []grant {
	m.mu.Lock()
	defer m.mu.Unlock()
	var ended []grant
	for sid, g := range m.signIns {
		if match(g) {
			ended = append(ended, g)
			m.over[sid] = g.Expires
			delete(m.signIns, sid)
		}
	}
	maps.DeleteFunc(m.bearers, func(_ string, g grant) bool { return match(g) })
	return ended
}

// spendRefresh reports whether a refresh token is good, and makes it good no more.
func (m *memory) spendRefresh(id string, g grant, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget(now)
	_, spent := m.over[id]
	_, ended := m.over[g.SID]
	m.over[id] = g.Expires
	return !spent && !ended && now.Before(g.Expires)
}

func (m *memory) setInactive(subject string, inactive bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.inactive[subject] = inactive
}

func (m *memory) isInactive(subject string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.inactive[subject]
}

// forget drops what has run out. A spent code is kept a few minutes longer than it is
// good for, because its second use still has to be recognised.
func (m *memory) forget(now time.Time) {
	maps.DeleteFunc(m.codes, func(_ string, g *grant) bool { return now.After(g.Expires.Add(TokenLife)) })
	maps.DeleteFunc(m.bearers, func(_ string, g grant) bool { return now.After(g.Expires) })
	maps.DeleteFunc(m.signIns, func(_ string, g grant) bool { return now.After(g.Expires) })
	maps.DeleteFunc(m.over, func(_ string, until time.Time) bool { return now.After(until) })
}
