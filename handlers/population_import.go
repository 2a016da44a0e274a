package handlers

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"assay/internal/blob"
	"assay/internal/filetype"
	"assay/internal/sheet"
	"assay/models"
	"assay/models/engagement"
	"assay/models/population"
	"assay/models/sample"
	"assay/models/upload"
	"assay/templates/populations"
	"assay/web"
)

// pastedBytes is how much can be pasted instead of choosing a file.
const pastedBytes = 4 << 20

// listBody is how large a form with a list can be.
func listBody() int64 { return sheet.Large.Bytes + pastedBytes + 1<<20 }

func (app *App) populationNew(w http.ResponseWriter, r *http.Request) error {
	return app.populationForm(w, r, http.StatusOK, map[string]string{"replaces": web.Query(r).Line("replaces", 20)}, nil)
}

// populationForm shows the form with what was typed, and with the columns of the list that
// it sent before.
func (app *App) populationForm(w http.ResponseWriter, r *http.Request, code int, typed, refused map[string]string) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (d populations.FormData, err error) {
		d.Typed, d.Errors = typed, refused
		if d.Engagement, err = engagement.BySlug(ctx, tx, web.Param(r, "engagement")); err != nil || typed["replaces"] == "" {
			return d, err
		}
		d.Before, err = population.ByCode(ctx, tx, d.Engagement.ID, typed["replaces"])
		if err == nil && typed["name"] == "" {
			d.Suggest(d.Before)
		}
		return d, err
	})
	if err != nil {
		return err
	}
	if kept, err := app.keptList(r, typed["kept"]); err == nil {
		d.Kept = kept
		rows, file, err := app.rowsOf(r.Context(), kept.Digest, kept.Name)
		if err == nil {
			d.Columns = rows.Header
			_ = file.Close()
		}
	}
	return app.page(w, r, code, populations.Form(d))
}

// populationImport takes a list in as a draft. The file goes into the store as it comes; a
// form that is refused keeps it, and then knows its columns.
func (app *App) populationImport(w http.ResponseWriter, r *http.Request) error {
	g := app.gate(r, func(ctx context.Context, tx *models.Tx, _ *web.Values) error {
		e, err := engagement.BySlug(ctx, tx, web.Param(r, "engagement"))
		if err == nil {
			err = population.MayImport(tx.Actor, e)
		}
		return err
	})
	defer g.close()
	fields, err := app.listArrives(r, g)
	f := web.NewValues(fields)
	var p population.Population
	if err == nil {
		p, err = app.takePopulation(r, f)
	}
	if refused := web.Errors(err); refused != nil {
		return app.populationForm(w, r, web.Status(err), f.All(), refused)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", p.Code()+" is kept as a draft, with what its rows say. It is not locked yet.")
	return web.SeeOther(w, r, "/"+p.Path())
}

// listArrives reads the fields of a form and puts its file, or what was pasted, into the
// store. The field kept names it as an upload of the person: bytes are never named by their
// digest, which would let whoever knows one take in what somebody else sent.
func (app *App) listArrives(r *http.Request, g *gate) (url.Values, error) {
	fields := url.Values{}
	parts, err := r.MultipartReader()
	if err != nil {
		return fields, models.Invalid(map[string]string{"file": "This form came incomplete. Send it again."})
	}
	for range fieldCount {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return fields, nil
		}
		if err != nil {
			return fields, err
		}
		switch part.FormName() {
		case "file":
			if part.FileName() == "" {
				break
			}
			if err = g.open(fields); err == nil {
				err = app.keepList(r, fields, filetype.CleanName(part.FileName()), part)
			}
		case "pasted":
			err = app.keepPasted(r, g, fields, part)
		default:
			var b []byte
			if b, err = io.ReadAll(io.LimitReader(part, fieldBytes)); err == nil {
				fields.Add(part.FormName(), string(b))
			}
		}
		if err != nil {
			return fields, err
		}
	}
	return fields, models.Invalid(map[string]string{"file": "This form has more fields than it should. Load the page again."})
}

func (app *App) keepPasted(r *http.Request, g *gate, fields url.Values, part io.Reader) error {
	text, err := io.ReadAll(io.LimitReader(part, pastedBytes+1))
	switch {
	case err != nil:
		return err
	case len(text) > pastedBytes:
		return models.Invalid(map[string]string{"pasted": "This is more than can be pasted. Save it as a CSV file and choose that."})
	case strings.TrimSpace(string(text)) == "":
		return nil
	}
	if err := g.open(fields); err != nil {
		return err
	}
	return app.keepList(r, fields, "pasted.csv", strings.NewReader(strings.TrimLeft(string(text), "\r\n")))
}

func (app *App) keepList(r *http.Request, fields url.Values, name string, from io.Reader) error {
	kept, err := app.Blobs.Put(r.Context(), from, sheet.Large.Bytes)
	if errors.Is(err, blob.ErrTooLarge) {
		return models.Invalid(map[string]string{"file": "The file is larger than 1 GiB. Split the list by month, as populations of their own."})
	}
	if err != nil {
		return err
	}
	if kept.Size == 0 {
		return models.Invalid(map[string]string{"file": "The file is empty. A list of nothing still has a header."})
	}
	u := upload.Upload{PersonID: web.ActorOf(r).ID, About: listsOf(r), Name: name, Size: kept.Size, Digest: kept.Digest}
	err = app.DB.Bookkeep(r.Context(), func(tx *models.Tx) error {
		u, err = upload.Keep(r.Context(), tx, u)
		return err
	})
	fields.Set("kept", u.ID)
	return err
}

// listsOf is what the lists that come with the forms of an engagement are about.
func listsOf(r *http.Request) string {
	return "engagements/" + web.Param(r, "engagement") + "/populations"
}

// keptList is the list that a form names: one that the visitor sent, for this engagement,
// within a day.
func (app *App) keptList(r *http.Request, id string) (upload.Upload, error) {
	gone := models.Invalid(map[string]string{"file": "The list is not there any more. Choose it again."})
	u, err := read(app, r, func(ctx context.Context, tx *models.Tx) (upload.Upload, error) { return upload.ByID(ctx, tx, id) })
	if models.KindOf(err) == models.KindNotFound || err == nil && (!u.Whole() || u.About != listsOf(r)) {
		err = gone
	}
	return u, err
}

func (app *App) takePopulation(r *http.Request, f *web.Values) (population.Population, error) {
	var e engagement.Engagement
	var before population.Population
	in, err := read(app, r, func(ctx context.Context, tx *models.Tx) (in population.Parcel, err error) {
		if e, err = engagement.BySlug(ctx, tx, web.Param(r, "engagement")); err != nil {
			return in, err
		}
		if code := f.Line("replaces", 20); code != "" {
			if before, err = population.ByCode(ctx, tx, e.ID, code); err != nil {
				return in, err
			}
			in.Replaces, in.ControlID = before.ID, before.ControlID
		}
		return in, nil
	})
	if err != nil {
		return population.Population{}, err
	}
	if in.Replaces == 0 {
		c, err := app.controlNamed(r, f.Line("control", 40))
		if err != nil {
			return population.Population{}, models.Invalid(map[string]string{"control": "No control has this code."})
		}
		in.ControlID = c.ID
	}
	zone, err := e.Location()
	if err != nil {
		return population.Population{}, err
	}
	in.ChangeNote = f.Text("change_note", 4000)
	in.Source = population.Source{
		Name: f.Line("name", 200), System: f.Line("system", 200), Environment: f.Line("environment", 200), Query: f.Text("query", 4000),
		Extractor: f.Line("extractor", 200), ExtractedAt: f.Instant("extracted_at", zone), SourceCount: int64(f.Int("source_count")), Note: f.Text("note", 4000),
	}
	if err := f.Err(); err != nil {
		return population.Population{}, err
	}
	terms := sample.Terms{Period: e.Period(), Zone: zone, Dates: sample.DateOrder(f.Line("dates", 3)), Taken: in.ExtractedAt}
	var kept upload.Upload
	if kept, in.File, err = app.readList(r, f, terms); err != nil {
		return population.Population{}, err
	}
	if in.Change, err = app.changeFrom(r.Context(), before, in.File); err != nil {
		return population.Population{}, err
	}
	return write(app, r, func(ctx context.Context, tx *models.Tx) (population.Population, error) {
		p, err := population.Import(ctx, tx, e, in)
		if err == nil {
			err = app.haveScanned(ctx, tx, p.Digest)
		}
		if err != nil {
			return p, err
		}
		return p, upload.Drop(ctx, tx, tx.Actor.ID, kept.ID)
	})
}

// readList goes once through a list: it computes the record, and the text of the
// population digest goes into the store while it is written.
func (app *App) readList(r *http.Request, f *web.Values, terms sample.Terms) (kept upload.Upload, out population.File, err error) {
	if f.Line("kept", 40) == "" {
		return kept, out, models.Invalid(map[string]string{"file": "Choose a CSV or XLSX file, or paste the rows."})
	}
	if kept, err = app.keptList(r, f.Line("kept", 40)); err != nil {
		return kept, out, err
	}
	out, err = app.readFile(r.Context(), population.File{
		FileName: kept.Name, Digest: kept.Digest, Size: kept.Size, KeyColumn: f.Line("key", 200), WhenColumn: f.Line("when", 200), DateOrder: terms.Dates,
	}, terms)
	return kept, out, err
}

// changeFrom says how a list differs from the version before, so that no row is added or
// left out without being seen.
func (app *App) changeFrom(ctx context.Context, before population.Population, now population.File) (change sample.Change, err error) {
	if before.ID == 0 || now.TextDigest == "" {
		return change, nil
	}
	earlier, err := app.listOf(ctx, before.Digest, before.FileName, before.KeyColumn)
	if err != nil {
		return change, err
	}
	defer func() { err = errors.Join(err, earlier.Close()) }()
	list, err := app.listOf(ctx, now.Digest, now.FileName, now.KeyColumn)
	if err != nil {
		return change, err
	}
	defer func() { err = errors.Join(err, list.Close()) }()
	for _, l := range []*sample.List{earlier, list} { // keys that are there twice would not be compared
		if sealed, err := l.Seal(io.Discard); err != nil || sealed.Digest == "" {
			return change, err
		}
	}
	return sample.ChangeOf(list.Items(), earlier.Items())
}

// readFile completes what is known of a stored list.
func (app *App) readFile(ctx context.Context, out population.File, terms sample.Terms) (population.File, error) {
	rows, file, err := app.rowsOf(ctx, out.Digest, out.FileName)
	if err != nil {
		return out, err
	}
	defer file.Close()
	out.Columns = rows.Header
	if len(rows.Others) > 0 { // a list that leaves out a month would look complete
		return out, models.Invalid(map[string]string{"file": "There is text on other sheets of " + out.FileName + " too: " + strings.Join(rows.Others, ", ") + ". A list is one sheet: save the one that is meant, with all of its rows, as a file of its own."})
	}
	if out.KeyColumn == "" {
		return out, models.Invalid(map[string]string{"key": "The list is here. Choose the column that tells its items apart."})
	}
	sealed, record, kept, err := app.sealList(ctx, rows, sample.Columns{Key: out.KeyColumn, When: out.WhenColumn}, terms)
	if err != nil {
		return out, unreadableList(err)
	}
	out.Record.V, out.RowCount, out.TextDigest = record, int64(sealed.Count), sealed.Digest
	if sealed.Digest != "" && sealed.Digest != kept.Digest {
		return out, errors.New("handlers: the text of a population is not what was stored")
	}
	return out, nil
}

// sealList reads a list while the store takes the text of its digest.
func (app *App) sealList(ctx context.Context, rows sheet.Rows, c sample.Columns, terms sample.Terms) (sealed sample.Sealed, record sample.Record, kept blob.Blob, err error) {
	text, into := io.Pipe()
	stored := make(chan error, 1)
	go func() {
		var err error
		kept, err = app.Blobs.Put(ctx, text, 4*sheet.Large.Bytes)
		_ = text.CloseWithError(err) // a store that gives up stops the reading
		stored <- err
	}()
	sealed, record, err = sample.Read(rows, c, terms, into)
	_ = into.CloseWithError(err)
	if failed := <-stored; err == nil {
		err = failed
	}
	return sealed, record, kept, err
}

// populationProve writes what else was done about a draft: a second source, and items that
// were followed. What is in the list is looked up, not asked.
func (app *App) populationProve(w http.ResponseWriter, r *http.Request) error {
	p, err := app.populationOf(r)
	if err != nil {
		return err
	}
	g := app.gate(r, func(_ context.Context, tx *models.Tx, _ *web.Values) error { return population.MayProve(tx.Actor, p) })
	defer g.close()
	fields, err := app.listArrives(r, g)
	f := web.NewValues(fields)
	rev := f.Rev()
	if err == nil {
		err = f.Err()
	}
	var proof population.Proof
	if err == nil {
		proof, err = app.proofOf(r, p, f)
	}
	if err == nil {
		p, err = write(app, r, func(ctx context.Context, tx *models.Tx) (population.Population, error) {
			p.Rev = rev
			if err := population.Prove(ctx, tx, &p, proof); err != nil {
				return p, err
			}
			return p, upload.Drop(ctx, tx, tx.Actor.ID, f.Line("kept", 40))
		})
	}
	if refused := web.Errors(err); refused != nil {
		return app.populationAgain(w, r, web.Status(err), func(d *populations.PageData) { d.Errors, d.Typed = refused, f.All() })
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", "The record is saved.")
	return web.SeeOther(w, r, "/"+p.Path())
}

func (app *App) proofOf(r *http.Request, p population.Population, f *web.Values) (population.Proof, error) {
	ctx := r.Context()
	proof := population.Proof{
		TieSource: f.Line("tie_source", 200), TieName: p.TieName, TieDigest: p.TieDigest, TieKey: p.TieKey, Tie: p.Tie, Assessment: f.Text("assessment", 4000),
	}
	id := f.Line("kept", 40)
	if id == "" {
		return proof, app.followedInFile(ctx, p, f, &proof)
	}
	list, err := app.listOf(ctx, p.Digest, p.FileName, p.KeyColumn)
	if err != nil {
		return proof, err
	}
	defer func() { _ = list.Close() }()
	kept, err := app.keptList(r, id)
	if err != nil {
		return proof, err
	}
	proof.TieName, proof.TieDigest, proof.TieKey = kept.Name, kept.Digest, f.Line("tie_key", 200)
	if proof.TieKey == "" {
		proof.TieKey = p.KeyColumn
	}
	second, err := app.listOf(ctx, kept.Digest, proof.TieName, proof.TieKey)
	if err != nil {
		return proof, err
	}
	proof.Tie.V, err = sample.TieOf(list.Items(), second.Items())
	if err = errors.Join(err, second.Close()); err != nil {
		return proof, err
	}
	return proof, followed(list.Items(), f, &proof)
}

// followedInFile is followed where nobody asks for more of the list than its keys.
func (app *App) followedInFile(ctx context.Context, p population.Population, f *web.Values, proof *population.Proof) error {
	rows, file, err := app.rowsOf(ctx, p.Digest, p.FileName)
	if err != nil {
		return err
	}
	defer file.Close()
	items, err := sample.Rows(rows, p.KeyColumn)
	if err == nil {
		err = followed(items, f, proof)
	}
	return unreadableList(err)
}

// listOf reads a stored list by its keys.
func (app *App) listOf(ctx context.Context, digest, name, key string) (*sample.List, error) {
	rows, file, err := app.rowsOf(ctx, digest, name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	items, err := sample.Items(rows, sample.Columns{Key: key})
	if err != nil {
		return nil, unreadableList(err)
	}
	list, err := sample.ListOf(items)
	return list, unreadableList(err)
}

// followed fills in the traces.
func followed(items iter.Seq2[sample.Item, error], f *web.Values, proof *population.Proof) error {
	toSource, toList := f.Lines("to_source", 200), f.Lines("to_list", 200)
	unlike := map[string]bool{}
	for _, key := range f.Lines("unlike", 200) {
		unlike[key] = true
	}
	absent, err := sample.Missing(items, slices.Concat(toSource, toList))
	if err != nil {
		return err
	}
	missing := slices.DeleteFunc(slices.Clone(toSource), func(key string) bool { return !slices.Contains(absent, key) })
	if len(missing) > 0 {
		return models.Invalid(map[string]string{"to_source": "The list has no " + strings.Join(missing, ", ") + ". What is followed to the source is picked from the list."})
	}
	for _, key := range absent {
		unlike["absent\n"+key] = true
	}
	for _, key := range toSource {
		proof.ToSource = append(proof.ToSource, population.Trace{Key: key, Held: !unlike[key]})
	}
	for _, key := range toList {
		proof.ToList = append(proof.ToList, population.Trace{Key: key, Held: !unlike["absent\n"+key]})
	}
	return nil
}
