package demo

import (
	"context"

	"assay/models"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/evidence"
	"assay/models/request"
)

// A wish is one request in the story, from the firm's list.
type wish struct {
	number, code, title, detail string
	items                       []string
	due                         models.Date
	upTo                        request.Status
	reason                      string // why it came back, or is not needed
}

// requests is the list that the firm sent when fieldwork began, and how far each line of
// it is. Auditors only read here, so Priya brings in what they ask and decide.
func (s *story) requests() {
	for n, w := range s.wishes() {
		s.wished(n, w)
	}
}

func (s *story) wishes() []wish {
	soon, gone := s.today.AddDays(4), s.ago(4)
	period := "For the period so far; the rest follows after its end."
	return []wish{
		{"1", "CM-01", "Merges to production with their approvals", period, []string{"The list of merges", "How unreviewed merges are prevented"}, gone, request.Accepted, ""},
		{"2", "AC-03", "Access of leavers removed", period, []string{"The list of leavers", "The disabled accounts"}, gone, request.Accepted, ""},
		{"3", "AC-05", "Quarterly access reviews", period, []string{"Both reviews", "What was changed after them"}, s.ago(2), request.Released, ""},
		{"4", "AI-17", "Signatures of released models", period, []string{"The release log", "One manifest with its signature"}, soon, request.Released, ""},
		{"5", "CM-02", "Emergency changes", "", []string{"The list of emergency changes", "The review after each"}, gone, request.Returned, "The list ends on the 14th. What happened after that?"},
		{"6", "OP-02", "Alerts and how they were handled", "", []string{"The alerts of one month"}, s.ago(1), request.InProgress, "Please add who was on call."},
		{"7", "AI-24", "Evaluations before release", period, []string{"The results of each release", "The thresholds they were held against"}, soon, request.Fulfilled, ""},
		{"8", "IR-01", "Incidents of the period", period, []string{"The incident log", "One review after an incident"}, soon, request.InProgress, ""},
		{"9", "VM-01", "Scans for vulnerabilities", period, []string{"The scans of two months", "The tickets for what was critical"}, s.today.AddDays(9), request.Open, ""},
		{"10", "", "Organisation chart", "With the reporting lines of the security function.", nil, s.ago(3), request.Open, ""},
		{"11", "AI-35", "Isolation between tenants", "", []string{"The probes of one quarter"}, s.today.AddDays(12), request.Open, ""},
		{"12", "", "Board minutes that mention security", "", nil, "", request.Draft, ""},
		{"13", "CM-01", "Merges of the year before", "", nil, soon, request.Cancelled, "Not part of this period."},
	}
}

// wished writes one line of the list and takes it as far as it got.
func (s *story) wished(n int, w wish) {
	var q request.Request
	owner := s.answererOf(w.code)
	step := func(ago, minutes int, who string, do func(context.Context, *models.Tx, engagement.Engagement) error) {
		s.on(s.ago(ago), minutes+n, who, func(ctx context.Context, tx *models.Tx) error { return do(ctx, tx, s.running.e) })
	}
	step(15, 60, "priya", func(ctx context.Context, tx *models.Tx, e engagement.Engagement) (err error) {
		in := request.Ask{
			Question: request.Question{Reference: "PBC " + w.number, Title: w.title, Detail: w.detail, DueOn: w.due}, Items: w.items, Auditor: s.id("jonas"),
		}
		if w.code != "" {
			c, err := control.ByCode(ctx, tx, w.code)
			if err != nil {
				return err
			}
			who := s.id(owner)
			in.ControlID, in.OwnerID = &c.ID, &who
		}
		if q, err = request.Write(ctx, tx, e, in); err != nil || w.upTo == request.Draft {
			return err
		}
		return request.OpenUp(ctx, tx, e, &q)
	})
	switch w.upTo { //nolint:exhaustive // the others stay as they were written
	case request.Cancelled:
		step(14, 300, "priya", func(ctx context.Context, tx *models.Tx, e engagement.Engagement) error {
			return request.Cancel(ctx, tx, e, &q, w.reason)
		})
	case request.InProgress, request.Fulfilled, request.Released, request.Returned, request.Accepted:
		s.answers(w, owner, &q, step)
	}
}

// answererOf is who answers what is asked about a control.
func (s *story) answererOf(code string) string {
	if code == "" {
		return ""
	}
	return s.ownerOf(code, s.today)
}

func (s *story) answers(w wish, owner string, q *request.Request, step func(int, int, string, func(context.Context, *models.Tx, engagement.Engagement) error)) {
	back := w.upTo == request.InProgress && w.reason != ""
	step(10, 90, owner, func(ctx context.Context, tx *models.Tx, e engagement.Engagement) error {
		items, err := request.Items(ctx, tx, q.ID)
		if err != nil || w.upTo == request.InProgress && !back {
			items = items[:min(len(items), 1)]
		}
		proof, err := s.shownProof(ctx, tx, w.code)
		for n, i := range items {
			if err != nil {
				return err
			}
			words := "As the procedure of the control says; nothing else happened."
			if n == 0 && proof != "" {
				words = ""
			}
			_, err = request.Reply(ctx, tx, e, q, i.ID, map[bool]string{true: proof}[n == 0], words)
		}
		if err != nil || w.upTo == request.InProgress && !back {
			return err
		}
		return request.Fulfil(ctx, tx, e, q)
	})
	if w.upTo == request.InProgress && !back || w.upTo == request.Fulfilled {
		return
	}
	if back {
		step(9, 200, "priya", func(ctx context.Context, tx *models.Tx, e engagement.Engagement) error {
			return request.SendBack(ctx, tx, e, q, w.reason)
		})
		return
	}
	step(9, 150, "priya", func(ctx context.Context, tx *models.Tx, e engagement.Engagement) error {
		if _, err := request.Say(ctx, tx, e, *q, request.Both, "The extract was taken by the system itself; the query is in the evidence."); err != nil {
			return err
		}
		return request.Release(ctx, tx, e, q)
	})
	step(5, 180, "priya", func(ctx context.Context, tx *models.Tx, e engagement.Engagement) error {
		switch w.upTo { //nolint:exhaustive // released ones wait for the auditor
		case request.Accepted:
			return request.Accept(ctx, tx, e, q, s.id("miriam"))
		case request.Returned:
			if err := request.Return(ctx, tx, e, q, s.id("miriam"), w.reason); err != nil {
				return err
			}
			_, err := request.Say(ctx, tx, e, *q, request.CompanyOnly, "Can you have the rest by Thursday?")
			return err
		}
		_, err := request.Say(ctx, tx, e, *q, request.CompanyOnly, "Nothing came back on this one so far.")
		return err
	})
}

// shownProof is the newest evidence of a control that the auditors can open, or "".
func (s *story) shownProof(ctx context.Context, tx *models.Tx, code string) (string, error) {
	c, err := control.ByCode(ctx, tx, code)
	if err != nil {
		return "", err
	}
	cond, args := evidence.Item{}.VisibleTo(s.running.e.Viewer())
	list, err := models.Rows[evidence.Item](tx).Where("evidence.control_id = ? AND evidence.status = ?", c.ID, evidence.Accepted).Where(cond, args...).Order("evidence.id DESC").Limit(1).Find(ctx)
	if err != nil || len(list) == 0 {
		return "", err
	}
	return list[0].Code(), nil
}
