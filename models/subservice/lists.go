package subservice

import (
	"context"
	"fmt"
	"strings"

	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
)

// SubserviceColumns are the names of the cells of Subservices.
var SubserviceColumns = []string{"Organisation", "Services", "Method", "CSOC", "Control assumed", "Criteria", "Our controls that rely on it", "Monitored by", "Own report", "Report from", "Report to", "Days not covered"}

// Subservices is the list of organisations with the controls that they are assumed to
// operate, a row for each CSOC and one for an organisation without any.
func Subservices(ctx context.Context, tx *models.Tx, e engagement.Engagement) (out [][]string, err error) {
	list, err := Organisations(ctx, tx, e.ID)
	if err != nil {
		return nil, err
	}
	complements, err := Complements(ctx, tx, e.ID)
	for _, o := range list {
		before := len(out)
		for _, c := range complements {
			if c.OrganisationID != nil && *c.OrganisationID == o.ID {
				out = append(out, o.cells(e, c.Code(), c.Content))
			}
		}
		if len(out) == before {
			out = append(out, o.cells(e, "", Content{}))
		}
	}
	return out, err
}

func (o Organisation) cells(e engagement.Engagement, code string, c Content) []string {
	return []string{
		o.Name, o.Services, o.Method.Label(), code, c.Text, strings.Join(c.Criteria, " "), strings.Join(c.Controls, " "), strings.Join(o.Monitors, " "),
		o.ReportKind.Label(), string(o.ReportFrom), string(o.ReportTo), o.GapWords(e),
	}
}

// UserEntityColumns are the names of the cells of UserEntities.
var UserEntityColumns = []string{"CUEC", "Control that user entities operate", "Criteria", "Our controls that rely on it"}

// UserEntities is the list of the controls that user entities have to operate.
func UserEntities(ctx context.Context, tx *models.Tx, e engagement.Engagement) (out [][]string, err error) {
	list, err := Complements(ctx, tx, e.ID)
	for _, c := range list {
		if c.Kind == UserEntity {
			out = append(out, []string{c.Code(), c.Text, strings.Join(c.Criteria, " "), strings.Join(c.Controls, " ")})
		}
	}
	return out, err
}

// Copy lists in the engagement to what from lists, for the next period: organisations with
// their methods and monitoring controls, CSOCs and CUECs. The reports of the organisations
// are about other days, and stay behind. to is in set-up.
func Copy(ctx context.Context, tx *models.Tx, from, to engagement.Engagement) (organisations, complements int, err error) {
	if !tx.Actor.Company() || !tx.Actor.Can(access.EngagementManage) {
		return 0, 0, models.Forbidden("Compliance managers and administrators roll an engagement forward.")
	}
	list, err := Organisations(ctx, tx, from.ID)
	if err != nil {
		return 0, 0, err
	}
	became := map[int64]int64{}
	for _, old := range list {
		o := Organisation{
			EngagementID: to.ID, Slug: to.Slug, Name: old.Name, Services: old.Services, Method: old.Method, Monitors: old.Monitors,
			CreatedBy: tx.Actor.ID, CreatedAt: tx.Now,
		}
		if err := models.Insert(ctx, tx, &o, "subservice.add", o.Terms().note()); err != nil {
			return 0, 0, fmt.Errorf("%s: %w", old.Code(), err)
		}
		became[old.ID] = o.ID
	}
	rows, err := Complements(ctx, tx, from.ID)
	if err != nil {
		return 0, 0, err
	}
	numbers := map[Kind]int64{}
	for _, old := range rows {
		numbers[old.Kind]++
		c := Complement{EngagementID: to.ID, Slug: to.Slug, Kind: old.Kind, Number: numbers[old.Kind], Content: old.Content, CreatedBy: tx.Actor.ID, CreatedAt: tx.Now}
		if old.OrganisationID != nil {
			id := became[*old.OrganisationID]
			c.OrganisationID = &id
		}
		if err := models.Insert(ctx, tx, &c, "complement.add", models.Note{"text": c.Text, "criteria": strings.Join(c.Criteria, " ")}); err != nil {
			return 0, 0, fmt.Errorf("%s: %w", old.Code(), err)
		}
	}
	return len(list), len(rows), nil
}
