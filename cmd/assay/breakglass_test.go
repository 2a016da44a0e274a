package main

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"assay/models"
	"assay/models/access"
	"assay/models/breakglass"
	"assay/models/modelstest"
	"assay/models/people"
	"assay/web"
)

func TestTheHostLetsAnAdministratorIn(t *testing.T) {
	env := production(t)
	refused(t, "there is no database at", env, "break-glass", "-email=a@example.com", "-reason=x")
	if code, _, stderr := assay(t, env, "migrate"); code != exitOK {
		t.Fatal(stderr)
	}
	db, err := models.Open(t.Context(), env["ASSAY_DATABASE_URL"])
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	admin := modelstest.Person(t, db, access.Administrator)
	manager := modelstest.Person(t, db, access.Compliance)
	address := func(a access.Actor) (email string) {
		modelstest.Look(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
			p, err := people.ByID(ctx, tx, a.ID)
			email = p.Email
			return err
		})
		return email
	}

	refused(t, "ASSAY_EMAIL (-email) is missing", env, "break-glass", "-reason=x")
	refused(t, "ASSAY_REASON (-reason) is missing", env, "break-glass", "-email=a@example.com", "-reason= ")
	refused(t, "Person not found", env, "break-glass", "-email=a@example.com", "-reason=x")
	refused(t, "is no active administrator", env, "break-glass", "-email="+address(manager), "-reason=x")

	code, stdout, stderr := assay(t, env, "break-glass", "-email="+strings.ToUpper(address(admin)), "-reason=The provider is down.")
	link := regexp.MustCompile(`https://assay\.example\.com/break-glass/(\S{43})\n`).FindStringSubmatch(stdout)
	if code != exitOK || link == nil {
		t.Fatalf("status %d\n%s%s", code, stdout, stderr)
	}
	modelstest.Look(t, db, access.Actor{}, func(ctx context.Context, tx *models.Tx) error {
		p, err := breakglass.Find(ctx, tx, web.TokenHash(link[1]))
		if err != nil || p.ID != admin.ID {
			t.Errorf("it lets in %v: %v", p.Name, err)
		}
		n, err := models.Value[int](ctx, tx, "SELECT count(*) FROM log_leaves l JOIN log_details d ON d.seq = l.seq WHERE l.verb = 'breakglass.make' AND d.text LIKE '%The provider is down.%'")
		if n != 1 {
			t.Error("the reason is not in the log")
		}
		return err
	})
	if code, stdout, _ := assay(t, env, "verify", "-db", env["ASSAY_DATABASE_URL"]); code != exitOK {
		t.Error(stdout)
	}
}
