package handlerstest

// What a page may ask of the database, however much it shows.
const (
	QueryBudget = 12
	// AfterChange is what comes on top when the log has grown since the last page: what
	// stands around every page, and whom forms offer.
	AfterChange = 4
	// Recording is what it takes to record an auditor's visit.
	Recording = 4
)

// overBudget are the pages that take more, and how many: they may not take more yet.
var overBudget = map[string]int64{
	"/tasks": 14,
	// An exception that was answered, put right and tested again has one of each kind of part.
	"/findings/{}": 13, "/findings/{}?print/{}": 13,
	// The report reads each kind of part of its findings once, however many there are.
	"/engagements/{}/deliverables/findings": 17, "/engagements/{}/deliverables/findings?print/{}": 17,
	"/engagements/{}/deliverables/findings.csv": 17, "/engagements/{}/deliverables/findings.xlsx": 17, "/engagements/{}/deliverables/findings.docx": 17,
}

// Queries is how many queries the page at path may take.
func Queries(path string) int64 { return max(QueryBudget, overBudget[path]) }
