package oidc

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Pending is a sign-in that has begun. The caller keeps it on its own side, bound to the
// browser, and takes it out *before* calling Finish: that makes it single use.
type Pending struct {
	Provider  string
	State     string
	Nonce     string
	Verifier  string
	ReturnTo  string
	CreatedAt time.Time
	Ask       Ask
}

// Ask is what a sign-in has to be beyond good. The zero Ask asks for nothing.
type Ask struct {
	MaxAge time.Duration // the person must have proved themselves at most this long ago
	ACR    []string      // the authentication context must be one of these
	Login  bool          // the provider must ask them to, even if it knows them already
	// TrustPrompt believes that a provider which never says when somebody proved
	// themselves did as Login asks.
	TrustPrompt bool
}

// Identity is a person as the provider knows them. Issuer and Subject together are who
// they are; everything else may change from one sign-in to the next.
type Identity struct {
	Issuer, Subject string
	Email           string
	EmailVerified   bool
	Name            string
	Groups          []string
	AuthTime        time.Time // zero when the provider does not say
	AuthAge         time.Duration
	SID             string // the provider's name for this sitting, for logout
	IDToken         string // raw, as the hint for LogoutURL
	Grant           Grant
	Silent          bool // of a Recheck: the provider stands by them and says nothing else
}

// Begin returns the address to send the browser to and what to remember until it comes
// back. returnTo is made safe first. It fails only when the provider cannot be used.
func (p *Provider) Begin(ctx context.Context, returnTo string, ask Ask) (string, Pending, error) {
	m, err := p.discover(ctx)
	if err != nil {
		return "", Pending{}, p.named(err)
	}
	pending := Pending{
		Provider: p.config.Name, State: rand.Text(), Nonce: rand.Text(),
		Verifier: oauth2.GenerateVerifier(), ReturnTo: SafeReturn(returnTo),
		CreatedAt: p.config.Now(), Ask: ask,
	}
	options := []oauth2.AuthCodeOption{
		gooidc.Nonce(pending.Nonce),
		oauth2.S256ChallengeOption(pending.Verifier),
	}
	if ask.MaxAge > 0 {
		seconds := strconv.Itoa(int(ask.MaxAge.Seconds()))
		options = append(options, oauth2.SetAuthURLParam("max_age", seconds))
	}
	if ask.Login {
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"))
	}
	if len(ask.ACR) > 0 {
		options = append(options, oauth2.SetAuthURLParam("acr_values", strings.Join(ask.ACR, " ")))
	}
	return p.oauth(m).AuthCodeURL(pending.State, options...), pending, nil
}

// Finish turns the parameters the browser came back with into an identity, or refuses
// with a Failure. Nothing in the parameters is believed before the state is.
func (p *Provider) Finish(ctx context.Context, query url.Values, pending Pending) (Identity, error) {
	id, err := p.finish(ctx, query, pending)
	return id, p.named(err)
}

func (p *Provider) finish(ctx context.Context, query url.Values, pending Pending) (Identity, error) {
	if err := pending.check(p.config.Name, query, p.config.Now()); err != nil {
		return Identity{}, err
	}
	m, err := p.discover(ctx)
	if err != nil {
		return Identity{}, err
	}
	if err := p.checkAnswer(m, query); err != nil {
		return Identity{}, err
	}
	token, err := p.exchange(ctx, m, query.Get("code"), pending)
	if err != nil {
		return Identity{}, err
	}
	return p.identify(ctx, m, token, pending)
}

// check holds the browser's answer against the sign-in that was begun.
func (b Pending) check(provider string, query url.Values, now time.Time) error {
	for name, values := range query {
		if len(values) > 1 {
			return fail(AnswerUnclear, "the parameter %q came %d times", name, len(values))
		}
	}
	switch {
	case b.State == "":
		return fail(NotPending, "no sign-in is pending")
	case b.Provider != provider:
		return fail(MixUp, "the sign-in was begun with %q", b.Provider)
	case now.Sub(b.CreatedAt) > PendingLife:
		return fail(TooLate, "begun at %s", b.CreatedAt.Format(time.RFC3339))
	case !same(query.Get("state"), b.State):
		return fail(StateWrong, "the state is %q", query.Get("state"))
	}
	return nil
}

// checkAnswer checks who answers (RFC 9207) and whether the answer is a code.
func (p *Provider) checkAnswer(m *metadata, query url.Values) error {
	switch issuer := query.Get("iss"); {
	case query.Has("iss") && issuer != p.config.Issuer:
		return fail(MixUp, "the answer names the issuer %q", issuer)
	case !query.Has("iss") && m.document.SendsIssuer:
		return fail(MixUp, "the provider promised to name itself, and the answer does not")
	}
	if code := query.Get("error"); code != "" {
		return fail(errorReason(code), "the provider said %q: %q", code, query.Get("error_description"))
	}
	if query.Get("code") == "" {
		return fail(AnswerUnclear, "the answer holds neither a code nor an error")
	}
	return nil
}

func errorReason(code string) Reason {
	switch code {
	case "access_denied", "login_required", "interaction_required", "consent_required", "account_selection_required":
		return Denied
	case "temporarily_unavailable":
		return Unavailable
	}
	return ProviderError
}

// exchange spends the code. The response body stays out of the log: it may hold tokens.
func (p *Provider) exchange(ctx context.Context, m *metadata, code string, pending Pending) (*oauth2.Token, error) {
	token, err := p.oauth(m).Exchange(p.withClient(ctx), code, oauth2.VerifierOption(pending.Verifier))
	var refused *oauth2.RetrieveError
	switch {
	case errors.As(err, &refused) && refused.Response.StatusCode >= 500:
		return nil, fail(Unavailable, "token endpoint: %s", refused.Response.Status)
	case errors.As(err, &refused) && (refused.ErrorCode == "invalid_client" || refused.ErrorCode == "unauthorized_client"):
		return nil, fail(Misconfigured, "token endpoint: %s: our client id or secret is wrong: %q", refused.Response.Status, refused.ErrorDescription)
	case errors.As(err, &refused):
		return nil, fail(CodeRefused, "token endpoint: %s: %q: %q", refused.Response.Status, refused.ErrorCode, refused.ErrorDescription)
	case err != nil:
		return nil, fail(Unavailable, "token endpoint: %w", err)
	}
	return token, nil
}

// LogoutURL is where to send the browser to end the sitting at the provider as well, or
// "" when the provider offers no such address or cannot be reached.
func (p *Provider) LogoutURL(ctx context.Context, idTokenHint, postLogout string) string {
	m, err := p.discover(ctx)
	if err != nil || m.document.EndSession == "" {
		return ""
	}
	u, err := url.Parse(m.document.EndSession)
	if err != nil {
		return ""
	}
	q := u.Query()
	q.Set("client_id", p.config.ClientID)
	if idTokenHint != "" {
		q.Set("id_token_hint", idTokenHint)
	}
	if postLogout != "" {
		q.Set("post_logout_redirect_uri", postLogout)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
