package evidence_test

import (
	"context"
	"testing"

	"assay/models"
	"assay/models/access"
	"assay/models/evidence"
	"assay/models/modelstest"
)

func TestARedactedCopySealsItsOriginal(t *testing.T) {
	each(t, func(c company) {
		i, err := c.accept(c.priya, c.submitted(c.owner, details(), upload("raw.csv", "user,salary\n")))
		c.must(err)
		var original evidence.File
		look := func() (files []evidence.File) {
			modelstest.Look(c.T, c.db, c.priya, func(ctx context.Context, tx *models.Tx) (err error) {
				files, err = evidence.FilesOf(ctx, tx, i.ID)
				return err
			})
			return files
		}
		original = look()[0]
		redact := func(a access.Actor, file int64, u evidence.Upload, why string) error {
			return c.as(a, func(ctx context.Context, tx *models.Tx) error {
				_, err := evidence.Redact(ctx, tx, i.ID, file, u, why)
				return err
			})
		}
		cover := upload("redacted.csv", "user,█\n")
		c.refused("by somebody who may only see it", redact(c.backup, original.ID, cover, "Salaries."), models.KindForbidden)
		c.refused("by somebody who may not see it", redact(c.other, original.ID, cover, "Salaries."), models.KindNotFound)
		c.refused("without a reason", redact(c.priya, original.ID, cover, ""), models.KindInvalid)
		c.refused("with the same bytes", redact(c.priya, original.ID, upload("redacted.csv", "user,salary\n"), "Salaries."), models.KindInvalid)
		c.refused("of a file of another item", redact(c.priya, original.ID+100, cover, "Salaries."), models.KindNotFound)
		c.must(redact(c.priya, original.ID, cover, "Salaries of people."))
		files := look()
		if len(files) != 2 || files[1].RedactsID == nil || *files[1].RedactsID != original.ID || files[0] != original {
			c.Fatalf("got %+v", files)
		}
		c.refused("the same copy again", redact(c.owner, original.ID, cover, "Salaries."), models.KindConflict)
		c.refused("of a copy", redact(c.priya, files[1].ID, upload("more.csv", "█\n"), "More."), models.KindInvalid)
		modelstest.Look(c.T, c.db, c.priya, func(ctx context.Context, tx *models.Tx) error {
			receipts, err := evidence.Receipts(ctx, tx, files)
			if receipts[original.ID].RedactedID != files[1].ID || receipts[files[1].ID].Leaf == 0 {
				c.Errorf("got %+v", receipts)
			}
			return err
		})
		for who, want := range map[*access.Actor]bool{&c.priya: true, &c.owner: true, &c.backup: false, &c.admin: false, &c.auditor: false} {
			if evidence.MayUnseal(*who, i) != want {
				c.Errorf("%s may open the original: %v", who.Name, !want)
			}
		}
		_, err = c.withdraw(c.priya, i, "Wrong month.")
		c.must(err)
		c.refused("of what was withdrawn", redact(c.priya, original.ID, upload("x.csv", "x"), "Salaries."), models.KindForbidden)
	})
}

func TestTheDatabaseKeepsCopiesAndOriginalsApart(t *testing.T) {
	each(t, func(c company) {
		i := c.submitted(c.owner, details(), upload("raw.csv", "user,salary\n"))
		other := c.submitted(c.owner, details(), upload("other.csv", "o"))
		add := func(what string, change func(*evidence.File)) {
			modelstest.At(c.db, modelstest.Now.Add(60e9))
			f := evidence.File{EvidenceID: i.ID, Digest: digest("copy"), Name: what, Size: 4, AddedBy: c.owner.ID, AddedAt: c.db.Now(), RedactsID: ptr(int64(1)), Redaction: "Salaries."}
			change(&f)
			if err := c.as(c.owner, func(ctx context.Context, tx *models.Tx) error { return models.Insert(ctx, tx, &f, "evidence.redact") }); err == nil {
				c.Errorf("%s was taken", what)
			}
		}
		add("a file without an original, after the submission", func(f *evidence.File) { f.RedactsID = nil })
		add("a copy without a reason", func(f *evidence.File) { f.Redaction = "" })
		add("a copy in another item", func(f *evidence.File) { f.EvidenceID = other.ID })
		add("a copy of the same bytes", func(f *evidence.File) { f.Digest = digest("user,salary\n") })
	})
}
