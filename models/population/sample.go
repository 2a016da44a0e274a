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

// A Sample is one draw. It never changes: a longer sample is an extension of it, an item
// that does not belong is excluded from it, and drawing again makes another one.
type Sample struct {
	models.Meta
	EngagementID int64 // 0 of a draw from before auditors could write
	PopulationID int64
	Slug         string
	Method       sample.Method
	Seed         string
	Stratum      string `gorm:"column:stratum_column"`
	Amount       string `gorm:"column:amount_column"`
	Decimals     int
	Every        int64 // the interval of a monetary unit sample
	Size         int   // of each stratum, as it was drawn
	RedrawsID    *int64
	SinceID      *int64 // the version before: only what it lacked was selected from
	Reason       string
	AuditorID    int64 // who selected
	DrawnBy      int64 // who brought it in
	DrawnAt      time.Time
}

// InEngagement is whose fieldwork it is.
func (s Sample) InEngagement() int64 { return s.EngagementID }

// TableName is where samples live.
func (Sample) TableName() string { return "samples" }

// Code is the id people use.
func (s Sample) Code() string { return fmt.Sprintf("S-%d", s.ID) }

// Path is the address of s.
func (s Sample) Path() string { return s.Within() + "/samples/" + s.Code() }

// Within is the address of the population.
func (s Sample) Within() string { return pathOf(s.Slug, s.PopulationID) }

// BroughtIn reports whether somebody else than the auditor entered the draw.
func (s Sample) BroughtIn() bool { return s.DrawnBy != s.AuditorID }

// VisibleTo is that of the population.
func (Sample) VisibleTo(a access.Actor) (string, []any) { return ofVisible("samples", a) }

// An Item is one row of the population that was selected.
type Item struct {
	models.Meta
	EngagementID int64
	SampleID     int64
	PopulationID int64
	Slug         string
	Place        int // within its stratum; of a random sample, in the order of the ranks
	Stratum      string
	Key          string `gorm:"column:item_key"`
	Rank         string // of a random sample
	RowDigest    string
	Line         int
	Hits         int // of a monetary unit sample
	Cells        models.List[string]
	AddedAt      time.Time
}

// InEngagement is whose fieldwork it is.
func (i Item) InEngagement() int64 { return i.EngagementID }

// TableName is where items live.
func (Item) TableName() string { return "sample_items" }

// Path is the address of i.
func (i Item) Path() string { return fmt.Sprintf("%s#item-%d", i.Within(), i.ID) }

// Within is the address of the sample.
func (i Item) Within() string { return samplePath(i.Slug, i.PopulationID, i.SampleID) }

// VisibleTo is that of the population.
func (Item) VisibleTo(a access.Actor) (string, []any) { return ofVisible("sample_items", a) }

func samplePath(slug string, population, id int64) string {
	return fmt.Sprintf("%s/samples/S-%d", pathOf(slug, population), id)
}

// An Exclusion takes an item out of a sample. It stays listed, and the next rank replaces
// it.
type Exclusion struct {
	models.Meta
	EngagementID int64
	ItemID       int64
	SampleID     int64
	PopulationID int64
	Slug         string
	Class        Class
	Reason       string
	AuditorID    int64
	ExcludedBy   int64
	ExcludedAt   time.Time
}

// InEngagement is whose fieldwork it is.
func (x Exclusion) InEngagement() int64 { return x.EngagementID }

// TableName is where exclusions live.
func (Exclusion) TableName() string { return "sample_exclusions" }

// Path is the address of the sample.
func (x Exclusion) Path() string { return samplePath(x.Slug, x.PopulationID, x.SampleID) }

// VisibleTo is that of the population.
func (Exclusion) VisibleTo(a access.Actor) (string, []any) { return ofVisible("sample_exclusions", a) }

// A Class is why an item does not belong. That its evidence is missing is not among them:
// that is a deviation.
type Class string

// The classes.
const (
	Duplicate       Class = "duplicate"
	OutsidePeriod   Class = "outside_period"
	NotAnOccurrence Class = "not_an_occurrence"
)

// Classes lists them.
var Classes = []Class{Duplicate, OutsidePeriod, NotAnOccurrence}

// BroughtIn reports whether somebody else than the auditor entered the exclusion.
func (x Exclusion) BroughtIn() bool { return x.ExcludedBy != x.AuditorID }

// Label is c in words.
func (c Class) Label() string {
	switch c {
	case Duplicate:
		return "It is the same occurrence as another item"
	case OutsidePeriod:
		return "It is outside the period"
	case NotAnOccurrence:
		return "It is no occurrence of the control"
	}
	return ""
}

// An Extension makes a sample longer.
type Extension struct {
	models.Meta
	EngagementID int64
	SampleID     int64
	PopulationID int64
	Slug         string
	Size         int // of each stratum, from now on
	Reason       string
	AuditorID    int64
	ExtendedBy   int64
	ExtendedAt   time.Time
}

// InEngagement is whose fieldwork it is.
func (x Extension) InEngagement() int64 { return x.EngagementID }

// TableName is where extensions live.
func (Extension) TableName() string { return "sample_extensions" }

// Path is the address of the sample.
func (x Extension) Path() string { return samplePath(x.Slug, x.PopulationID, x.SampleID) }

// VisibleTo is that of the population.
func (Extension) VisibleTo(a access.Actor) (string, []any) { return ofVisible("sample_extensions", a) }

// BroughtIn reports whether somebody else than the auditor entered the extension.
func (x Extension) BroughtIn() bool { return x.ExtendedBy != x.AuditorID }

// A Selection is a sample with all that belongs to it.
type Selection struct {
	Sample
	Items      []Item
	Exclusions []Exclusion
	Extensions []Extension
}

// Target is how many items of each stratum there are to be.
func (s Selection) Target() int {
	if n := len(s.Extensions); n > 0 {
		return s.Extensions[n-1].Size
	}
	return s.Size
}

// Excluded are the keys that were excluded.
func (s Selection) Excluded() []string {
	out := make([]string, 0, len(s.Exclusions))
	for _, x := range s.Exclusions {
		for _, i := range s.Items {
			if i.ID == x.ItemID {
				out = append(out, i.Key)
			}
		}
	}
	return out
}

// SampleByCode finds a sample of a population by its human id, such as S-4.
func SampleByCode(ctx context.Context, tx *models.Tx, population int64, code string) (Selection, error) {
	digits, ok := strings.CutPrefix(code, "S-")
	id, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || digits != strconv.FormatInt(id, 10) {
		return Selection{}, models.NotFound("Sample")
	}
	s, err := models.Rows[Sample](tx).Where("samples.id = ? AND samples.population_id = ?", id, population).Take(ctx)
	if s, err = models.One(s, err, "Sample"); err != nil {
		return Selection{}, err
	}
	return whole(ctx, tx, s)
}

func whole(ctx context.Context, tx *models.Tx, s Sample) (out Selection, err error) {
	out.Sample = s
	if out.Items, err = models.Rows[Item](tx).Where("sample_id = ?", s.ID).Order("stratum, place").Find(ctx); err != nil {
		return out, err
	}
	if out.Exclusions, err = models.Rows[Exclusion](tx).Where("sample_id = ?", s.ID).Order("id").Find(ctx); err != nil {
		return out, err
	}
	out.Extensions, err = models.Rows[Extension](tx).Where("sample_id = ?", s.ID).Order("id").Find(ctx)
	return out, err
}

// Samples lists the draws from a population, the newest first. None is ever hidden.
func Samples(ctx context.Context, tx *models.Tx, population int64) ([]Sample, error) {
	return models.Rows[Sample](tx).Where("population_id = ?", population).Order("id DESC").Find(ctx)
}
