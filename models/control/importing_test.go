package control_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"assay/internal/sheet"
	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/modelstest"
	"assay/models/people"
)

func table(t *testing.T, file string) sheet.Table {
	t.Helper()
	got, err := sheet.Read(t.Context(), strings.NewReader(file), "controls.csv", sheet.Default)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func (c company) plan(t sheet.Table) (p control.Plan) {
	c.Helper()
	c.look(c.priya, func(ctx context.Context, tx *models.Tx) (err error) {
		p, err = control.PlanImport(ctx, tx, t)
		return err
	})
	return p
}

func confirm(t sheet.Table, digest string) func(context.Context, *models.Tx) error {
	return func(ctx context.Context, tx *models.Tx) error {
		_, err := control.Import(ctx, tx, t, digest)
		return err
	}
}

func (c company) mail(a access.Actor) (mail string) {
	c.Helper()
	c.look(c.priya, func(ctx context.Context, tx *models.Tx) error {
		p, err := people.ByID(ctx, tx, a.ID)
		mail = p.Email
		return err
	})
	return mail
}

// fates says a plan as "AC-01 changed Title|Owner; ZZ-9 refused: why".
func fates(p control.Plan) string {
	var out []string
	for _, r := range p.Rows {
		s := r.Code + " " + string(r.Fate)
		var labels []string
		for _, c := range r.Changes {
			labels = append(labels, c.Label)
		}
		if r.Fate == control.Changed {
			s += " " + strings.Join(labels, "|")
		}
		if len(r.Why) > 0 {
			s += ": " + strings.Join(r.Why, " ")
		}
		out = append(out, s)
	}
	return strings.Join(out, "; ")
}

func TestPlanNamesEveryFate(t *testing.T) {
	each(t, func(c company) {
		c.inEffect()
		mail := c.mail(c.tomas)
		for _, tc := range []struct{ name, file, want string }{
			{"new", "id,title\nyy-1,Something else", "YY-1 new"},
			{"unchanged, as a missing column changes nothing", "Control ID,Name\nXX-01,Accounts are reviewed", "XX-01 unchanged"},
			{"changed, each field named", "code,title,frequency\nXX-01,Accounts are checked,weekly", "XX-01 changed Title|Frequency"},
			{"an owner in other letters is the same", "code,title,owner\nXX-01,Accounts are reviewed," + strings.ToUpper(mail), "XX-01 unchanged"},
			{"an empty cell empties", "code,owner\nXX-01,\n", "XX-01 changed Owner"},
			{"criteria are normalised", "code,criteria\nXX-01,cc_6_2; SOC2-CC6.3", "XX-01 unchanged"},
			{"twice", "code,title\nXX-01,Accounts are reviewed\nxx-01,Again", "XX-01 unchanged; XX-01 refused: The id XX-01 already stands on line 2."},
			{"without id", "code,title\n,Nameless", " refused: The id is missing."},
			{"an impossible id", "code,title\nX Y,Blank inside", "X Y refused: The id is none: use at most 20 letters, digits, hyphens or dots."},
			{"without title", "code,frequency\nYY-1,weekly", "YY-1 refused: The title is missing."},
			{"an unknown owner", "code,title,owner email\nYY-1,New,who@nowhere.example", "YY-1 refused: Nobody here has the e-mail address who@nowhere.example."},
			{"an owner who cannot own", "code,title,owner\nYY-1,New," + c.mail(c.viewer), "YY-1 refused: " + c.viewer.Name + " is Executive viewer and cannot own controls."},
			{"one person twice", "code,title,owner,backup\nYY-1,New," + mail + "," + mail, "YY-1 refused: Owner and backup owner are the same person."},
			{"an unknown criterion", "code,title,tsc\nYY-1,New,CC6.1; CC6.9", "YY-1 refused: Unknown criterion: “CC6.9” (did you mean CC6.1?)."},
			{"an unknown frequency", "code,title,frequency\nYY-1,New,now and then", "YY-1 refused: The frequency “now and then” is none of Annual, Twice a year, Quarterly, Monthly, Weekly, Daily, Many times a day, Event-driven, Automated, always on."},
			{"words of other products", "externalId,name,description,type,frequency,requirements\nYY-1,New,Does it,Detective,Annually,\"CC6.1, A.6.2.4\"", "YY-1 new"},
		} {
			if got := fates(c.plan(table(t, tc.file))); got != tc.want {
				t.Errorf("%s:\n got %s\nwant %s", tc.name, got, tc.want)
			}
		}
		c.look(c.priya, func(ctx context.Context, tx *models.Tx) error {
			_, err := control.PlanImport(ctx, tx, table(t, "title,owner\nx,y"))
			if models.KindOf(err) != models.KindInvalid {
				t.Errorf("a file without ids: %v", err)
			}
			return nil
		})
	})
}

func TestImportIsAllOrNothing(t *testing.T) {
	each(t, func(c company) {
		c.inEffect()
		good := table(t, "id,title,frequency,owner\nXX-01,Accounts are checked,weekly,"+c.mail(c.ines)+"\nYY-1,New,weekly,"+c.mail(c.tomas))
		plan := c.plan(good)
		if !plan.Ready() {
			t.Fatal(fates(plan))
		}
		bad := table(t, "id,title\nYY-1,New\nYY-2,")
		c.refused(c.priya, models.KindConflict, "Rows are refused, so nothing was written", confirm(bad, c.plan(bad).Digest))
		c.refused(c.priya, models.KindConflict, "Something has changed", confirm(good, c.plan(bad).Digest))
		c.must(c.priya, func(ctx context.Context, tx *models.Tx) error { // somebody changes the owner between preview and confirmation
			_, err := control.AssignMany(ctx, tx, []string{"XX-01"}, control.Assignment{SetBackup: true, Backup: &c.priya.ID})
			return err
		})
		c.refused(c.priya, models.KindConflict, "Something has changed", confirm(good, plan.Digest))
		c.must(c.priya, confirm(good, c.plan(good).Digest))
		c.expect("1 effective 2026-03-01–", "2 draft –")
		if got := fates(c.plan(good)); got != "XX-01 unchanged; YY-1 unchanged" {
			t.Errorf("the same file again: %s", got)
		}
		c.refused(c.priya, models.KindConflict, "nothing to write", confirm(good, c.plan(good).Digest))
		again := table(t, "id,title\nXX-01,Accounts are looked at")
		c.must(c.ines, submit(2))
		if got := fates(c.plan(again)); got != "XX-01 refused: Version 2 is in review. Approve or return it first." {
			t.Errorf("while in review: %s", got)
		}
		c.look(c.priya, func(ctx context.Context, tx *models.Tx) error {
			k, err := control.ByCode(ctx, tx, "XX-01")
			if k.OwnerID == nil || *k.OwnerID != c.ines.ID || k.Title != "Accounts are reviewed" {
				t.Errorf("owner %v, title %q", k.OwnerID, k.Title)
			}
			y, err2 := control.ByCode(ctx, tx, "YY-1")
			if y.Status != control.Draft || y.OwnerID == nil || err2 != nil {
				t.Errorf("new control: %+v, %v", y, err2)
			}
			return err
		})
	})
}

func TestExportImportsUnchanged(t *testing.T) {
	each(t, func(c company) {
		c.adopted()
		c.written()
		hostile := monthly
		hostile.Title, hostile.Statement = "=1+1", "@SUM(A1)\nsecond line; with, commas"
		c.must(c.priya, with(1, func(ctx context.Context, tx *models.Tx, v *control.Version) error {
			return control.Edit(ctx, tx, v, hostile)
		}))
		for _, write := range []func(*bytes.Buffer, *models.Tx, context.Context) error{
			func(b *bytes.Buffer, tx *models.Tx, ctx context.Context) error {
				return sheet.WriteCSV(b, control.ExportHeader(), control.Export(ctx, tx, control.Filter{}, "code"))
			},
			func(b *bytes.Buffer, tx *models.Tx, ctx context.Context) error {
				return sheet.WriteXLSX(b, "Controls", control.ExportHeader(), control.Export(ctx, tx, control.Filter{}, "-title"))
			},
		} {
			var b bytes.Buffer
			c.look(c.priya, func(ctx context.Context, tx *models.Tx) error { return write(&b, tx, ctx) })
			got, err := sheet.Read(t.Context(), &b, "controls", sheet.Default)
			if err != nil {
				t.Fatal(err)
			}
			p := c.plan(got)
			if n := p.Count(control.Unchanged); n != len(got.Rows) || n < 131 || len(p.Unused) > 0 {
				t.Errorf("%d of %d rows unchanged, unused %v: %.300s", n, len(got.Rows), p.Unused, fates(p))
			}
		}
	})
}

func TestForeignFiles(t *testing.T) {
	db := modelstest.SQLite(t)
	priya := modelstest.Person(t, db, access.Compliance)
	for name, want := range map[string]string{
		"core__sample_control.csv": "EXAMPLE_REFCODE refused: Unknown criterion: “example_mappedcategories”. The type “example_controlkindname” is none of preventive, detective, corrective.",
	} {
		b, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		modelstest.Look(t, db, priya, func(ctx context.Context, tx *models.Tx) error {
			p, err := control.PlanImport(ctx, tx, table(t, string(b)))
			got := fates(p)
			if got != want {
				t.Errorf("%s:\n got %s\nwant %s", name, got, want)
			}
			if fmt.Sprint(p.Unused) == "[]" {
				t.Error("no column is named as unused")
			}
			return err
		})
	}
}

func TestAFileThatIsOutOfShapeIsNotImported(t *testing.T) {
	each(t, func(c company) {
		plan := func(text string) (p control.Plan, err error) {
			table, err := sheet.Read(c.Context(), strings.NewReader(text), "x.csv", sheet.Default)
			if err != nil {
				c.Fatal(err)
			}
			c.look(c.priya, func(ctx context.Context, tx *models.Tx) error {
				p, err = control.PlanImport(ctx, tx, table)
				return nil
			})
			return p, err
		}
		if _, err := plan("id,title\n"); models.KindOf(err) != models.KindInvalid {
			c.Errorf("a header alone: %v", err)
		}
		p, err := plan("id,title,statement\nZA-01,Good,Each month\nZA-02,Shifted,Each month, and then some\nZA-03,Short\n")
		if err != nil {
			c.Fatal(err)
		}
		var fates []control.Fate
		for _, r := range p.Rows {
			fates = append(fates, r.Fate)
		}
		if !slices.Equal(fates, []control.Fate{control.IsNew, control.Refused, control.IsNew}) {
			c.Errorf("got %v", fates)
		}
	})
}
