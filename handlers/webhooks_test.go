package handlers_test

import (
	"bytes"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"assay/handlers/handlerstest"
	"assay/internal/egress"
	"assay/internal/seal"
	"assay/models"
	"assay/models/access"
	"assay/models/modelstest"
)

func TestWebhooks(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := handlerstest.New(t, db)
		ada, priya := modelstest.Person(t, db, access.Administrator), modelstest.Person(t, db, access.Compliance)
		const list = "/settings/webhooks"
		s.Get(ada, list).Want(http.StatusOK).Has("may call no hosts", "No webhooks").Lacks("Add a webhook")
		s.Post(ada, list, "name", "x").Want(http.StatusConflict)
		s.Get(priya, list).Want(http.StatusNotFound)

		box, err := seal.New(bytes.Repeat([]byte{1}, seal.KeySize))
		if err != nil {
			t.Fatal(err)
		}
		s.App.HookHosts, s.App.HookBox = []string{"hooks.slack.com"}, box
		s.App.HookClient = egress.New(s.App.HookHosts)
		form := s.Get(ada, list+"/new").Want(http.StatusOK).Has("hooks.slack.com")
		uid := form.Field("uid")
		good := []string{"uid", uid, "name", "#grc", "url", "https://hooks.slack.com/services/T/B/x", "format", "chat", "events", "finding.raised"}
		for _, c := range []struct {
			field, value, says string
		}{
			{"url", "https://169.254.169.254/latest/meta-data", "not one that this installation may call"},
			{"url", "http://hooks.slack.com/x", "Only https:// is called."},
			{"url", "", "Enter the address"},
			{"name", "", "Give it a name"},
			{"format", "pigeon", "Choose what it is sent."},
			{"events", "the.end", "no kind of event"},
			{"uid", "x", "form is incomplete"},
		} {
			bad := append([]string(nil), good...)
			for i := 0; i < len(bad); i += 2 {
				if bad[i] == c.field {
					bad[i+1] = c.value
				}
			}
			p := s.Post(ada, list, bad...).Want(http.StatusUnprocessableEntity).Has(c.says)
			if c.field != "name" && p.Field("name") != "#grc" {
				t.Errorf("what was typed was lost: %q", p.Field("name"))
			}
		}
		shown := s.Post(ada, list, good...).Want(http.StatusOK).Has("it is not shown again")
		secret := regexp.MustCompile(`whsec_[A-Za-z0-9+/]{43}=`).FindString(shown.Text())
		if secret == "" {
			t.Fatalf("no secret on the page: %s", shown.Text())
		}
		s.Post(ada, list, good...).Want(http.StatusConflict).Has("added already")
		page := "/settings/webhooks/1"
		s.Get(ada, list).Has("#grc", "On", "hooks.slack.com")
		for _, hidden := range []string{secret, "/services/T/B/x"} {
			if strings.Contains(s.Get(ada, page).Want(http.StatusOK).Body, hidden) {
				t.Errorf("%s is shown again", hidden)
			}
		}
		rev := s.Get(ada, page).Field("rev")
		s.Post(ada, page, "rev", rev, "name", "#grc", "url", "https://evil.example/", "format", "chat", "events", "finding.raised").
			Want(http.StatusUnprocessableEntity).Has("may call")
		s.Post(ada, page, "rev", rev, "name", "#audit", "url", "", "format", "standard", "events", "finding.closed").Want(http.StatusSeeOther)
		s.Post(ada, page, "rev", s.Get(ada, page).Field("rev"), "name", "#audit", "url", "https://hooks.slack.com/y", "format", "standard", "events", "finding.closed").Want(http.StatusSeeOther)
		s.Post(ada, page+"/switch", "rev", rev).Want(http.StatusConflict) // somebody changed it since
		rev = s.Get(ada, page).Has("#audit").Field("rev")
		s.Post(ada, page+"/switch", "rev", rev).Want(http.StatusSeeOther)
		rev = s.Get(ada, page).Has("Off", "Switch on").Field("rev")
		fresh := s.Post(ada, page+"/secret", "rev", rev).Want(http.StatusOK)
		if again := regexp.MustCompile(`whsec_[A-Za-z0-9+/]{43}=`).FindString(fresh.Text()); again == "" || again == secret {
			t.Errorf("the new secret is %q", again)
		}
		s.Post(ada, page+"/test").Want(http.StatusSeeOther)
		s.Get(ada, "/settings/jobs").Has("webhook.deliver")
		s.Post(priya, page+"/test").Want(http.StatusNotFound)
		s.Get(ada, page+"9").Want(http.StatusNotFound)
	})
}
