package control_test

import (
	"strings"
	"testing"

	"assay/models"
	"assay/models/control"
	"assay/models/framework"
)

func TestExpectedEvidenceIsReadFromItsLine(t *testing.T) {
	v := control.Version{Number: 3, Content: control.Content{Evidence: models.List[string]{
		"Account export", " Account export | system_export ", "Decisions|signed_record| The review tool | Decisions", "(optional) Tickets | ticket",
	}}}
	got := v.Expects()
	for n, want := range []control.Expected{
		{3, 1, "Account export", "", "", false},
		{3, 2, "Account export", "system_export", "Export it from the system itself, with the query, its parameters and the time in the file.", false},
		{3, 3, "Decisions", "signed_record", "The review tool | Decisions", false},
		{3, 4, "Tickets", "ticket", "Export the work item with its history, not only its title.", true},
	} {
		if got[n] != want {
			t.Errorf("got %+v, want %+v", got[n], want)
		}
	}
	if got[1].Key() != "3.2" || got[1].Anchor() != "expected-2" {
		t.Errorf("addresses %s and %s", got[1].Key(), got[1].Anchor())
	}
}

// TestTheCatalogSaysWhatIsExpectedAndHowToGetIt holds every control of the catalog to a kind,
// the same one wherever the same is asked for.
func TestTheCatalogSaysWhatIsExpectedAndHowToGetIt(t *testing.T) {
	kinds := map[string]string{}
	for _, c := range framework.Catalog().Controls {
		v := control.Version{Number: 1, Content: control.Content{Evidence: c.Evidence}}
		for _, e := range v.Expects() {
			if e.Words == "" || strings.Contains(e.Words, "|") || e.Kind == "" || e.How == "" {
				t.Errorf("%s: %+v", c.Code, e)
			}
			if was, before := kinds[e.Words]; before && was != e.Kind {
				t.Errorf("%s: %q is %s here, and %s elsewhere", c.Code, e.Words, e.Kind, was)
			}
			kinds[e.Words] = e.Kind
		}
	}
}
