package handlers

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/evidence"
	"assay/models/finding"
	"assay/models/framework"
	"assay/models/people"
	"assay/models/request"
	"assay/templates/searches"
	"assay/templates/ui"
	"assay/web"
)

// hitsOfAKind is how many of each kind a search names: it is a way to somewhere, and
// the lists have filters of their own.
const hitsOfAKind = 6

// search answers the palette with a fragment, and everybody else with a page. A code
// that exists goes straight to its record.
func (app *App) search(w http.ResponseWriter, r *http.Request) error {
	q := web.Query(r)
	d := searches.Data{Query: q.Line("q", 200)}
	var exact bool
	if d.Query != "" {
		_, err := read(app, r, func(ctx context.Context, tx *models.Tx) (int, error) {
			first, err := atCode(ctx, tx, d.Query)
			if err != nil {
				return 0, err
			}
			exact = len(first) > 0
			d.Hits, err = found(ctx, tx, d.Query)
			d.Hits = without(append(first, d.Hits...))
			return 0, err
		})
		if err != nil {
			return err
		}
	}
	switch {
	case web.Fragment(r):
		return app.fragment(w, r, http.StatusOK, searches.Hits(d))
	case exact:
		return web.SeeOther(w, r, d.Hits[0].Href)
	}
	return app.page(w, r, http.StatusOK, searches.Page(d))
}

// atCode finds the record whose code was typed, in any case, with or without leading
// zeros.
func atCode(ctx context.Context, tx *models.Tx, typed string) ([]ui.Hit, error) {
	code := strings.ToUpper(strings.TrimSpace(typed))
	if strings.ContainsAny(code, " /") {
		return nil, nil
	}
	if n, ok := numbered(code, "E-"); ok && tx.Actor.Can(access.EvidenceView) {
		i, err := evidence.ByID(ctx, tx, n)
		return one(evidenceHit(i), err)
	}
	if n, ok := numbered(code, "F-"); ok {
		f, err := models.Rows[finding.Finding](tx).Where("findings.id = ?", n).Take(ctx)
		return one(findingHit(f), models.One0(err, "Finding"))
	}
	if n, ok := numbered(code, "R-"); ok {
		r, err := request.ByNumber(ctx, tx, n)
		return one(requestHit(r), err)
	}
	c, err := control.ByCode(ctx, tx, code)
	return one(controlHit(c.Code, c.Title), err)
}

func numbered(code, prefix string) (int64, bool) {
	digits, ok := strings.CutPrefix(code, prefix)
	n, err := strconv.ParseInt(digits, 10, 32)
	return n, ok && err == nil && n > 0
}

// one is the hit when there is such a record, and none when there is not.
func one(h ui.Hit, err error) ([]ui.Hit, error) {
	if models.KindOf(err) == models.KindNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []ui.Hit{h}, nil
}

// found looks through everything the visitor may see. What they may not is left out by
// the same rows that their lists show.
func found(ctx context.Context, tx *models.Tx, typed string) ([]ui.Hit, error) {
	var hits []ui.Hit
	controls, err := control.Search(ctx, tx, typed, hitsOfAKind)
	if err != nil {
		return nil, err
	}
	for _, c := range controls {
		hits = append(hits, controlHit(c.Code, c.Title))
	}
	if tx.Actor.Can(access.EvidenceView) {
		items, err := evidence.Search(ctx, tx, typed, hitsOfAKind)
		if err != nil {
			return nil, err
		}
		for _, i := range items {
			hits = append(hits, evidenceHit(i))
		}
	}
	findings, err := finding.List(ctx, tx, finding.Filter{Text: typed}, models.Page{Limit: hitsOfAKind})
	if err != nil {
		return nil, err
	}
	for _, f := range findings.Items {
		hits = append(hits, findingHit(f))
	}
	requests, err := request.Search(ctx, tx, typed, hitsOfAKind)
	if err != nil {
		return nil, err
	}
	for _, r := range requests {
		hits = append(hits, requestHit(r))
	}
	hits = append(hits, criteriaHits(typed)...)
	persons, err := peopleHits(ctx, tx, typed)
	return append(hits, persons...), err
}

func controlHit(code, title string) ui.Hit {
	return ui.Hit{Icon: "controls", Label: code + " " + title, Kind: "Control", Href: "/controls/" + code}
}

func evidenceHit(i evidence.Item) ui.Hit {
	return ui.Hit{Icon: "evidence", Label: i.Code() + " " + i.Title, Kind: "Evidence", Href: "/" + i.Path()}
}

func findingHit(f finding.Finding) ui.Hit {
	return ui.Hit{Icon: "finding", Label: f.Code() + " " + f.Title, Kind: "Finding", Href: "/" + f.Path()}
}

func requestHit(r request.Request) ui.Hit {
	label := r.Code() + " " + r.Title
	if r.Reference != "" {
		label = r.Code() + " (" + r.Reference + ") " + r.Title
	}
	return ui.Hit{Icon: "engage", Label: label, Kind: "Request", Href: "/" + r.Path()}
}

// criteriaHits are the criteria of every framework whose code or title holds the words.
func criteriaHits(typed string) []ui.Hit {
	words := strings.Fields(strings.ToLower(typed))
	var hits []ui.Hit
	for _, f := range framework.Catalog().Frameworks {
		for _, c := range f.Criteria {
			text := strings.ToLower(c.Code + " " + c.Title)
			if holdsAll(text, words) && len(hits) < hitsOfAKind {
				hits = append(hits, ui.Hit{Icon: "book", Label: c.Code + " " + c.Title, Kind: f.Name, Href: "/frameworks/" + f.ID + "/" + c.Code})
			}
		}
	}
	return hits
}

func holdsAll(text string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return len(words) > 0
}

func peopleHits(ctx context.Context, tx *models.Tx, typed string) ([]ui.Hit, error) {
	if !tx.Actor.Can(access.PeopleView) {
		return nil, nil
	}
	q := models.Rows[people.Person](tx)
	for _, w := range strings.Fields(strings.ToLower(typed)) {
		w = "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(w) + "%"
		q = q.Where(`(lower(name) LIKE ? ESCAPE '\' OR lower(email) LIKE ? ESCAPE '\')`, w, w)
	}
	list, err := q.Order("name, id").Limit(hitsOfAKind).Find(ctx)
	var hits []ui.Hit
	for _, p := range list {
		hits = append(hits, ui.Hit{Icon: "user", Label: p.Name, Kind: p.Role.Label(), Href: "/" + p.Path()})
	}
	return hits, err
}

// without drops hits that lead where an earlier one leads.
func without(hits []ui.Hit) []ui.Hit {
	seen := map[string]bool{}
	var out []ui.Hit
	for _, h := range hits {
		if !seen[h.Href] {
			seen[h.Href] = true
			out = append(out, h)
		}
	}
	return out
}
