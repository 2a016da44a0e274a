package handlers

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"assay/models"
	"assay/models/access"
	"assay/models/activity"
	"assay/models/control"
	"assay/models/finding"
	"assay/models/occurrence"
	"assay/models/people"
	"assay/models/request"
	"assay/templates/persons"
	"assay/web"
)

const peoplePageSize = 50

func (app *App) peopleList(w http.ResponseWriter, r *http.Request) error {
	q := web.Query(r)
	f := people.Filter{Role: access.Role(q.Line("role", 40)), Status: people.Status(q.Line("status", 40)), Text: q.Line("q", 100)}
	d := persons.ListData{Filter: map[string]string{}}
	for _, name := range []string{"q", "role", "status"} {
		d.Filter[name] = q.Typed(name)
		d.Narrowed = d.Narrowed || d.Filter[name] != ""
	}
	list, err := read(app, r, func(ctx context.Context, tx *models.Tx) (models.Window[people.Person], error) {
		return people.List(ctx, tx, f, web.PageOf(r, peoplePageSize))
	})
	if err != nil {
		return err
	}
	d.Rows = list.Items
	d.Earlier, d.Later = evidenceCursors(r, list.Earlier, list.Later)
	return app.page(w, r, http.StatusOK, persons.List(d))
}

func (app *App) personPage(w http.ResponseWriter, r *http.Request) error {
	return app.personAgain(w, r, http.StatusOK, nil)
}

// personAgain shows the page of the person in the address, changed by what went wrong.
func (app *App) personAgain(w http.ResponseWriter, r *http.Request, code int, change func(*persons.PersonData)) error {
	id, err := web.ID(r, "person")
	if err != nil {
		return err
	}
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (persons.PersonData, error) {
		d, err := personData(ctx, tx, id)
		if err == nil && tx.Actor.Can(access.PeopleManage) {
			err = managed(ctx, tx, &d, web.SessionOf[people.Session](r))
		}
		return d, err
	})
	if err != nil {
		return err
	}
	if change != nil {
		change(&d)
	}
	return app.page(w, r, code, persons.Person(d))
}

func personData(ctx context.Context, tx *models.Tx, id int64) (persons.PersonData, error) {
	p, err := people.ByID(ctx, tx, id)
	d := persons.PersonData{Person: p, Self: id == tx.Actor.ID, Typed: map[string]string{}}
	if err != nil {
		return d, err
	}
	if p.InvitedBy != nil {
		by, err := people.ByID(ctx, tx, *p.InvitedBy)
		if err != nil {
			return d, err
		}
		d.Inviter = by.Name
	}
	if d.Controls, err = control.HeldBy(ctx, tx, id); err != nil {
		return d, err
	}
	if d.Duties, err = finding.DutiesOf(ctx, tx, id); err != nil {
		return d, err
	}
	if d.Requests, err = request.DutiesOf(ctx, tx, id); err != nil {
		return d, err
	}
	d.Feed, err = activity.For(ctx, tx, p.Path(), p)
	return d, err
}

// managed adds what only those who manage people see.
func managed(ctx context.Context, tx *models.Tx, d *persons.PersonData, current people.Session) error {
	var err error
	if d.Sittings, err = sittings(ctx, tx, d.Person, current); err != nil {
		return err
	}
	d.Heirs, err = control.Candidates(ctx, tx)
	d.Heirs = slices.DeleteFunc(d.Heirs, func(p people.Person) bool { return p.ID == d.ID })
	return err
}

func sittings(ctx context.Context, tx *models.Tx, p people.Person, current people.Session) ([]persons.Sitting, error) {
	list, err := people.Sessions(ctx, tx, p.ID, p.Role)
	out := make([]persons.Sitting, len(list))
	for i, s := range list {
		out[i] = persons.Sitting{Session: s, Current: s.ID == current.ID}
	}
	return out, err
}

func (app *App) personNew(w http.ResponseWriter, r *http.Request) error {
	return app.page(w, r, http.StatusOK, persons.Invite(persons.InviteData{}))
}

func (app *App) personInvite(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	i := people.Invitation{
		Name: f.Line("name", 120), Email: f.Line("email", 200), Title: f.Line("title", 120), Firm: f.Line("firm", 120),
		Role: access.Role(f.Line("role", 40)),
	}
	err := f.Err()
	var p people.Person
	if err == nil {
		p, err = write(app, r, func(ctx context.Context, tx *models.Tx) (people.Person, error) { return people.Invite(ctx, tx, i) })
	}
	if bad := web.Errors(err); bad != nil {
		d := persons.InviteData{Errors: bad, Typed: map[string]string{}}
		for _, name := range []string{"name", "email", "role", "title", "firm"} {
			d.Typed[name] = f.Typed(name)
		}
		return app.page(w, r, web.Status(err), persons.Invite(d))
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", p.Name+" is invited. Tell them to sign in at "+app.BaseURL+"/ with "+p.Email+".")
	return web.SeeOther(w, r, "/"+p.Path())
}

// personChange runs a verb on the person in the address, as they were when the form
// was filled in. When it is refused, the page comes back with the question open.
func (app *App) personChange(w http.ResponseWriter, r *http.Request, f *web.Values, asked, done string, verb func(context.Context, *models.Tx, *people.Person) error) error {
	id, err := web.ID(r, "person")
	if err != nil {
		return err
	}
	rev := f.Rev()
	if err = f.Err(); err == nil {
		_, err = write(app, r, func(ctx context.Context, tx *models.Tx) (people.Person, error) {
			p, err := people.ByID(ctx, tx, id)
			if err != nil {
				return p, err
			}
			if rev != 0 {
				p.Rev = rev
			}
			return p, verb(ctx, tx, &p)
		})
	}
	if bad := web.Errors(err); bad != nil {
		return app.personAgain(w, r, web.Status(err), func(d *persons.PersonData) {
			d.Asked, d.Errors = asked, bad
			for _, name := range []string{"reason", "to", "name"} {
				d.Typed[name] = f.Typed(name)
			}
		})
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", done)
	return web.SeeOther(w, r, "/"+people.PathOf(id))
}

// personRole changes a role. Somebody whose new role can own nothing hands over first.
func (app *App) personRole(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	role := access.Role(f.Line("role", 40))
	done := "The role is now " + role.Label() + ". Their sessions have ended."
	return app.personChange(w, r, f, "role", done, func(ctx context.Context, tx *models.Tx, p *people.Person) error {
		if !(access.Actor{Role: role}).Can(access.EvidenceSubmit) {
			n, err := owns(ctx, tx, p.ID)
			if err != nil {
				return err
			}
			if n > 0 {
				return models.Conflict(p.Name + " answers for controls or findings, which this role cannot. Hand them over first.")
			}
		}
		if err := people.ChangeRole(ctx, tx, p, role); err != nil {
			return err
		}
		return relieve(ctx, tx, *p)
	})
}

// relieve takes from somebody what is theirs for a while, once they have left or their role
// does it no longer: tasks that were handed to them, and requests to answer.
func relieve(ctx context.Context, tx *models.Tx, p people.Person) error {
	if err := occurrence.Relieve(ctx, tx, p); err != nil {
		return err
	}
	return request.Relieve(ctx, tx, p)
}

// owns counts what a person answers for.
func owns(ctx context.Context, tx *models.Tx, person int64) (int, error) {
	held, err := control.HeldBy(ctx, tx, person)
	if err != nil {
		return 0, err
	}
	d, err := finding.DutiesOf(ctx, tx, person)
	return len(held) + d.Count(), err
}

func (app *App) personDeactivate(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	reason := f.Text("reason", 500)
	return app.personChange(w, r, f, "deactivate", "The account is deactivated, and its sessions have ended.", func(ctx context.Context, tx *models.Tx, p *people.Person) error {
		if err := people.Deactivate(ctx, tx, p, reason); err != nil {
			return err
		}
		return relieve(ctx, tx, *p)
	})
}

func (app *App) personReactivate(w http.ResponseWriter, r *http.Request) error {
	return app.personChange(w, r, web.Form(r), "", "The account is active again, under the same identity.", people.Reactivate)
}

// personErase replaces who somebody was by a pseudonym. It cannot be taken back, so the
// page asks for the person's name.
func (app *App) personErase(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	reason, name := f.Text("reason", 500), f.Line("name", 120)
	return app.personChange(w, r, f, "erase", "Who they were is erased. What they did stays under a pseudonym.", func(ctx context.Context, tx *models.Tx, p *people.Person) error {
		if p.ErasedAt == nil && name != p.Name {
			return models.Invalid(map[string]string{"name": "Type the name as it stands above: " + p.Name + "."})
		}
		old := p.Name
		if err := people.Erase(ctx, tx, p, reason); err != nil {
			return err
		}
		return control.Renamed(ctx, tx, p.ID, old, p.Name)
	})
}

// personHandOver gives everything a person owns to another, in one transaction.
func (app *App) personHandOver(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	to := f.ID("to")
	return app.personChange(w, r, f, "handover", "Everything was handed over.", func(ctx context.Context, tx *models.Tx, p *people.Person) error {
		return handOver(ctx, tx, *p, to)
	})
}

func handOver(ctx context.Context, tx *models.Tx, from people.Person, to int64) error {
	if to == 0 || to == from.ID {
		return models.Invalid(map[string]string{"to": "Choose who takes over."})
	}
	heir, err := people.ByID(ctx, tx, to)
	if err != nil {
		return err
	}
	controls, err := control.HandOver(ctx, tx, from.ID, to)
	if err != nil {
		return err
	}
	duties, err := finding.HandOver(ctx, tx, from.ID, to)
	if err != nil {
		return err
	}
	requests, err := request.HandOver(ctx, tx, from.ID, to)
	if err != nil {
		return err
	}
	if controls+duties+requests == 0 {
		return models.Conflict(from.Name + " owns nothing that could be handed over.")
	}
	return tx.Record("person.hand_over", from.Path(), models.Note{
		"to": heir.Name, "controls": strconv.Itoa(controls), "findings_and_plans": strconv.Itoa(duties), "requests": strconv.Itoa(requests),
	})
}

// personSessionEnd ends one session of somebody, or all of them.
func (app *App) personSessionEnd(w http.ResponseWriter, r *http.Request) error {
	return app.personChange(w, r, web.Form(r), "", "Ended. It takes effect at once.", func(ctx context.Context, tx *models.Tx, p *people.Person) error {
		if err := endSessions(ctx, tx, p.ID, web.Param(r, "session"), 0); err != nil {
			return err
		}
		return tx.Record("session.revoke", p.Path())
	})
}

// endSessions ends the session of person whose id is which, or all of them but keep.
func endSessions(ctx context.Context, tx *models.Tx, person int64, which string, keep int64) error {
	if which == "all" {
		return people.EndSessionsBut(ctx, tx, person, keep)
	}
	id, err := strconv.ParseInt(which, 10, 64)
	if err != nil {
		return models.NotFound("Session")
	}
	s, err := people.SessionByID(ctx, tx, person, id)
	if err == nil {
		_, err = people.EndSession(ctx, tx, s.ID)
	}
	return err
}
