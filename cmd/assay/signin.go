package main

import (
	"fmt"
	"strings"

	"assay/handlers"
	"assay/internal/config"
	"assay/internal/oidc"
	"assay/models/access"
)

// signIn gives app the identity provider that c names. The provider is not contacted:
// a server starts while its provider is down.
func signIn(app *handlers.App, c config.Serve) error {
	roles, err := roleMap(c.OIDCRoleMap)
	if err != nil {
		return err
	}
	base := strings.TrimSuffix(c.BaseURL, "/")
	app.OIDC, err = oidc.New(oidc.Config{
		Name: "sso", Issuer: c.OIDCIssuer, ClientID: c.OIDCClientID, ClientSecret: c.OIDCClientSecret,
		RedirectURL: base + handlers.CallbackPath, Scopes: strings.Fields(c.OIDCScope), GroupClaim: c.OIDCRoleClaim,
		UserInfo: true, // some providers keep groups out of the ID token
		Offline:  c.OIDCOffline,
	})
	if err != nil {
		return config.Bad("oidc-issuer", "cannot be used: %v.", err)
	}
	app.ProviderName, app.Roles, app.Contact, app.BaseURL = c.OIDCName, roles, c.Contact, base
	app.SignInLimit, app.Proxies, app.TrustEmail, app.TrustPrompt = signInLimit, c.Proxies(), c.OIDCTrustEmail, c.OIDCTrustPrompt
	return nil
}

// signInLimit is how many sign-ins a minute one address may begin without finishing.
const signInLimit = 10

// roleMap reads group=role pairs. A group may hold any character but a comma; the role
// follows the last equals sign.
func roleMap(pairs string) (oidc.RoleMap, error) {
	m := oidc.RoleMap{Roles: map[string]string{}, Alone: []string{string(access.Auditor)}}
	for _, role := range access.Roles {
		m.Precedence = append(m.Precedence, string(role))
	}
	for pair := range strings.SplitSeq(pairs, ",") {
		i := strings.LastIndexByte(pair, '=')
		if i < 1 {
			return m, config.Bad("oidc-role-map", "has %q; it should be group=role pairs, such as engineering=control_owner.", pair)
		}
		group, role := strings.TrimSpace(pair[:i]), access.Role(strings.TrimSpace(pair[i+1:]))
		if !role.Valid() {
			return m, config.Bad("oidc-role-map", "gives %q the role %q; the roles are %s.", group, role, strings.Trim(fmt.Sprint(access.Roles), "[]"))
		}
		m.Roles[group] = string(role)
	}
	return m, nil
}
