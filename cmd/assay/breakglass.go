package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/user"
	"strings"

	"assay/handlers"
	"assay/internal/config"
	"assay/models"
	"assay/models/access"
	"assay/models/breakglass"
	"assay/models/people"
	"assay/web"
)

// breakGlassOptions are what a link is made with.
type breakGlassOptions struct{ db, base, email, reason string }

func (o *breakGlassOptions) flags() *flag.FlagSet {
	fs := flag.NewFlagSet("break-glass", flag.ContinueOnError)
	fs.StringVar(&o.db, "database-url", "", "`URL` of the database: sqlite:///path/to/file or postgres://… (required)")
	fs.StringVar(&o.base, "base-url", "", "`URL` under which people reach Assay, https://assay.example.com (required)")
	fs.StringVar(&o.email, "email", "", "`address` of the administrator to let in (required)")
	fs.StringVar(&o.reason, "reason", "", "`why`, for the log (required)")
	return fs
}

func (o *breakGlassOptions) check() error {
	for _, r := range []struct{ flag, value, should string }{
		{"database-url", o.db, "sqlite:///path/to/file or postgres://user:password@host:5432/name"},
		{"base-url", o.base, "the address people use, such as https://assay.example.com"},
		{"email", o.email, "the address of an active administrator"},
		{"reason", o.reason, "a sentence for whoever reads the log later"},
	} {
		if strings.TrimSpace(r.value) == "" {
			return config.Bad(r.flag, "is missing; it should be %s.", r.should)
		}
	}
	return nil
}

func breakGlass(ctx context.Context, s *session) error {
	var o breakGlassOptions
	if err := config.Parse(o.flags(), s.args, s.getenv); err != nil {
		return refuse(err)
	}
	if err := o.check(); err != nil {
		return refuse(err)
	}
	db, err := openExisting(ctx, o.db, models.Open)
	if err != nil {
		return refuse(err)
	}
	defer func() { _ = db.Close() }()
	db.Build = build()
	token := web.NewToken()
	var link breakglass.Link
	var person people.Person
	err = db.Write(ctx, access.Clock, func(tx *models.Tx) (err error) {
		link, person, err = breakglass.Make(ctx, tx, strings.TrimSpace(o.email), web.TokenHash(token), strings.TrimSpace(o.reason), operator())
		return err
	})
	if models.KindOf(err) != models.Internal {
		return refuse(err)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(s.stdout, "This link lets %s (%s) in as administrator, once, until %s UTC:\n\n    %s%s%s\n\n", person.Name, person.Email, link.ExpiresAt.UTC().Format("15:04"), strings.TrimSuffix(o.base, "/"), handlers.BreakGlassPath, token)
	_, err = fmt.Fprintln(s.stdout, "It is in the log, and every administrator and compliance manager is told. Earlier links are void.")
	return err
}

// operator is who runs this command where, as far as the machine knows.
func operator() string {
	name, host := "unknown", "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if h, err := os.Hostname(); err == nil {
		host = h
	}
	return name + "@" + host
}

func breakGlassHelp(w io.Writer) {
	paragraph(w, "assay break-glass: let an administrator in while the identity provider is down.", "",
		"Prints a link that signs one administrator in, once, within 15 minutes. The session",
		"lasts for half an hour. Making the link and using it are leaves in the log, with the",
		"reason and who made it; every administrator and compliance manager is told of both.",
		"Whoever can run this can read and write the database anyway.", "",
		"Exit status: 0 with the link; 2 nobody is let in, with a sentence that says why.")
	flags(w, new(breakGlassOptions).flags(), true)
}
