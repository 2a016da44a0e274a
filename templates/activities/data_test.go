package activities_test

import (
	"strings"
	"testing"
	"time"

	"assay/models/activity"
	"assay/templates/activities"
)

func TestWhatHappenedInOneStepStandsTogether(t *testing.T) {
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	entry := func(seq, actor int64, at time.Time, verb, about string) activity.Entry {
		return activity.Entry{Seq: seq, ActorID: actor, At: at, Verb: verb, About: about, What: verb + " " + about}
	}
	spoken := entry(5, 1, noon, "person.deactivate", "people/9")
	spoken.Message = "Left on Friday."
	got := activities.Steps([]activity.Entry{ // as a page has them: the newest first
		entry(10, 2, noon.Add(2*time.Minute), "page.view", "controls/AC-01"),
		entry(9, 2, noon.Add(time.Minute), "page.view", "controls/AC-01"),
		entry(8, 2, noon, "page.view", "controls/AC-01"),
		entry(7, 2, noon, "page.view", "controls/AC-02"),
		entry(6, 1, noon, "person.role", "people/9"),
		spoken,
		entry(4, 1, noon, "finding.link", "findings/F-001#control-1"),
		entry(3, 1, noon, "finding.raise", "findings/F-001"),
	})
	want := []string{
		"page.view controls/AC-01 [Leaves 8 to 10] 3 times",
		"page.view controls/AC-02 [Leaf 7] ",
		"person.deactivate people/9 [Leaves 5 to 6]  +person.role people/9",
		"finding.raise findings/F-001 [Leaves 3 to 4]  +finding.link findings/F-001#control-1",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
