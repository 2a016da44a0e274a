package control

import (
	"context"
	"fmt"

	"assay/models"
	"assay/models/people"
)

// A place is where the list by owner shows a control.
type place struct {
	ControlID int64 `gorm:"primaryKey;autoIncrement:false"`
	OwnerName string
	OwnerID   int64
	Code      string
}

func (place) TableName() string { return "control_owners" }

// WhyUnlogged says why changing one leaves no leaf.
func (place) WhyUnlogged() string { return "it is derived from a control and the name of its owner" }

// Place gives controls their place in the list by owner, whatever it was before.
func Place(ctx context.Context, tx *models.Tx, controls ...*Control) error {
	ids, owners := make([]int64, len(controls)), []int64{}
	for i, c := range controls {
		if ids[i] = c.ID; c.OwnerID != nil {
			owners = append(owners, *c.OwnerID)
		}
	}
	who, err := people.Named(ctx, tx, owners...)
	if err != nil {
		return err
	}
	if _, err := models.Remove[place](ctx, tx, "control_id IN ?", ids); err != nil {
		return err
	}
	rows := make([]place, len(controls))
	for i, c := range controls {
		rows[i] = place{ControlID: c.ID, Code: c.Code}
		if c.OwnerID != nil {
			rows[i].OwnerID, rows[i].OwnerName = *c.OwnerID, who[*c.OwnerID].Name
		}
	}
	return models.PutAll(ctx, tx, rows)
}

// Renamed gives what a person owns its place under their new name. Nothing keeps the old one.
func Renamed(ctx context.Context, tx *models.Tx, person int64, from, to string) error {
	_, err := models.Change(ctx, tx, place{OwnerName: to}, models.Columns{"OwnerName"}, "lower(owner_name) = lower(?) AND owner_id = ?", from, person)
	return err
}

// ownersJoined brings the places into a query of controls.
const ownersJoined = "JOIN control_owners ON control_owners.control_id = controls.id"

// A placed control is a row of the list with what its place is found by.
type placed struct {
	Row
	PlaceName string
	PlaceID   int64
}

func (p placed) key() []any { return []any{p.PlaceName, p.PlaceID, p.Code} }

// placedColumns are those of placed; the name is folded as the index folds it.
var placedColumns = []string{
	"controls.id", "controls.code", "controls.title", "controls.category", "controls.owner_id", "controls.backup_id", "controls.frequency",
	"controls.nature", "controls.ai", "controls.status", "controls.version",
	"lower(control_owners.owner_name) AS place_name", "control_owners.owner_id AS place_id",
}

// byOwner is the page of a list in the order of the owners' names.
func byOwner(ctx context.Context, tx *models.Tx, cond string, args []any, o Order, page models.Page) (models.Window[Row], error) {
	q := models.Rows[placed](tx).Join(ownersJoined).Select(placedColumns...)
	if cond != "" {
		q = q.Where(cond, args...)
	}
	w, err := models.Keyset(ctx, q, o.sort(), page, placed.key)
	out := models.Window[Row]{Items: make([]Row, len(w.Items)), Earlier: w.Earlier, Later: w.Later}
	for i, p := range w.Items {
		out.Items[i] = p.Row
	}
	return out, err
}

// OwnersTable holds control_owners against the controls and the people.
func OwnersTable() models.DerivedTable {
	return models.DerivedTable{Name: "control_owners", Check: checkPlaces}
}

func checkPlaces(ctx context.Context, tx *models.Tx, problem func(string)) error {
	type pair struct{ Path, Should, Does string }
	rows, err := models.Raw[pair](ctx, tx, `SELECT 'controls/' || c.code AS path,
			COALESCE(c.owner_id, 0) || ' ' || COALESCE(p.name, '') || ' ' || c.code AS should,
			COALESCE(o.owner_id || ' ' || o.owner_name || ' ' || o.code, '') AS does
		FROM controls c LEFT JOIN people p ON p.id = c.owner_id LEFT JOIN control_owners o ON o.control_id = c.id
		WHERE o.control_id IS NULL OR o.owner_id <> COALESCE(c.owner_id, 0) OR o.owner_name <> COALESCE(p.name, '') OR o.code <> c.code
		ORDER BY c.id`)
	for _, r := range rows {
		does := []string{r.Does}
		if r.Does == "" {
			does = nil
		}
		models.CompareDerived("control_owners", r.Path, []string{r.Should}, does, problem)
	}
	if err != nil {
		return err
	}
	loose, err := models.Raw[place](ctx, tx, "SELECT control_id, owner_name, owner_id, code FROM control_owners WHERE control_id NOT IN (SELECT id FROM controls)")
	for _, l := range loose {
		models.CompareDerived("control_owners", fmt.Sprintf("control %d", l.ControlID), nil, []string{l.Code}, problem)
	}
	return err
}
