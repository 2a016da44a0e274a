package engagements

import (
	"strconv"

	"assay/models/engagement"
	"assay/models/people"
)

// ReportData is the report of an engagement: how it is registered, and what became known
// afterwards.
type ReportData struct {
	Engagement engagement.Engagement
	Report     engagement.Report
	Registered bool
	Addenda    []engagement.Addendum
	People     map[int64]people.Person
	Team       []engagement.Teammate
	Refs       map[int64]Refs // by addendum
	Checked    Check
	MaxFile    int64
	Manage     bool
	Typed      map[string]string
	Errors     map[string]string
	Asked      string // the form that came back with errors
}

// Refs are the records that an addendum names, for those who may open them.
type Refs struct{ Evidence, Finding string }

// A Check is a file that somebody holds against the registered report.
type Check struct {
	Done   bool
	Name   string
	Digest string
	Same   bool
}

// issuing reports whether the report can be registered here and now.
func (d ReportData) issuing() bool {
	return d.Manage && d.Engagement.Status == engagement.Reporting && d.Engagement.Kind.Examination()
}

func (d ReportData) adding() bool {
	return d.Manage && (d.Engagement.Status == engagement.Issued || d.Engagement.Status == engagement.Archived)
}

func ordinal(n int64) string { return strconv.FormatInt(n, 10) }

// waitingFor says why no report is registered yet.
func (d ReportData) waitingFor() string {
	switch d.Engagement.Status { //nolint:exhaustive // before reporting it is always the same
	case engagement.Cancelled:
		return "The engagement was cancelled; there will be no report."
	case engagement.Issued, engagement.Archived:
		return "No report is registered: this engagement ended without one, or before reports were registered here."
	case engagement.Reporting:
		return "The firm writes it outside of Assay. Once it is issued, it is registered here by its digest."
	}
	return "It is registered here when the firm has issued it, after fieldwork and reporting."
}
