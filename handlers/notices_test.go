package handlers_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"assay/handlers/handlerstest"
	"assay/models"
	"assay/models/access"
	"assay/models/modelstest"
	"assay/models/notice"
)

func TestTheBellAndWhatIsBehindIt(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := handlerstest.New(t, db)
		priya, sam := modelstest.Person(t, db, access.Compliance), modelstest.Person(t, db, access.Owner)
		auditor := modelstest.Person(t, db, access.Auditor)
		s.Get(sam, "/notices").Want(http.StatusOK).Has("Nothing came yet").Lacks("unread", "Mark all")
		err := db.Write(t.Context(), priya, func(tx *models.Tx) error {
			if err := tx.Record("test.happened", "tests/1"); err != nil {
				return err
			}
			for i := range 3 {
				n := notice.Notice{Kind: notice.EvidenceReturned, About: "account", Sentence: fmt.Sprintf("E-%d was returned.", i+1)}
				if err := notice.Tell(t.Context(), tx, n, sam.ID, auditor.ID); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range []access.Actor{sam, auditor} {
			p := s.Get(a, "/notices").Want(http.StatusOK).Has("3 unread", "E-1 was returned.", priya.Name, "Evidence of yours was returned")
			upTo := p.Field("up_to")
			var first notice.Notice
			modelstest.Look(t, db, a, func(ctx context.Context, tx *models.Tx) (err error) {
				first, err = models.Rows[notice.Notice](tx).Order("id").Take(ctx)
				return err
			})
			open := fmt.Sprintf("/notices/%d/open", first.ID)
			s.Post(priya, open).Want(http.StatusNotFound)
			if got := s.Post(a, open).Want(http.StatusSeeOther); got.Location != "/account" {
				t.Errorf("on to %s", got.Location)
			}
			s.Get(a, "/account").Has("2 unread")
			s.Post(a, "/notices/read", "up_to", upTo).Want(http.StatusSeeOther)
			s.Get(a, "/account").Lacks("unread")
		}
	})
}

func TestPreferencesOfMail(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := handlerstest.New(t, db)
		sam := modelstest.Person(t, db, access.Owner)
		const page = "/account/notifications"
		s.Get(sam, page).Want(http.StatusOK).Has("sends no mail", "Evidence of yours was returned", "At once (usual)").Lacks("nobody who answers")
		s.App.MailServer = "smtps://mail.example.com:465"
		s.Post(sam, page, "zone", "Mars/Olympus", "late", "off").Want(http.StatusUnprocessableEntity).Has("IANA name")
		if got := s.Post(sam, page, "zone", "Mars/Olympus", "late", "off").Field("zone"); got != "Mars/Olympus" {
			t.Errorf("what was typed became %q", got)
		}
		s.Post(sam, page, "zone", "Europe/Berlin", "late", "sometimes").Want(http.StatusUnprocessableEntity)
		s.Post(sam, page, "zone", "Europe/Berlin", "late", "off").Want(http.StatusSeeOther)
		if got := s.Get(sam, page).Lacks("sends no mail").Field("zone"); got != "Europe/Berlin" {
			t.Errorf("the zone is %q", got)
		}
	})
}

func TestATestMailIsAskedForWhereThereIsAServer(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := handlerstest.New(t, db)
		ada, priya := modelstest.Person(t, db, access.Administrator), modelstest.Person(t, db, access.Compliance)
		s.Get(ada, "/settings").Want(http.StatusOK).Has("Assay sends no mail").Lacks("Send a test mail")
		s.Post(ada, "/settings/mail/test").Want(http.StatusConflict)
		s.App.MailServer, s.App.MailFrom = "smtps://mail.example.com:465", "assay@example.com"
		s.Get(ada, "/settings").Has("smtps://mail.example.com:465", "assay@example.com", "Send a test mail to me")
		s.Get(priya, "/settings").Lacks("Send a test mail")
		s.Post(priya, "/settings/mail/test").Want(http.StatusNotFound)
		s.Post(ada, "/settings/mail/test").Want(http.StatusSeeOther)
		s.Get(ada, "/settings/jobs").Has("mail.test")
	})
}
