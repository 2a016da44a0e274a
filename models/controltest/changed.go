package controltest

import "time"

// Changed says why the auditor has to look at a conclusion again, or "": what it rests on is
// no longer what it was. The words of the conclusion are worked out anew and compared, and a
// dismissal after the last look is something that nobody has weighed, even when the words
// stay. An exception that is raised later from a deviation that the conclusion counts
// changes nothing of it.
func (p *Paper) Changed() string {
	if !p.Status.Done() || p.Now().ConcludedAt == nil {
		return ""
	}
	r := p.Now()
	switch c := p.Conclusion; {
	case c == Exceptions && p.words(c, r.Basis)+p.earlierWords() != r.Words:
		return "The conclusion says “" + r.Words + "”. By what is known now it would be “" + p.words(c, r.Basis) + p.earlierWords() + "”."
	case (c == Effective || c == DidNotOperate) && len(p.Omitted) > 0, c == Effective && p.Tally().Deviating > 0:
		return "An exception stands, and the conclusion says “" + r.Words + "”."
	}
	if at := latest(r.ConcludedAt, r.ReviewedAt); p.Dismissed.After(at) {
		return "An exception that was raised from this test was dismissed on " + p.Dismissed.UTC().Format("2 January 2006") + ", after it was looked at last."
	}
	return ""
}

// stale reports that the conclusion is no longer what the results give. A review cannot stand
// on it; that an exception was dismissed and the words stay, a review can weigh.
func (p *Paper) stale() bool {
	looked := *p
	looked.Dismissed = time.Time{}
	return looked.Changed() != ""
}

func latest(list ...*time.Time) (t time.Time) {
	for _, x := range list {
		if x != nil && x.After(t) {
			t = *x
		}
	}
	return t
}

// ChangedTests counts the tests of an engagement whose conclusion no longer rests on what it
// did, as a condition on control_tests that Changed says in full about one of them.
const ChangedTests = `control_tests.status IN ('concluded', 'reviewed') AND EXISTS (SELECT 1 FROM test_rounds r JOIN finding_cells c ON c.engagement_id = r.engagement_id AND c.test_id = r.test_id
	WHERE r.test_id = control_tests.id AND r.number = control_tests.round AND (c.ended_at > COALESCE(r.reviewed_at, r.concluded_at)
	OR c.population_id IS NOT NULL AND (c.raised_at <= r.concluded_at AND c.ended_at > r.concluded_at OR c.raised_at > r.concluded_at AND c.ended_at IS NULL)))`
