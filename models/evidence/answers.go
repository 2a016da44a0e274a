package evidence

import (
	"context"
	"fmt"
	"slices"

	"assay/models"
	"assay/models/control"
)

// An Answer names an item of evidence that a version of the control expects.
type Answer struct {
	Version int `json:"version"`
	Number  int `json:"number"`
}

// Key is how forms name it.
func (a Answer) Key() string { return fmt.Sprintf("%d.%d", a.Version, a.Number) }

// ReadAnswer reads a Key.
func ReadAnswer(key string) (a Answer, ok bool) {
	n, err := fmt.Sscanf(key, "%d.%d", &a.Version, &a.Number)
	return a, err == nil && n == 2 && a.Key() == key
}

// Names reports whether i says that it answers e.
func (i Item) Names(e control.Expected) bool {
	return slices.Contains(i.Answers, Answer{e.Version, e.Number})
}

// Expectations is what the control expects, as the reader of i should see it: the items
// that i answers, in the words of the version they belong to, then the others of the
// version that now holds.
func Expectations(ctx context.Context, tx *models.Tx, i Item, now control.Version) ([]control.Expected, error) {
	named, err := answered(ctx, tx, i, now)
	if err != nil {
		return nil, err
	}
	for _, e := range now.Expects() {
		if !i.Names(e) {
			named = append(named, e)
		}
	}
	return named, nil
}

// Answered is what i says to answer, in words.
func Answered(ctx context.Context, tx *models.Tx, i Item) ([]control.Expected, error) {
	return answered(ctx, tx, i)
}

// answered finds the words of what i answers. What cannot be found, as a version that the
// actor may not see, is left out.
func answered(ctx context.Context, tx *models.Tx, i Item, known ...control.Version) ([]control.Expected, error) {
	var out []control.Expected
	for _, a := range i.Answers {
		at := slices.IndexFunc(known, func(v control.Version) bool { return v.Number == a.Version && v.ControlID == i.ControlID })
		if at < 0 {
			v, err := control.VersionOf(ctx, tx, control.Control{Meta: models.Meta{ID: i.ControlID}}, a.Version)
			if models.KindOf(err) == models.KindNotFound {
				v, err = control.Version{ControlID: i.ControlID, Number: a.Version}, nil
			}
			if err != nil {
				return nil, err
			}
			known, at = append(known, v), len(known)
		}
		if all := known[at].Expects(); a.Number >= 1 && a.Number <= len(all) {
			out = append(out, known[at].Expects()[a.Number-1])
		}
	}
	return out, nil
}

// answersExist refuses an item that says to answer what nobody expects.
func answersExist(ctx context.Context, tx *models.Tx, i Item) (string, error) {
	found, err := answered(ctx, tx, i)
	if err == nil && len(found) != len(i.Answers) {
		return "The control has changed and expects something else now. Load the page again and choose what this is.", nil
	}
	return "", err
}

// unchecked lists what a reviewer has to have looked at and did not tick: everything that
// i says to answer and that has to be there.
func unchecked(ctx context.Context, tx *models.Tx, i Item, checked []Answer) ([]control.Expected, error) {
	named, err := answered(ctx, tx, i)
	return slices.DeleteFunc(named, func(e control.Expected) bool {
		return e.Optional || slices.Contains(checked, Answer{e.Version, e.Number})
	}), err
}
