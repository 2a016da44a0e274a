package oidc

import "slices"

// RoleMap turns groups into one role. Groups are compared as whole strings; a group it
// does not know counts for nothing.
type RoleMap struct {
	Roles map[string]string // group to role
	// Precedence orders the roles: of several, a person gets the first. Roles missing here
	// come last, in alphabetical order.
	Precedence []string
	// Alone are roles nobody may hold beside another, such as the external auditor's.
	Alone []string
}

// Role returns the one role of somebody in these groups, or "" when none of them is
// known. It refuses, with RoleConflict, a role of Alone together with any other: picking
// either would hand an auditor the company's rights or hide the mistake.
func (m RoleMap) Role(groups []string) (string, error) {
	held := m.held(groups)
	if len(held) == 0 {
		return "", nil
	}
	for _, role := range held {
		if len(held) > 1 && slices.Contains(m.Alone, role) {
			return "", fail(RoleConflict, "the groups %q give the roles %q, and %q stands alone", groups, held, role)
		}
	}
	return held[0], nil
}

// held are the distinct roles of these groups in order of precedence.
func (m RoleMap) held(groups []string) []string {
	var held []string
	for _, group := range groups {
		if role := m.Roles[group]; role != "" && !slices.Contains(held, role) {
			held = append(held, role)
		}
	}
	slices.Sort(held)
	slices.SortStableFunc(held, func(a, b string) int { return m.rank(a) - m.rank(b) })
	return held
}

func (m RoleMap) rank(role string) int {
	if i := slices.Index(m.Precedence, role); i >= 0 {
		return i
	}
	return len(m.Precedence)
}
