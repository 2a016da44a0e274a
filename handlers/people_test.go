package handlers_test

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"assay/handlers/handlerstest"
	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/finding"
	"assay/models/ledger"
	"assay/models/modelstest"
	"assay/models/people"
)

func address(a access.Actor) string { return "/people/" + strconv.FormatInt(a.ID, 10) }

func personNow(t *testing.T, db *models.DB, id int64) (p people.Person) {
	t.Helper()
	modelstest.Look(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) (err error) {
		p, err = people.ByID(ctx, tx, id)
		return err
	})
	return p
}

func TestPeoplePages(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := handlerstest.New(t, db)
		ada, maya, sam := modelstest.Person(t, db, access.Administrator), modelstest.Person(t, db, access.Compliance), modelstest.Person(t, db, access.Owner)

		s.Get(ada, "/people").Want(http.StatusOK).Has("Administrator 1", "Control owner 3", "Invite somebody")
		s.Get(maya, "/people?role=control_owner").Want(http.StatusOK).Has("Control owner 3").Lacks("Administrator 1", "Invite somebody")
		s.Get(ada, "/people?q=nobody-at-all").Want(http.StatusOK).Has("Nobody matches")
		s.Get(maya, address(sam)).Want(http.StatusOK).Has("control_owner-3@halyard.example", "What they answer for").Lacks("Deactivate", "Signed in")
		s.Get(sam, "/people").Want(http.StatusNotFound)
		s.Get(sam, address(sam)).Want(http.StatusNotFound)
		s.Get(ada, "/people/999").Want(http.StatusNotFound)
		s.Get(ada, address(ada)).Want(http.StatusOK).Lacks("Change role")
		s.Post(maya, address(sam)+"/deactivate", "reason", "x").Want(http.StatusNotFound)

		s.Post(ada, "/people", "name", "Kim", "email", "kim", "role", "control_owner").Want(http.StatusUnprocessableEntity).Has("Enter an e-mail address")
		made := s.Post(ada, "/people", "name", "Kim <Öz>", "email", "kim@halyard.example", "role", "control_owner").Want(http.StatusSeeOther)
		s.Get(ada, made.Location).Want(http.StatusOK).Has("Kim <Öz>", "Invited", "invited by Administrator 1")

		page := s.Get(ada, address(sam))
		s.Post(ada, address(sam)+"/role", "rev", page.Field("rev"), "role", "executive_viewer").Want(http.StatusSeeOther)
		if p := personNow(t, db, sam.ID); p.Role != access.Executive {
			t.Errorf("the role is %q", p.Role)
		}
		s.Post(ada, address(sam)+"/role", "rev", page.Field("rev"), "role", "control_owner").Want(http.StatusConflict).Has("Someone changed this a moment ago")
		s.Post(ada, address(ada)+"/role", "role", "executive_viewer").Want(http.StatusForbidden).Has("Nobody changes their own role")
		s.Post(ada, address(sam)+"/deactivate").Want(http.StatusUnprocessableEntity).Has("Say why")
		s.Post(ada, address(sam)+"/deactivate", "reason", "Left on Friday.").Want(http.StatusSeeOther)
		s.Get(ada, address(sam)).Want(http.StatusOK).Has("Deactivated", "Left on Friday.", "Reactivate the account")
		s.Post(ada, address(sam)+"/reactivate").Want(http.StatusSeeOther)
	})
}

// TestRule14ErasingWhoSomebodyWas: contact data gives way to a pseudonym, what they did
// stays, and the log still verifies.
func TestRule14ErasingWhoSomebodyWas(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := handlerstest.New(t, db)
		ada, maya := modelstest.Person(t, db, access.Administrator), modelstest.Person(t, db, access.Compliance)
		made := s.Post(ada, "/people", "name", "Kim <Öz>", "email", "kim.oez@halyard.example", "title", "Platform", "role", "control_owner").Want(http.StatusSeeOther)
		var kim people.Person
		for _, p := range allPeople(t, db) {
			if p.Email == "kim.oez@halyard.example" {
				kim = p
			}
		}
		erase := func(rest ...string) handlerstest.Page {
			return s.Post(ada, made.Location+"/erase", append([]string{"rev", s.Get(ada, made.Location).Field("rev")}, rest...)...)
		}
		erase("name", "Kim <Öz>", "reason", "Asked to.").Want(http.StatusConflict).Has("Deactivate the account")
		s.Post(ada, made.Location+"/deactivate", "reason", "Kim <Öz> left.").Want(http.StatusSeeOther)
		s.Post(maya, made.Location+"/erase", "name", "Kim <Öz>", "reason", "Asked to.").Want(http.StatusNotFound)
		if again := erase("name", "Kim", "reason", "Asked to.").Want(http.StatusUnprocessableEntity).Has("Type the name as it stands above"); again.Field("reason") != "Asked to." {
			t.Error("the typed reason is lost")
		}
		erase("name", "Kim <Öz>").Want(http.StatusUnprocessableEntity).Has("Say why")
		erase("name", "Kim <Öz>", "reason", "kim <öz> asked.").Want(http.StatusUnprocessableEntity).Has("must not name the person")
		erase("name", "Kim <Öz>", "reason", "Asked to.").Want(http.StatusSeeOther)

		pseudonym := kim.Pseudonym()
		for _, path := range []string{made.Location, "/people", "/activity"} {
			s.Get(ada, path).Want(http.StatusOK).Has(pseudonym).Lacks("Kim", "kim.oez", "Öz")
		}
		s.Get(ada, made.Location).Has("Contact data erased", "Asked to.").Lacks("Reactivate")
		s.Post(ada, made.Location+"/reactivate").Want(http.StatusConflict)
		s.Post(ada, made.Location+"/erase", "reason", "Again.").Want(http.StatusConflict)
		if p := personNow(t, db, kim.ID); p.Email == kim.Email || p.Title != "" || p.Subject != "" || p.ErasedAt == nil {
			t.Errorf("left of them is %+v", p)
		}
		report, err := ledger.Verify(t.Context(), db)
		if err != nil || len(report.Problems) > 0 || report.Erased == 0 {
			t.Errorf("%d notes erased, %v, %v", report.Erased, report.Problems, err)
		}
		// Whoever comes back is somebody new.
		s.Post(ada, "/people", "name", "Kim Öz", "email", "kim.oez@halyard.example", "role", "control_owner").Want(http.StatusSeeOther)
	})
}

func allPeople(t *testing.T, db *models.DB) (list []people.Person) {
	t.Helper()
	modelstest.Look(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) (err error) {
		list, err = models.Rows[people.Person](tx).Find(ctx)
		return err
	})
	return list
}

func TestHandOver(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := handlerstest.New(t, db)
		ada, maya := modelstest.Person(t, db, access.Administrator), modelstest.Person(t, db, access.Compliance)
		sam, dana := modelstest.Person(t, db, access.Owner), modelstest.Person(t, db, access.Owner)
		ids := map[string]int64{}
		own := func(code string, owner, backup *int64) {
			c := control.Control{Code: code, Title: code, Status: control.Effective, OwnerID: owner, BackupID: backup, CreatedAt: db.Now()}
			if err := modelstest.As(t, db, maya, func(ctx context.Context, tx *models.Tx) error { return models.Insert(ctx, tx, &c, "control.create") }); err != nil {
				t.Fatal(err)
			}
			ids[code] = c.ID
		}
		own("AC-01", &sam.ID, nil)
		own("AC-02", &sam.ID, &dana.ID)
		own("AC-03", &dana.ID, &sam.ID)
		own("AC-04", &maya.ID, nil)
		f := finding.Finding{
			Title: "Late review", Condition: "It was late.", Source: finding.FromOther, ReportEffect: finding.Undecided, Status: finding.Raised,
			Cycle: 1, CycleOpenedAt: db.Now(), OwnerID: &sam.ID, RaisedBy: maya.ID, RaisedAt: db.Now(),
		}
		if err := modelstest.As(t, db, maya, func(ctx context.Context, tx *models.Tx) error { return models.Insert(ctx, tx, &f, "finding.raise") }); err != nil {
			t.Fatal(err)
		}

		s.Get(ada, address(sam)).Want(http.StatusOK).Has("4 things", "AC-01", "AC-03", "as backup", "Late review").Lacks("AC-04")
		s.Post(ada, address(sam)+"/role", "role", "executive_viewer").Want(http.StatusConflict).Has("Hand them over first")
		s.Post(ada, address(sam)+"/handover").Want(http.StatusUnprocessableEntity).Has("Choose who takes over")
		s.Post(ada, address(sam)+"/handover", "to", strconv.FormatInt(ada.ID, 10)).Want(http.StatusUnprocessableEntity).Has("cannot own controls")
		s.Get(ada, address(sam)).Has("4 things")
		s.Post(ada, address(sam)+"/handover", "to", strconv.FormatInt(dana.ID, 10)).Want(http.StatusSeeOther)
		s.Get(ada, address(sam)).Has("0 things", "handed over what Control owner 3 owned")
		s.Get(ada, address(dana)).Has("AC-01", "AC-02", "AC-03", "Late review").Lacks("as backup")
		s.Post(ada, address(sam)+"/handover", "to", strconv.FormatInt(dana.ID, 10)).Want(http.StatusConflict).Has("owns nothing")
		modelstest.Look(t, db, ada, func(ctx context.Context, tx *models.Tx) error {
			c, err := control.ByID(ctx, tx, ids["AC-02"])
			if c.BackupID != nil || c.OwnerID == nil || *c.OwnerID != dana.ID {
				t.Errorf("the backup who became the owner is both: %+v", c)
			}
			return err
		})
	})
}

// TestSomebodyIsPutOut signs people in for real, on two replicas, and takes their access
// away in every way there is.
func TestSomebodyIsPutOut(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		h := open(t, db, demonstration)
		replica := h.replica()
		ada := h.enter("ada@example.com")
		max := func() string { return "/people/" + strconv.FormatInt(h.person("max@example.com").ID, 10) }
		for name, way := range map[string]func(){
			"the account is deactivated": func() { h.send(ada, max()+"/deactivate", "reason", "Left.").want(http.StatusSeeOther) },
			"the role is changed":        func() { h.send(ada, max()+"/role", "role", "executive_viewer").want(http.StatusSeeOther) },
			"all sessions are ended":     func() { h.send(ada, max()+"/sessions/all/end").want(http.StatusSeeOther) },
			"the session is ended": func() {
				page := h.get(ada, max()).want(http.StatusOK).has("End all sessions").Body
				for _, part := range strings.Split(page, `action="`)[1:] {
					if to, _, _ := strings.Cut(part, `"`); strings.Contains(to, "/sessions/") && !strings.Contains(to, "/all/") {
						h.send(ada, to).want(http.StatusSeeOther)
					}
				}
			},
		} {
			t.Run(name, func(t *testing.T) {
				h.t = t
				one, two := h.enter("max@example.com"), h.enter("max@example.com")
				way()
				for _, browser := range []*http.Client{one, two} {
					if h.isIn(browser, h.base) || h.isIn(browser, replica) {
						t.Error("still in")
					}
				}
				if !h.isIn(ada, replica) {
					t.Fatal("the administrator was put out too")
				}
				h.send(ada, max()+"/reactivate") // for the next way
			})
		}
	})
}

func TestAccount(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		h := open(t, db, demonstration)
		for _, login := range []string{"max@example.com", "jo@example.com"} { // an auditor may leave too
			here, there, third := h.enter(login), h.enter(login), h.enter(login)
			h.get(here, "/account").want(http.StatusOK).has(login, "This one", "End all others")
			h.send(here, "/account/sessions/all/end").want(http.StatusSeeOther)
			if h.isIn(there, h.base) || h.isIn(third, h.base) || !h.isIn(here, h.base) {
				t.Errorf("%s: not exactly the others ended", login)
			}
		}
		stranger := h.enter("ada@example.com")
		h.send(stranger, "/account/sessions/1/end").want(http.StatusNotFound)
		h.send(stranger, "/account/sessions/x/end").want(http.StatusNotFound)

		browser := h.enter("max@example.com")
		h.send(browser, "/account/appearance", "theme", "dark").want(http.StatusSeeOther)
		h.get(browser, "/account").has(`data-theme="dark"`, `data-keys="off"`, "Saved for this browser.")
		h.send(browser, "/account/appearance", "theme", `"><script>`, "keys", "on").want(http.StatusSeeOther)
		if page := h.get(browser, "/account"); strings.Contains(page.Body, "data-theme") || strings.Contains(page.Body, "data-keys") {
			t.Error("what is no theme became one, or the keys stayed off")
		}
	})
}
