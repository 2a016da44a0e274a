// Package population is what an auditor samples from: the complete list of the times a
// control acted, or should have, with the record of how complete and accurate it is; and
// the samples that were drawn from it. A list becomes a population when it is locked.
// From then on nothing about it changes, and only then there is a seed.
//
//	draft → locked → the next version, as a draft
//
// The company brings lists in and locks them. Accepting their record and selecting from
// them is the auditor's: those with the fieldwork grant do it themselves, and a compliance
// manager brings in what a named auditor decided in the firm's own file, marked so.
package population

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/sample"
)

// A Population is one version of a list.
type Population struct {
	models.Meta
	EngagementID int64
	Slug         string // of the engagement
	ControlID    int64
	Control      string // its code, which never changes
	Version      int64
	ReplacesID   *int64
	ChangeNote   string                    // what the version before lacked
	Change       models.Doc[sample.Change] // how the rows differ from it
	Source
	Origin Origin // which of its own records Assay wrote it from
	File
	Proof
	Status   Status
	AddedBy  int64
	AddedAt  time.Time
	LockedBy *int64
	LockedAt *time.Time
}

// Source says where a list comes from, in the words of whoever brings it.
type Source struct {
	Name        string // what is listed, such as Merges to production
	System      string
	Environment string
	Query       string // and its parameters
	Extractor   string // who or what took it out
	ExtractedAt time.Time
	SourceCount int64 // rows counted in the system itself
	Note        string
}

// File is the list as it came, and what was read from it.
type File struct {
	FileName   string
	Digest     string // of the file
	Size       int64
	Columns    models.List[string]
	KeyColumn  string
	WhenColumn string
	DateOrder  sample.DateOrder
	RowCount   int64
	TextDigest string // the population digest; "" while items cannot be told apart
	Record     models.Doc[sample.Record]
}

// Proof is what else was done to find out whether the list is complete and accurate.
type Proof struct {
	TieSource  string // the second source
	TieName    string // of its file
	TieDigest  string
	TieKey     string
	Tie        models.Doc[sample.Tie]
	ToSource   models.List[Trace] // from the list to the source: accuracy
	ToList     models.List[Trace] // from the source to the list: completeness
	Assessment string             // why the list is taken all the same
}

// A Trace is one item that was followed.
type Trace struct {
	Key  string
	Held bool // it was found, and said the same
}

// A Status is where a population stands.
type Status string

// The states.
const (
	Draft  Status = "draft"
	Locked Status = "locked"
)

// Label is s in words.
func (s Status) Label() string {
	if s == Locked {
		return "Locked"
	}
	return "Draft"
}

// TableName is where populations live.
func (Population) TableName() string { return "populations" }

// Code is the id people use.
func (p Population) Code() string { return fmt.Sprintf("P-%d", p.ID) }

// Path is the address of p.
func (p Population) Path() string { return pathOf(p.Slug, p.ID) }

// Within is the address of the engagement.
func (p Population) Within() string { return "engagements/" + p.Slug }

func pathOf(slug string, population int64) string {
	return fmt.Sprintf("engagements/%s/populations/P-%d", slug, population)
}

// VisibleTo gives compliance managers and administrators everything, and an auditor the
// locked populations of an open engagement.
func (Population) VisibleTo(a access.Actor) (string, []any) {
	switch a.Role {
	case access.Compliance, access.Administrator, access.System:
		return "", nil
	case access.Auditor:
		return "populations.status = 'locked' AND populations.engagement_id IN ?", []any{append([]int64{0}, a.Engagements...)}
	}
	return "1 = 0", nil
}

// ofVisible is the condition that a row's population is visible.
func ofVisible(table string, a access.Actor) (string, []any) {
	cond, args := Population{}.VisibleTo(a)
	if cond == "" {
		return "", nil
	}
	return table + ".population_id IN (SELECT populations.id FROM populations WHERE " + cond + ")", args
}

// ByID finds a population that the actor may see.
func ByID(ctx context.Context, tx *models.Tx, id int64) (Population, error) {
	p, err := models.Rows[Population](tx).Where("populations.id = ?", id).Take(ctx)
	return models.One(p, err, "Population")
}

// ByCode finds a population of an engagement by its human id, such as P-12.
func ByCode(ctx context.Context, tx *models.Tx, engagement int64, code string) (Population, error) {
	digits, ok := strings.CutPrefix(code, "P-")
	id, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || digits != strconv.FormatInt(id, 10) {
		return Population{}, models.NotFound("Population")
	}
	p, err := models.Rows[Population](tx).Where("populations.id = ? AND populations.engagement_id = ?", id, engagement).Take(ctx)
	return models.One(p, err, "Population")
}

// A Line is a population as a list shows it.
type Line struct {
	models.Meta
	Slug       string
	ControlID  int64
	Control    string
	Name       string
	Version    int64
	RowCount   int64
	TextDigest string
	Status     Status
	AddedAt    time.Time
	LockedAt   *time.Time
}

// TableName is where populations live.
func (Line) TableName() string { return "populations" }

// Code is the id people use.
func (l Line) Code() string { return Population{Meta: l.Meta}.Code() }

// Path is the address of the population.
func (l Line) Path() string { return pathOf(l.Slug, l.ID) }

// VisibleTo is that of Population.
func (Line) VisibleTo(a access.Actor) (string, []any) { return Population{}.VisibleTo(a) }

// List lists the populations of an engagement, the newest first.
func List(ctx context.Context, tx *models.Tx, engagement int64, page models.Page) ([]Line, error) {
	return models.Rows[Line](tx).Where("engagement_id = ?", engagement).Order("id DESC").Limit(page.Limit).Find(ctx)
}

// Previous is the version that p replaces, if there is one that the actor may see.
func Previous(ctx context.Context, tx *models.Tx, p Population) (before Population, ok bool, err error) {
	if p.ReplacesID == nil {
		return before, false, nil
	}
	before, err = ByID(ctx, tx, *p.ReplacesID)
	if models.KindOf(err) == models.KindNotFound {
		return before, false, nil
	}
	return before, err == nil, err
}

// Versions are all versions of a population, the first one first.
func Versions(ctx context.Context, tx *models.Tx, id int64) ([]int64, error) {
	list, err := models.Raw[struct{ ID int64 }](ctx, tx, `WITH RECURSIVE before (id, replaces_id) AS (
			SELECT p.id, p.replaces_id FROM populations p WHERE p.id = ? UNION ALL SELECT p.id, p.replaces_id FROM before b JOIN populations p ON p.id = b.replaces_id),
		after (id) AS (SELECT p.id FROM populations p WHERE p.id = ? UNION ALL SELECT p.id FROM after a JOIN populations p ON p.replaces_id = a.id)
		SELECT id FROM before UNION SELECT id FROM after ORDER BY id`, id, id)
	out := make([]int64, len(list))
	for i, v := range list {
		out[i] = v.ID
	}
	return out, err
}

// Next is the version that replaces p, if there is one.
func Next(ctx context.Context, tx *models.Tx, p Population) (next Population, ok bool, err error) {
	list, err := models.Rows[Population](tx).Where("replaces_id = ?", p.ID).Limit(1).Find(ctx)
	if err != nil || len(list) == 0 {
		return Population{}, false, err
	}
	return list[0], true, nil
}
