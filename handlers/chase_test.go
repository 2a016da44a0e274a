package handlers_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"assay/handlers/handlerstest"
	"assay/models"
	"assay/models/access"
	"assay/models/modelstest"
	"assay/models/notice"
)

// TestAChaseWithoutAMailServerIsSentOnce: of the same form sent twice one is kept, and one
// notice each.
func TestAChaseWithoutAMailServerIsSentOnce(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := handlerstest.New(t, db)
		setUp(t, db)
		sam, priya := modelstest.Person(t, db, access.Owner), modelstest.Person(t, db, access.Compliance)
		owned(t, db, "AC-03", "quarterly", sam)
		modelstest.At(db, time.Date(2026, 4, 10, 15, 0, 0, 0, time.UTC))
		const item = "tasks/AC-03/2026-01-01/2026-03-31"
		p := s.Get(priya, "/readiness/chase?item="+item).Want(http.StatusOK)
		send := []string{"item", item, "sending", p.Field("sending"), "seen", p.Field("seen")}
		s.Post(priya, "/readiness/chase", send...).Want(http.StatusSeeOther)
		s.Post(priya, "/readiness/chase", send...).Want(http.StatusConflict).Has("sent already")
		modelstest.Look(t, db, sam, func(ctx context.Context, tx *models.Tx) error {
			told, err := models.Rows[notice.Notice](tx).Where("person_id = ?", sam.ID).Find(ctx)
			if len(told) != 1 {
				t.Errorf("told %d times", len(told))
			}
			return err
		})
	})
}

func TestTheChasePage(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := handlerstest.New(t, db)
		s.App.BaseURL, s.App.MailServer = "https://assay.example.com", "smtps://mail.example.com:465"
		setUp(t, db)
		sam, priya := modelstest.Person(t, db, access.Owner), modelstest.Person(t, db, access.Compliance)
		owned(t, db, "AC-03", "quarterly", sam)
		modelstest.At(db, time.Date(2026, 4, 10, 15, 0, 0, 0, time.UTC))
		const item = "tasks/AC-03/2026-01-01/2026-03-31"
		const page = "/readiness/chase?item=" + item + "&item=tasks/AC-77/2026-01-01/2026-03-31"
		s.Get(sam, page).Want(http.StatusNotFound)
		s.Get(priya, "/readiness/chase").Want(http.StatusOK).Has("Nobody to write to")
		p := s.Get(priya, page).Want(http.StatusOK).Has(
			"To "+sam.Name, "A task waits for you in Assay: AC-03, 1 Jan to 31 Mar 2026", "was due Tue 31 Mar 2026 and is late",
			"https://assay.example.com/"+item+"?open=handover", "One of the tasks you chose is done", "Send to "+sam.Name)
		send := []string{"item", item, "sending", p.Field("sending"), "seen", p.Field("seen")}
		s.Post(sam, "/readiness/chase", send...).Want(http.StatusNotFound)
		s.Post(priya, "/readiness/chase", "item", item, "sending", p.Field("sending"), "seen", "something else").
			Want(http.StatusConflict).Has("has changed since", "To "+sam.Name)
		s.Post(priya, "/readiness/chase", send...).Want(http.StatusSeeOther)
		s.Post(priya, "/readiness/chase", send...).Want(http.StatusConflict).Has("sent already")
		s.Get(modelstest.Person(t, db, access.Administrator), "/settings/jobs").Has("mail.chase")
		s.Get(sam, "/notices").Has("was due Tue 31 Mar 2026 and is late", "A compliance manager asks")
		s.Get(priya, "/controls/AC-03").Has("asked for what is owed")
		s.Get(sam, "/"+item+"?open=handover").Want(http.StatusOK).Has("Hand this task over")
	})
}
