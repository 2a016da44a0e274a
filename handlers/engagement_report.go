package handlers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"

	"assay/internal/blob"
	"assay/internal/filetype"
	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
	"assay/models/evidence"
	"assay/models/finding"
	"assay/models/people"
	"assay/models/scan"
	"assay/templates/engagements"
	"assay/templates/ui"
	"assay/web"
)

func (app *App) reportPage(w http.ResponseWriter, r *http.Request) error {
	return app.reportAgain(w, r, http.StatusOK, nil)
}

// reportAgain is the page with what a refused form of it said.
func (app *App) reportAgain(w http.ResponseWriter, r *http.Request, code int, change func(*engagements.ReportData)) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (engagements.ReportData, error) {
		return reportData(ctx, tx, r)
	})
	if err != nil {
		return err
	}
	d.MaxFile = app.MaxFile
	if change != nil {
		change(&d)
	}
	return app.page(w, r, code, engagements.Report(d))
}

func reportData(ctx context.Context, tx *models.Tx, r *http.Request) (d engagements.ReportData, err error) {
	if d.Engagement, err = engagement.BySlug(ctx, tx, web.Param(r, "engagement")); err != nil {
		return d, err
	}
	e := d.Engagement
	d.Manage = tx.Actor.Can(access.EngagementManage)
	if d.Report, d.Registered, err = engagement.ReportOf(ctx, tx, e.ID); err != nil {
		return d, err
	}
	if d.Manage && e.Status == engagement.Reporting {
		if d.Team, err = engagement.Team(ctx, tx, e.ID); err != nil {
			return d, err
		}
	}
	if d.Addenda, err = engagement.Addenda(ctx, tx, e.ID); err != nil {
		return d, err
	}
	ids := []int64{d.Report.RegisteredBy}
	for _, a := range d.Addenda {
		ids = append(ids, a.WrittenBy)
	}
	if d.People, err = people.Named(ctx, tx, ids...); err != nil {
		return d, err
	}
	d.Refs, err = addendumRefs(ctx, tx, d.Addenda)
	return d, err
}

// addendumRefs names what addenda refer to and the visitor may open.
func addendumRefs(ctx context.Context, tx *models.Tx, list []engagement.Addendum) (map[int64]engagements.Refs, error) {
	var items, findings []int64
	for _, a := range list {
		if a.EvidenceID != nil {
			items = append(items, *a.EvidenceID)
		}
		if a.FindingID != nil {
			findings = append(findings, *a.FindingID)
		}
	}
	codes, err := codesOf(ctx, tx, items, findings)
	out := map[int64]engagements.Refs{}
	for _, a := range list {
		refs := engagements.Refs{}
		if a.EvidenceID != nil {
			refs.Evidence = codes.evidence[*a.EvidenceID]
		}
		if a.FindingID != nil {
			refs.Finding = codes.finding[*a.FindingID]
		}
		out[a.ID] = refs
	}
	return out, err
}

type codes struct{ evidence, finding map[int64]string }

func codesOf(ctx context.Context, tx *models.Tx, items, findings []int64) (out codes, err error) {
	out = codes{map[int64]string{}, map[int64]string{}}
	if len(items) > 0 {
		list, err := models.Rows[evidence.Item](tx).Where("evidence.id IN ?", items).Find(ctx)
		if err != nil {
			return out, err
		}
		for _, i := range list {
			out.evidence[i.ID] = i.Code()
		}
	}
	if len(findings) > 0 {
		list, err := models.Rows[finding.Finding](tx).Where("findings.id IN ?", findings).Find(ctx)
		if err != nil {
			return out, err
		}
		for _, f := range list {
			out.finding[f.ID] = f.Code()
		}
	}
	return out, nil
}

// reportBody is how large a form with a report can be.
func (app *App) reportBody() int64 { return app.MaxFile + 1<<20 }

// reportIssue registers the report and ends the engagement. A file that comes along goes
// into the store, and what its bytes give is the digest.
func (app *App) reportIssue(w http.ResponseWriter, r *http.Request) error {
	g := app.gate(r, func(ctx context.Context, tx *models.Tx, _ *web.Values) error {
		e, err := engagement.BySlug(ctx, tx, web.Param(r, "engagement"))
		if err == nil {
			err = engagement.MayIssue(e)
		}
		return err
	})
	defer g.close()
	fields, kept, err := app.reportArrives(r, g)
	f := web.NewValues(fields)
	rep := engagement.Report{Digest: f.Line("digest", 200), ReportedOn: f.Date("reported_on"), SignedBy: f.Line("signed_by", 200)}
	again := func(code int, refused map[string]string) error {
		return app.reportAgain(w, r, code, func(d *engagements.ReportData) { d.Typed, d.Errors, d.Asked = f.All(), refused, "register" })
	}
	if refused := web.Errors(err); refused != nil {
		return again(web.Status(err), refused)
	}
	if err != nil {
		return err
	}
	if kept.Digest != "" {
		if typed := engagement.CleanDigest(rep.Digest); typed != "" && typed != kept.Digest {
			return again(http.StatusUnprocessableEntity, map[string]string{"digest": "The file has another SHA-256: " + kept.Digest + ". Choose the right file, or leave the digest empty."})
		}
		rep.Digest, rep.FileName, rep.Size = kept.Digest, kept.Name, kept.Size
	}
	seen := f.Rev()
	return app.inEngagement(w, r, f, "/report", "The report is registered, and the engagement is issued.", again, func(ctx context.Context, tx *models.Tx, e engagement.Engagement) error {
		e.Rev = seen
		return engagement.Issue(ctx, tx, &e, rep)
	})
}

// reportArrives reads the fields of the form and puts the file, if there is one, into the
// store.
func (app *App) reportArrives(r *http.Request, g *gate) (url.Values, evidence.Upload, error) {
	var kept evidence.Upload
	fields, err := eachFile(r, "report", func(name string, from io.Reader) error {
		if err := g.open(nil); err != nil {
			return err
		}
		b, err := app.Blobs.Put(r.Context(), from, app.MaxFile)
		switch {
		case errors.Is(err, blob.ErrTooLarge):
			return models.Invalid(map[string]string{"report": "The file is larger than " + ui.Limit(app.MaxFile) + ". Enter its SHA-256 instead."})
		case err != nil:
			return err
		case b.Size == 0:
			return models.Invalid(map[string]string{"report": "The file is empty."})
		}
		kept = evidence.Upload{Name: name, Digest: b.Digest, Size: b.Size}
		return nil
	})
	return fields, kept, err
}

// eachFile reads a form part by part: small fields into values, and files of the named
// field as they come.
func eachFile(r *http.Request, field string, take func(name string, from io.Reader) error) (url.Values, error) {
	fields := url.Values{}
	parts, err := r.MultipartReader()
	if err != nil {
		return fields, models.Invalid(map[string]string{field: "This form came incomplete. Send it again."})
	}
	for range fieldCount {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return fields, nil
		}
		switch {
		case err != nil:
			return fields, err
		case part.FormName() == field:
			if part.FileName() != "" {
				err = take(filetype.CleanName(part.FileName()), part)
			}
		default:
			var b []byte
			b, err = io.ReadAll(io.LimitReader(part, fieldBytes))
			fields.Add(part.FormName(), string(b))
		}
		if err != nil {
			return fields, err
		}
	}
	return fields, models.Invalid(map[string]string{field: "This form has more fields than it should. Load the page again."})
}

// reportCheck says whether a file is the registered report. Nothing of it is kept and
// nothing is written, so everybody who sees the engagement may ask.
func (app *App) reportCheck(w http.ResponseWriter, r *http.Request) error {
	var c engagements.Check
	_, err := eachFile(r, "check", func(name string, from io.Reader) error {
		h := sha256.New()
		n, err := io.Copy(h, io.LimitReader(from, app.MaxFile+1))
		if err == nil && n > app.MaxFile {
			err = models.Invalid(map[string]string{"check": "The file is larger than " + ui.Limit(app.MaxFile) + ". Compare what sha256sum prints."})
		}
		c = engagements.Check{Done: true, Name: name, Digest: hex.EncodeToString(h.Sum(nil))}
		return err
	})
	if err == nil && !c.Done {
		err = models.Invalid(map[string]string{"check": "Choose a file."})
	}
	if refused := web.Errors(err); refused != nil {
		return app.reportAgain(w, r, web.Status(err), func(d *engagements.ReportData) { d.Errors = refused })
	}
	if err != nil {
		return err
	}
	return app.reportAgain(w, r, http.StatusOK, func(d *engagements.ReportData) {
		c.Same = d.Registered && c.Digest == d.Report.Digest
		c.Done = d.Registered
		d.Checked = c
	})
}

// reportFile answers with the report as it was registered.
func (app *App) reportFile(w http.ResponseWriter, r *http.Request) error {
	rep, err := read(app, r, func(ctx context.Context, tx *models.Tx) (engagement.Report, error) {
		e, err := engagement.BySlug(ctx, tx, web.Param(r, "engagement"))
		if err != nil {
			return engagement.Report{}, err
		}
		rep, ok, err := engagement.ReportOf(ctx, tx, e.ID)
		if err == nil && (!ok || !rep.Kept()) {
			err = models.NotFound("The file")
		}
		return rep, err
	})
	if err != nil {
		return err
	}
	said, err := read(app, r, func(ctx context.Context, tx *models.Tx) (map[string]scan.Scan, error) {
		return scan.Of(ctx, tx, rep.Digest)
	})
	if err != nil {
		return err
	}
	if why := said[rep.Digest].Refusal(web.ActorOf(r), app.Scanning); why != "" {
		return models.Conflict(why)
	}
	return app.sendList(w, r, rep.Digest, rep.FileName)
}

func (app *App) addendumWrite(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	a := engagement.Addendum{Text: f.Text("text", 4000), HappenedOn: f.Date("happened_on")}
	item, found := f.Line("evidence", 20), f.Line("finding", 20)
	again := func(code int, refused map[string]string) error {
		return app.reportAgain(w, r, code, func(d *engagements.ReportData) { d.Typed, d.Errors, d.Asked = f.All(), refused, "addendum" })
	}
	return app.inEngagement(w, r, f, "/report", "The addendum is written. The lead auditor is told, by mail as soon as their window is open.", again, func(ctx context.Context, tx *models.Tx, e engagement.Engagement) (err error) {
		if a.EvidenceID, err = namedRecord(item, "evidence", "No evidence has this code.", func() (int64, error) {
			i, err := evidence.ByCode(ctx, tx, item)
			return i.ID, err
		}); err != nil {
			return err
		}
		if a.FindingID, err = namedRecord(found, "finding", "No finding has this code.", func() (int64, error) {
			id, err := finding.ParseCode(found)
			if err != nil {
				return 0, err
			}
			x, err := models.Rows[finding.Finding](tx).Where("findings.id = ?", id).Take(ctx)
			x, err = models.One(x, err, "Finding")
			return x.ID, err
		}); err != nil {
			return err
		}
		_, err = engagement.Add(ctx, tx, e, a)
		return err
	})
}

// namedRecord is the id behind a code that may be left empty.
func namedRecord(code, field, unknown string, find func() (int64, error)) (*int64, error) {
	if code == "" {
		return nil, nil
	}
	id, err := find()
	if models.KindOf(err) == models.KindNotFound {
		return nil, models.Invalid(map[string]string{field: unknown})
	}
	return &id, err
}
