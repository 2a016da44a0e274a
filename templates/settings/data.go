// Package settings is where a manager sees what this installation is.
package settings

import (
	"strconv"

	"assay/models/job"
	"assay/templates/ui"
)

// JobsData is what the page of the jobs shows.
type JobsData struct {
	Turns          []job.Job // standing work
	Rows           []job.Job // work that is done once
	State          job.State // the filter
	Dead           int
	Earlier, Later string
	Label, Waits   func(kind string) string
}

var jobStates = []ui.Option{
	{Value: string(job.Waiting), Label: "Waiting"},
	{Value: string(job.Running), Label: "Running"},
	{Value: string(job.Done), Label: "Done"},
	{Value: string(job.Dead), Label: "Given up"},
}

// jobState is the state of j as a shape and a word.
func jobState(j job.Job) (ui.State, string) {
	switch {
	case j.State == job.Done:
		return ui.OK, "Done"
	case j.State == job.Dead:
		return ui.Exception, "Given up"
	case j.State == job.Running:
		return ui.InReview, "Running"
	case j.Attempts > 0:
		return ui.Late, "Failed, tried again"
	case j.Standing() && failedLast(j):
		return ui.Exception, "Failed"
	case j.Standing() && j.EndedAt != nil:
		return ui.OK, "Ran"
	}
	return ui.Future, "Waiting"
}

// failedLast reports whether the last attempt is the one that failed.
func failedLast(j job.Job) bool {
	return j.FailedAt != nil && j.EndedAt != nil && !j.FailedAt.Before(*j.EndedAt)
}

// may reports whether asking for another attempt makes sense.
func may(j job.Job) bool { return j.State == job.Dead || j.State == job.Waiting }

func retryLabel(j job.Job) string {
	if j.State == job.Dead || j.Attempts > 0 || failedLast(j) {
		return "Try again"
	}
	return "Run now"
}

func jobAction(j job.Job) string {
	return "/settings/jobs/" + strconv.FormatInt(j.ID, 10) + "/retry"
}
