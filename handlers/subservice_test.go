package handlers_test

import (
	"context"
	"strings"
	"testing"

	"assay/models"
	"assay/models/engagement"
	"assay/models/modelstest"
)

// plan makes an engagement that is not in fieldwork yet.
func (w fieldwork) plan() (at string) {
	w.Helper()
	must(w.T, modelstest.As(w.T, w.db, w.priya, func(ctx context.Context, tx *models.Tx) error {
		_, err := engagement.Create(ctx, tx, engagement.Terms{
			Name: "Planned 2027", Firm: "Brandt & Okafor", Kind: engagement.Readiness, Criteria: []string{"CC6.1", "CC6.4"},
			PeriodStart: "2026-07-01", PeriodEnd: "2026-12-31", Zone: "America/New_York", OpensOn: "2026-08-01", ClosesOn: "2027-03-31",
		})
		return err
	}))
	return "/engagements/planned-2027/deliverables"
}

func TestSubserviceOrganisationsAreListedBeforeFieldwork(t *testing.T) {
	eachFieldwork(t, func(w fieldwork) {
		at := w.plan()
		list := at + "/subservice"
		w.Get(w.priya, list).Want(200).Has("No subservice organisation is named", "Name an organisation")
		w.Get(w.executive, list).Want(200).Lacks("Name an organisation")
		w.Get(w.owner, list).Want(404)
		w.Get(w.jonas, list).Want(404) // of another engagement
		w.Get(w.executive, list+"/new").Want(404)
		w.Get(w.priya, list+"/new").Want(200).Has("Carve-out")
		w.Post(w.priya, list, "name", "", "services", "", "method", "").Want(422).Has("Name the organisation", "Choose carve-out or inclusive")
		w.Post(w.priya, list, "name", "Northwind <Cloud>", "services", "Hosting", "method", "carve_out").Want(303)
		one := list + "/SO-1"
		page := w.Get(w.priya, one).Want(200).Has("Northwind <Cloud>", "No report of its own is on record")
		w.Post(w.priya, one+"/controls", "text", "Physical access is restricted.", "criteria", "CC9.9", "controls", "").Want(422).Has("CC9.9 is no criterion in scope", "Physical access is restricted.")
		w.Post(w.priya, one+"/controls", "text", "Physical access is restricted.", "criteria", "CC6.4, CC6.1", "controls", "").Want(303)
		w.Post(w.priya, one+"/rely", "rev", page.Field("rev"), "monitors", "", "report_kind", "soc2_type_2", "report_by", "Tarn", "report_from", "2026-01-01", "report_to", "2026-09-30", "evidence", "E-99").Want(422).Has("No evidence has this code")
		w.Post(w.priya, one+"/rely", "rev", page.Field("rev"), "monitors", "AC-03", "report_kind", "soc2_type_2", "report_by", "Tarn", "report_from", "2026-01-01", "report_to", "2026-09-30", "evidence", "").Want(303)
		w.Get(w.priya, one).Want(200).Has("Its report leaves out 2026-10-01 to 2026-12-31 (92 days)", "Monitored by AC-03")
		w.Get(w.executive, one).Want(200).Has("CSOC-1").Lacks("Record report and monitoring")
		w.Post(w.priya, at+"/cuecs", "text", "User entities remove leavers.", "criteria", "").Want(422).Has("at least one criterion")
		w.Post(w.priya, at+"/cuecs", "text", "User entities remove leavers.", "criteria", "CC6.1").Want(303)
		users := w.Get(w.priya, at+"/cuecs").Want(200).Has("CUEC-1", "User entities remove leavers.")
		w.Post(w.priya, at+"/complements/2", "rev", users.Field("rev"), "text", "", "criteria", "CC6.1").Want(422).Has("Say what has to be done")
		w.Post(w.priya, at+"/complements/2", "rev", users.Field("rev"), "text", "User entities remove leavers at once.", "criteria", "CC6.1").Want(303)
		w.files(at)
		w.Post(w.priya, at+"/complements/2/remove", "rev", w.Get(w.priya, at+"/cuecs").Field("rev")).Want(303)
		w.Get(w.priya, at+"/cuecs").Want(200).Lacks("CUEC-1")
		w.Post(w.priya, one+"/remove", "rev", "2").Want(303)
		w.Get(w.priya, list).Want(200).Lacks("Northwind")
	})
}

// files: each list comes as each kind of file, to those who may read the page.
func (w fieldwork) files(at string) {
	w.Helper()
	for _, name := range []string{"/subservice", "/cuecs"} {
		for _, ending := range []string{".csv", ".xlsx", ".docx"} {
			w.Get(w.owner, at+name+ending).Want(404)
			body := w.Get(w.executive, at+name+ending).Want(200).Body
			if ending != ".csv" && !strings.HasPrefix(body, "PK") {
				w.Errorf("%s%s is %q", name, ending, body[:10])
			}
			if ending == ".csv" && !strings.Contains(body, "CC6.1") {
				w.Errorf("%s%s is %q", name, ending, body)
			}
		}
	}
}

func TestInFieldworkSubserviceOrganisationsAreProposed(t *testing.T) {
	eachFieldwork(t, func(w fieldwork) {
		at, scope := "/engagements/fieldwork-2026/deliverables/subservice", "/engagements/fieldwork-2026/scope"
		w.Get(w.jonas, at).Want(200).Lacks("Propose an organisation")
		w.Get(w.priya, at).Want(200).Has("Propose an organisation")
		w.Post(w.priya, at, "name", "Northwind", "services", "Hosting", "method", "carve_out").Want(409).Has("both sides agree")
		w.Post(w.priya, at+"/propose", "name", "Northwind", "services", "Hosting", "method", "carve_out", "reason", "").Want(422).Has("Say why the scope has to change")
		w.Post(w.priya, at+"/propose", "name", "Northwind", "services", "Hosting", "method", "carve_out", "reason", "It joined.").Want(303)
		page := w.Get(w.priya, scope).Want(200).Has("Subservice organisation added: Northwind, carve-out. Hosting")
		w.Get(w.priya, at).Want(200).Lacks("Northwind")
		agree := scope + "/proposals/1/agree"
		w.Post(w.priya, agree, "rev", page.Field("rev"), "letter", "").Want(422).Has("Name the letter or mail")
		w.Post(w.priya, agree, "rev", page.Field("rev"), "letter", "mail of 1 March 2026").Want(303)
		w.Get(w.jonas, at).Want(200).Has("Northwind", "No control of ours monitors it")
		w.Get(w.priya, "/engagements/fieldwork-2026/deliverables").Want(200).Has("No CSOC is listed for 1 carved-out organisation.", "Request list")
		w.Post(w.priya, at+"/SO-1/propose", "out", "yes", "reason", "It left.").Want(303)
		w.Get(w.priya, scope).Want(200).Has("Subservice organisation left out: Northwind")
	})
}
