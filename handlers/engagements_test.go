package handlers_test

import (
	"strconv"
	"testing"

	"assay/handlers/handlerstest"
	"assay/models"
	"assay/models/access"
	"assay/models/modelstest"
	"assay/models/people"
)

var engagementFields = []string{
	"name", "SOC 2 Type II 2026", "firm", "Brandt & Okafor", "kind", "type_2", "criteria", "security", "criteria", "availability",
	"period_start", "2026-01-01", "period_end", "2026-12-31", "zone", "America/New_York", "opens_on", "2026-03-01", "closes_on", "2026-10-31",
}

const engagementAt = "/engagements/soc-2-type-ii-2026"

// with is fields with one of them replaced.
func with(fields []string, name, value string) []string {
	out := append([]string(nil), fields...)
	for i := 0; i+1 < len(out); i += 2 {
		if out[i] == name {
			out[i+1] = value
			return out
		}
	}
	return append(out, name, value)
}

// outsider adds an external auditor of the firm.
func outsider(t *testing.T, db *models.DB, name string) access.Actor {
	t.Helper()
	p := people.Person{Name: name, Email: name + "@brandt.example", Firm: "Brandt & Okafor", Role: access.Auditor, Status: people.Active, InvitedAt: db.Now()}
	err := db.Write(t.Context(), access.Clock, func(tx *models.Tx) error {
		return models.Insert(t.Context(), tx, &p, "person.invite")
	})
	if err != nil {
		t.Fatal(err)
	}
	return p.Actor()
}

func TestEngagementPages(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		site := handlerstest.New(t, db)
		ana := modelstest.Person(t, db, access.Compliance)
		site.Get(ana, "/engagements").Want(200).Has("No engagement yet")
		site.Get(ana, "/engagements/new").Want(200).Has("Time zone", "33 criteria")

		site.Post(ana, "/engagements", with(engagementFields, "zone", "Gotham")...).Want(422).Has("This is no time zone", "SOC 2 Type II 2026")
		site.Post(ana, "/engagements", with(engagementFields, "period_end", "2026-02-30")...).Want(422).Has("Enter a date that exists")
		site.Post(ana, "/engagements", append(engagementFields, "left_out", "CC1.1")...).Want(422).Has("CC1.1 is missing")
		if p := site.Post(ana, "/engagements", append(engagementFields, "left_out", "A1.3")...).Want(303); p.Location != engagementAt {
			t.Fatalf("went to %s", p.Location)
		}
		site.Get(ana, "/engagements").Want(200).Has("SOC 2 Type II 2026", "Open now")
		page := site.Get(ana, engagementAt).Want(200).Has("Brandt & Okafor", "Open until Sun 1 Nov 2026, 00:00 America/New_York", "Nobody from outside has access")
		site.Get(ana, engagementAt+"/history").Want(200).Has("set up the engagement SOC 2 Type II 2026")
		site.Get(ana, engagementAt+"/scope").Want(200).Has("Security, 33 of 33", "Availability, 2 of 3")

		t.Run("changed, and the slower of two is told", func(t *testing.T) {
			form := site.Get(ana, engagementAt+"/edit").Want(200)
			rev := form.Field("rev")
			changed := append(with(engagementFields, "closes_on", "2026-11-30"), "rev", rev)
			site.Post(ana, engagementAt+"/edit", changed...).Want(303)
			site.Post(ana, engagementAt+"/edit", changed...).Want(409).Has("Someone changed this")
			site.Get(ana, engagementAt+"/scope").Has("Availability, 3 of 3")
		})
		t.Run("moved, with what a move asks for", func(t *testing.T) {
			rev := site.Get(ana, engagementAt).Field("rev")
			site.Post(ana, engagementAt+"/move", "rev", rev, "to", "cancelled").Want(422).Has("Say why")
			site.Post(ana, engagementAt+"/move", "rev", rev, "to", "issued").Want(409).Has("cannot go to Issued")
			site.Post(ana, engagementAt+"/move", "rev", page.Field("rev"), "to", "planning").Want(409).Has("Someone changed this")
			site.Post(ana, engagementAt+"/move", "rev", rev, "to", "planning").Want(303)
		})
		t.Run("auditors are named and removed", func(t *testing.T) {
			site.Get(ana, engagementAt).Has("Nobody else of Brandt & Okafor has an auditor account")
			miriam := outsider(t, db, "Miriam Brandt")
			site.Get(ana, engagementAt).Has("Give access to", "Miriam Brandt")
			site.Post(ana, engagementAt+"/auditors", "person", strconv.FormatInt(ana.ID, 10), "part", "lead").Want(422).Has("Only external auditors")
			site.Post(ana, engagementAt+"/auditors", "person", strconv.FormatInt(miriam.ID, 10), "part", "lead").Want(303)
			site.Get(ana, engagementAt).Has("Lead auditor").Lacks("Give access to")
			site.Get(miriam, engagementAt+"/history").Want(404)
			site.Post(ana, engagementAt+"/auditors/1/remove", "rev", "1").Want(303)
			site.Get(ana, engagementAt).Has("Nobody from outside has access")
			site.Get(ana, engagementAt+"/history").Has("gave an auditor access", "took an auditor's access")
		})
		t.Run("what nobody set up is not found", func(t *testing.T) {
			site.Get(ana, "/engagements/other").Want(404)
			site.Post(ana, "/engagements/other/move", "rev", "1", "to", "planning").Want(404)
		})
		t.Run("an executive reads and is offered nothing", func(t *testing.T) {
			eve := modelstest.Person(t, db, access.Executive)
			site.Get(eve, engagementAt).Want(200).Lacks("Start fieldwork", "Cancel the engagement", "Change")
			site.Get(eve, engagementAt+"/edit").Want(404)
		})
	})
}
