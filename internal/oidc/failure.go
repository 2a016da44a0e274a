package oidc

import (
	"errors"
	"fmt"
	"net/http"
)

// A Reason says why a sign-in or a logout token was refused. It is a word for the log
// and for tests; the reader gets the sentence that belongs to it.
type Reason string

// Reasons that lie with the provider or the way to it.
const (
	Unavailable   Reason = "provider-unavailable"   // cannot be reached, or answers nonsense
	Misconfigured Reason = "provider-misconfigured" // announces something we must not rely on, or does not know our secret
	ProviderError Reason = "provider-error"         // sent the browser back with an error
	Denied        Reason = "denied"                 // the person or a policy said no
	CodeRefused   Reason = "code-refused"           // the token endpoint did not take the code
	NoIDToken     Reason = "id-token-missing"
	Withdrawn     Reason = "withdrawn"      // it no longer stands by somebody who is signed in
	GrantUnknown  Reason = "grant-unknown"  // it does not know a refresh token, and does not say that it took it back
	RefreshFailed Reason = "refresh-failed" // it answered a refresh token with an error of its own
)

// Reasons that lie with the answer the browser brought.
const (
	NotPending    Reason = "not-pending"    // no sign-in is under way in this browser
	TooLate       Reason = "too-late"       // it was begun more than PendingLife ago
	StateWrong    Reason = "state-wrong"    // missing, or of another sign-in
	MixUp         Reason = "mix-up"         // the answer comes from another provider
	AnswerUnclear Reason = "answer-unclear" // no code, or a parameter twice
)

// Reasons that lie with a token.
const (
	Malformed       Reason = "token-malformed"
	Wrapped         Reason = "token-wrapped" // encrypted, or a token within a token
	CriticalHeader  Reason = "critical-header"
	WrongType       Reason = "token-type"
	DuplicateClaim  Reason = "duplicate-claim"
	Algorithm       Reason = "algorithm"
	KeyUnknown      Reason = "key-unknown"
	KeysUnavailable Reason = "keys-unavailable"
	Signature       Reason = "signature"
	Issuer          Reason = "issuer"
	Audience        Reason = "audience"
	AuthorisedParty Reason = "authorised-party"
	Expired         Reason = "expired"
	NotYetValid     Reason = "not-yet-valid"
	IssuedAt        Reason = "issued-at"
	Nonce           Reason = "nonce"
	AccessTokenHash Reason = "access-token-hash"
	AuthTime        Reason = "auth-time"
	AuthTimeUnsaid  Reason = "auth-time-unsaid"
	AuthContext     Reason = "auth-context"
	Subject         Reason = "subject"
	UserInfo        Reason = "userinfo"
)

// Reasons that lie with what the provider says of the person.
const (
	GroupOverage  Reason = "group-overage"
	GroupsUnclear Reason = "groups-unclear"
	RoleConflict  Reason = "role-conflict"
)

// Reasons that concern logout tokens alone.
const (
	LogoutEvent   Reason = "logout-event"
	LogoutNonce   Reason = "logout-nonce"
	LogoutID      Reason = "logout-id"
	LogoutSubject Reason = "logout-subject"
)

// A Failure is the one error type of this package's verbs. Error is for the log and may
// quote what the provider sent; Sentence is for the reader and never does.
type Failure struct {
	Reason   Reason
	Provider string
	cause    error
}

// Error keeps to a length that a log line can bear: go-oidc quotes whole answers.
func (f *Failure) Error() string {
	return fmt.Sprintf("sign-in %s: %s: %.1000s", f.Provider, f.Reason, f.cause.Error())
}

func (f *Failure) Unwrap() error { return f.cause }

// Status is the HTTP status of the page that shows the failure.
func (f *Failure) Status() int {
	switch f.Reason {
	case Unavailable, Misconfigured, KeysUnavailable:
		return http.StatusServiceUnavailable
	case Denied, GroupOverage, GroupsUnclear, RoleConflict:
		return http.StatusForbidden
	}
	return http.StatusBadRequest
}

// Sentence says what happened and what to do, without a word the provider chose.
func (f *Failure) Sentence() string {
	if s, ok := sentences[f.Reason]; ok {
		return s
	}
	return "The identity provider's answer did not pass our checks, so nobody has been signed in. Try once more; if it happens again, give your administrator the request id below."
}

var sentences = map[Reason]string{
	Unavailable:   "The identity provider cannot be reached at the moment. Nothing is lost; try again in a minute.",
	Misconfigured: "This site and the identity provider are not set up to work together, so nobody can sign in. Ask your administrator to look at the log.",
	ProviderError: "The identity provider reported an error and did not sign you in. Try again; if it happens again, ask the people who run it.",
	Denied:        "The identity provider did not let you in. If you did not stop it yourself, ask the people who run it for access to this site.",
	Withdrawn:     "The identity provider does not confirm this sign-in. Start again from the sign-in page.",
	GrantUnknown:  "The identity provider does not confirm this sign-in. Start again from the sign-in page.",
	RefreshFailed: "The identity provider did not confirm this sign-in. Try again in a minute.",
	CodeRefused:   "The identity provider did not confirm this sign-in. Start again from the sign-in page.",

	NotPending: "No sign-in is under way in this browser, or it is already finished. Start again from the sign-in page.",
	TooLate:    "This sign-in took longer than ten minutes. Start again from the sign-in page.",
	StateWrong: "This answer belongs to another sign-in than the one begun in this browser. Start again from the sign-in page.",
	MixUp:      "The answer came from another identity provider than the one you chose, so nobody has been signed in. Start again from the sign-in page.",

	KeysUnavailable: "The identity provider's keys cannot be fetched at the moment. Nothing is lost; try again in a minute.",
	IssuedAt:        "The clocks of the identity provider and of this server do not agree, so nobody has been signed in. Ask your administrator to check them.",
	NotYetValid:     "The clocks of the identity provider and of this server do not agree, so nobody has been signed in. Ask your administrator to check them.",
	AuthTimeUnsaid:  "This step needs a fresh sign-in, and the identity provider does not say when you signed in, so nothing was done. Your administrator finds what to set under \"Step-up\" in the operating manual.",
	AuthTime:        "This step needs a fresh sign-in, and the identity provider did not ask you for one. Sign out there, then try again.",
	AuthContext:     "This step needs a stronger sign-in than the identity provider made. Sign in with your second factor.",

	GroupOverage:  "You are in more groups than the identity provider puts into a sign-in, so your role cannot be told. Ask your administrator to send app roles, or only the groups assigned to this site.",
	GroupsUnclear: "The identity provider sent your groups in a form we cannot read, so your role cannot be told. Ask your administrator to look at the log.",
	RoleConflict:  "Your groups make you an external auditor and a member of the company at once, which nobody can be. Ask your administrator to remove you from one of them.",
}

// Why returns the reason behind an error of this package, or "" for any other.
func Why(err error) Reason {
	var f *Failure
	if errors.As(err, &f) {
		return f.Reason
	}
	return ""
}

// fail makes a failure that does not yet know its provider; the verbs add it.
func fail(reason Reason, format string, args ...any) *Failure {
	return &Failure{Reason: reason, cause: fmt.Errorf(format, args...)}
}

// named adds the provider's name to a failure on its way out.
func (p *Provider) named(err error) error {
	var f *Failure
	if errors.As(err, &f) {
		f = &Failure{Reason: f.Reason, Provider: p.config.Name, cause: f.cause}
		return f
	}
	return err
}
