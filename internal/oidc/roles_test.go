package oidc_test

import (
	"errors"
	"net/http"
	"testing"

	"assay/internal/oidc"
)

func TestGroupsGiveOneRole(t *testing.T) {
	m := oidc.RoleMap{
		Roles: map[string]string{
			"g-admin": "administrator", "g-comp": "compliance", "g-own": "owner", "g-own2": "owner", "g-aud": "auditor", "g-new": "zoo keeper",
		},
		Precedence: []string{"administrator", "compliance", "owner", "auditor"},
		Alone:      []string{"auditor"},
	}
	for name, tc := range map[string]struct {
		groups []string
		want   string
		reason oidc.Reason
	}{
		"no groups":                              {nil, "", ""},
		"an unknown group":                       {[]string{"staff"}, "", ""},
		"a group in other capitals":              {[]string{"G-ADMIN"}, "", ""},
		"a group with a blank behind":            {[]string{"g-admin "}, "", ""},
		"an empty group":                         {[]string{""}, "", ""},
		"one known group among unknown":          {[]string{"staff", "g-own"}, "owner", ""},
		"two groups, the weaker first":           {[]string{"g-own", "g-admin"}, "administrator", ""},
		"a role without precedence comes last":   {[]string{"g-new", "g-own"}, "owner", ""},
		"two groups for one role":                {[]string{"g-own", "g-own2"}, "owner", ""},
		"an auditor":                             {[]string{"g-aud", "staff"}, "auditor", ""},
		"an auditor who also works here":         {[]string{"g-aud", "g-own"}, "", oidc.RoleConflict},
		"an administrator who is also auditor":   {[]string{"g-admin", "g-aud"}, "", oidc.RoleConflict},
		"an auditor twice is still one auditor":  {[]string{"g-aud", "g-aud"}, "auditor", ""},
		"an unranked role beside the auditor's ": {[]string{"g-new", "g-aud"}, "", oidc.RoleConflict},
	} {
		role, err := m.Role(tc.groups)
		if role != tc.want || oidc.Why(err) != tc.reason {
			t.Errorf("%s: %q (%v), want %q %q", name, role, err, tc.want, tc.reason)
		}
	}
	_, err := m.Role([]string{"g-aud", "g-own"})
	if got := status(err); got != http.StatusForbidden {
		t.Errorf("a conflict has status %d", got)
	}
}

// status is the page status of a failure, or 0 for any other error.
func status(err error) int {
	var failure *oidc.Failure
	if !errors.As(err, &failure) {
		return 0
	}
	return failure.Status()
}
