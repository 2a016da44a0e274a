package people

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"assay/models"
)

// Erase replaces what tells who a deactivated person is by a pseudonym: name, address,
// title and identity go, with their sessions and with the notes of the log that name them.
// What they did stays, under the pseudonym, and the log still proves it, for its leaves
// know people by their ids. It is for good. It refuses people who may still sign in, who
// were erased already, and to do it without a reason.
func Erase(ctx context.Context, tx *models.Tx, p *Person, reason string) error {
	switch {
	case p.ErasedAt != nil:
		return models.Conflict("The contact data of " + p.Name + " is erased already.")
	case p.Status != Deactivated:
		return models.Conflict("Deactivate the account of " + p.Name + " first.")
	case strings.TrimSpace(reason) == "":
		return models.Invalid(map[string]string{"reason": "Say why, for whoever reads the record later."})
	case namesIn(reason, *p):
		return models.Invalid(map[string]string{"reason": "The reason stays on record, so it must not name the person."})
	}
	old := *p
	p.Name, p.Email = p.Pseudonym(), fmt.Sprintf("former-%d@erased.invalid", p.ID)
	p.Title, p.Issuer, p.Subject, p.ErasedAt = "", "", "", &tx.Now
	set := models.Columns{"Name", "Email", "Title", "Issuer", "Subject", "ErasedAt"}
	if err := models.Update(ctx, tx, p, set, "person.erase", models.Note{"reason": reason}); err != nil {
		return err
	}
	if _, err := models.Remove[Session](ctx, tx, "person_id = ?", p.ID); err != nil {
		return err
	}
	return models.EraseNotes(ctx, tx, old.names()...)
}

// Pseudonym is what p is called once who they were is erased.
func (p Person) Pseudonym() string { return fmt.Sprintf("Former person %d", p.ID) }

// names are the words that tell who p is. A name of three letters is part of many a word.
func (p Person) names() []string {
	if len(p.Name) > 3 {
		return []string{p.Email, p.Name}
	}
	return []string{p.Email}
}

func namesIn(text string, p Person) bool {
	return slices.ContainsFunc(p.names(), func(name string) bool { return strings.Contains(strings.ToLower(text), strings.ToLower(name)) })
}
