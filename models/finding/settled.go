package finding

import (
	"context"
	"fmt"
	"strings"

	"assay/models"
)

// Points are what is still to be said about the exceptions of an engagement before it is
// frozen, and the report issued.
type Points struct {
	Disputed, Unanswered, Unsigned, Undecided int
}

// Any reports that there is something.
func (p Points) Any() bool { return p != Points{} }

// Words list them.
func (p Points) Words() string {
	var out []string
	add := func(n int, one, many string) {
		switch {
		case n == 1:
			out = append(out, "1 "+one)
		case n > 1:
			out = append(out, fmt.Sprintf("%d %s", n, many))
		}
	}
	add(p.Disputed, "dispute is open", "disputes are open")
	add(p.Unanswered, "exception has no signed response", "exceptions have no signed response")
	add(p.Unsigned, "response waits for approval or signature", "responses wait for approval or signature")
	add(p.Undecided, "effect on the report is not decided", "effects on the report are not decided")
	return strings.Join(out, ", ")
}

// OpenPoints counts them, over the exceptions that were raised from tests of the engagement
// and stand.
func OpenPoints(ctx context.Context, tx *models.Tx, engagement int64) (Points, error) {
	list, err := models.Raw[Points](ctx, tx, `SELECT
		COALESCE(sum(CASE WHEN f.status = 'disputed' THEN 1 ELSE 0 END), 0) AS disputed,
		COALESCE(sum(CASE WHEN NOT EXISTS (SELECT 1 FROM finding_responses r WHERE r.finding_id = f.id AND r.status = 'signed') THEN 1 ELSE 0 END), 0) AS unanswered,
		COALESCE(sum(CASE WHEN EXISTS (SELECT 1 FROM finding_responses r WHERE r.finding_id = f.id AND r.status IN ('draft', 'approved')) THEN 1 ELSE 0 END), 0) AS unsigned,
		COALESCE(sum(CASE WHEN f.report_effect = 'undecided' THEN 1 ELSE 0 END), 0) AS undecided
		FROM findings f WHERE f.engagement_id = ? AND f.test_id IS NOT NULL AND f.status <> 'dismissed'`, engagement)
	if err != nil || len(list) == 0 {
		return Points{}, err
	}
	return list[0], nil
}
