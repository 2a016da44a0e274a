package handlers

import (
	"bytes"
	"context"
	"net/http"

	"assay/internal/sheet"
	"assay/models"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/population"
	"assay/models/sample"
	"assay/web"
)

// populationOwn makes a draft of what Assay itself knows. The list goes into the store as a
// file, as every other does, so that it stays what it was when its rows change.
func (app *App) populationOwn(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	p, err := app.writePopulation(r, f)
	if refused := web.Errors(err); refused != nil {
		return app.populationForm(w, r, web.Status(err), f.All(), refused)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", p.Code()+" is written from what Assay knows now, and kept as a draft.")
	return web.SeeOther(w, r, "/"+p.Path())
}

func (app *App) writePopulation(r *http.Request, f *web.Values) (p population.Population, err error) {
	from, segment, replaces := population.Origin(f.Line("from", 20)), f.Int("segment"), f.Line("replaces", 20)
	code := f.Line("of", 40)
	if err := f.Err(); err != nil {
		return p, err
	}
	var e engagement.Engagement
	var before population.Population
	in := population.Parcel{ChangeNote: f.Text("change_note", 4000)}
	list, err := read(app, r, func(ctx context.Context, tx *models.Tx) (list population.Written, err error) {
		if e, err = engagement.BySlug(ctx, tx, web.Param(r, "engagement")); err != nil {
			return list, err
		}
		if replaces != "" {
			if before, err = population.ByCode(ctx, tx, e.ID, replaces); err != nil {
				return list, err
			}
			in.Replaces, code = before.ID, before.Control
		}
		c, err := control.ByCode(ctx, tx, code)
		if models.KindOf(err) == models.KindNotFound {
			err = models.Invalid(map[string]string{"of": "No control has this code."})
		}
		if err != nil {
			return list, err
		}
		return population.Write(ctx, tx, e, c, from, segment)
	})
	if err != nil {
		return p, err
	}
	if in, err = app.parcelOf(r.Context(), e, list, in); err != nil {
		return p, err
	}
	if in.Change, err = app.changeFrom(r.Context(), before, in.File); err != nil {
		return p, err
	}
	return write(app, r, func(ctx context.Context, tx *models.Tx) (population.Population, error) {
		return population.Import(ctx, tx, e, in)
	})
}

// parcelOf puts a list into the store and reads it back as any list is read.
func (app *App) parcelOf(ctx context.Context, e engagement.Engagement, list population.Written, in population.Parcel) (population.Parcel, error) {
	zone, err := e.Location()
	if err != nil {
		return in, err
	}
	var csv bytes.Buffer
	if err := sheet.WriteCSV(&csv, list.Header, each(list.Rows)); err != nil {
		return in, err
	}
	kept, err := app.Blobs.Put(ctx, bytes.NewReader(csv.Bytes()), sheet.Large.Bytes)
	if err != nil {
		return in, err
	}
	in.ControlID, in.Source, in.Origin = list.ControlID, list.Source, list.Origin
	in.File, err = app.readFile(ctx, population.File{FileName: list.FileName(), Digest: kept.Digest, Size: kept.Size, KeyColumn: list.Key, WhenColumn: list.When},
		sample.Terms{Period: e.Period(), Zone: zone, Taken: list.ExtractedAt})
	return in, err
}

// each yields rows that cannot fail.
func each(rows [][]string) func(yield func([]string, error) bool) {
	return func(yield func([]string, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}
