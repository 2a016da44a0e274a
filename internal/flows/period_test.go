package flows_test

import (
	"strings"
	"testing"
	"time"

	"assay/internal/browser"
	"assay/internal/mailtest"
	"assay/models"
	"assay/models/access"
	"assay/models/ledger"
	"assay/models/modelstest"
)

// A half-year is lived through by four people.
type halfYear struct {
	*world
	mara, vera, olu, eva *resident
}

func newHalfYear(t *testing.T, db *models.DB) *halfYear {
	t.Helper()
	h := &halfYear{world: newWorld(t, db, "2026-12-01 09:30")}
	h.mara, h.vera = h.resident(access.Compliance), h.resident(access.Compliance)
	h.olu, h.eva = h.resident(access.Owner), h.resident(access.Executive)
	return h
}

func TestAWholePeriod(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		h := newHalfYear(t, db)
		h.begins()
		h.january()
		h.february()
		h.march()
		h.april()
		h.ends()
	})
}

// begins takes the catalog into use, gives one monthly control to Olu and sets the dates
// of the examination, in the month before it.
func (h *halfYear) begins() {
	m := h.mara
	m.open("/setup")
	m.Fill(browser.Field("Company"), "Example AI")
	m.Fill(browser.Field("Time zone"), zone)
	m.press(browser.Button("Take the catalog into use"))
	m.open("/controls/AC-10")
	m.Click("#assign > summary")
	m.Fill(asked("assign", "owner"), h.olu.Name)
	m.press(browser.Button("Assign"))
	m.open("/engagements/new")
	for label, value := range map[string]string{
		"Name": "SOC 2 Type II 2027", "Audit firm": "Firm LLP", "First day of the period": "2027-01-01", "Last day of the period": "2027-06-30",
		"Auditors may look from": "2027-07-01", "Until the end of": "2027-09-30",
	} {
		m.Fill(browser.Field(label), value)
	}
	m.press(browser.Button("Set up the engagement"))
	h.moveTo("2027-01-04 09:00")
	h.works()
	h.squareSays("January 2027", "in progress, 0 of 1 performed")
	h.squareSays("February 2027", "not yet due")
}

// hands uploads a file for a window of AC-10, as Olu does from the page that a mail opens:
// the days it covers and when the control was performed are the only things changed.
func (h *halfYear) hands(from, to, coversTo, performed, late string) {
	h.Helper()
	o := h.olu
	o.open("/tasks/AC-10/" + from + "/" + to)
	if coversTo != "" {
		o.Fill("#f-covers_to", coversTo)
	}
	o.Fill("#f-performed_at", performed)
	o.Fill("#f-kind", "system_export")
	o.Fill("#f-source", "Cloud console")
	if late != "" {
		o.Click("main form details > summary")
		o.Fill(browser.Field("Why it comes late"), late)
	}
	o.Upload("#f-files", h.file("accounts-"+from+coversTo+".csv", "account,last used\nsvc-"+from+coversTo+","+performed+"\n"))
	o.Wait(`main li[data-state="recorded"]`)
	o.press(browser.Button("Submit for review"))
	o.reads("waits for a reviewer")
}

// accepts lets Mara find the oldest item of the queue good.
func (h *halfYear) accepts() {
	h.Helper()
	m := h.mara
	m.open("/review")
	browser.Script[any](m.Page, `document.querySelectorAll('main form input[type=checkbox]').forEach(c => { if (!c.checked) c.click() })`)
	m.press(`form[action$="/accept"] button:not([formaction])`)
	m.reads("is accepted")
}

// mailFor is the one mail to Olu among those, which says all of these words.
func (h *halfYear) mailFor(mails []mailtest.Mail, words ...string) {
	h.Helper()
	n := 0
	for _, m := range mails {
		if !strings.Contains(m.To, h.olu.email()) {
			continue
		}
		n++
		for _, w := range words {
			if !strings.Contains(m.Subject+"\n"+m.Text, w) || !strings.Contains(m.Subject+m.HTML, w) {
				h.Errorf("the mail does not say %q in both forms:\n%s\n%s", w, m.Subject, m.Text)
			}
		}
		if strings.Contains(m.Text, "accounts-") || strings.Contains(m.Text, "svc-") {
			h.Errorf("the mail gives away evidence:\n%s", m.Text)
		}
	}
	if n != 1 {
		h.Errorf("%s: %d mails to Olu, want one", h.db.Now(), n)
	}
}

// square is the words of the square of CC6 in a month, as a screen reader says them.
func (h *halfYear) square(month string) string {
	h.Helper()
	h.mara.open("/readiness/controls?group=CC6")
	return browser.Script[string](h.mara.Page, `[...document.querySelectorAll("tr")].find(r => r.textContent.includes("AC-10")).querySelector(".strip").textContent`)
}

func (h *halfYear) squareSays(month, words string) {
	h.Helper()
	if got := h.square(month); !strings.Contains(got, month+": "+words) {
		h.Errorf("%s: AC-10 in %s does not say %q: %s", h.db.Now().Format(time.DateOnly), month, words, got)
	}
}

// january is done in January.
func (h *halfYear) january() {
	h.moveTo("2027-01-28 16:00")
	h.hands("2027-01-01", "2027-01-31", "", "2027-01-28T15:30", "")
	h.accepts()
	h.moveTo("2027-02-12 09:00")
	h.squareSays("January 2027", "operated, 1 of 1")
}

// february is forgotten until a mail says so, and done in the grace.
func (h *halfYear) february() {
	h.moveTo("2027-03-06 09:00") // a Saturday: five days before it is due
	h.works()
	if mails := h.works(); len(mails) > 0 {
		h.Errorf("mail on a Saturday: %q", mails[0].Subject)
	}
	h.moveTo("2027-03-08 07:45")
	h.works()
	h.moveTo("2027-03-08 08:01")
	h.mailFor(h.works(), "AC-10", "/tasks/AC-10/2027-02-01/2027-02-28")
	h.moveTo("2027-03-08 11:00")
	h.hands("2027-02-01", "2027-02-28", "", "2027-03-08T10:30", "")
	h.accepts()
	h.mara.open("/tasks/AC-10/2027-02-01/2027-02-28")
	h.mara.reads("On time in grace", "This is done.")
}

// march is late, and everybody who looks can see it.
func (h *halfYear) march() {
	h.moveTo("2027-04-13 07:40") // a Tuesday, three days after the grace
	h.works()
	h.moveTo("2027-04-13 08:05")
	h.mailFor(h.works(), "late", "AC-10")
	h.eva.open("/readiness")
	h.eva.reads(" are late", h.olu.Name)
	h.squareSays("March 2027", "1 of 1 missed")
	h.moveTo("2027-04-13 10:00")
	h.hands("2027-03-01", "2027-03-31", "", "2027-04-13T09:30", "")
	h.accepts()
	h.squareSays("March 2027", "1 of 1 performed late")
}

// april is covered in part. Readiness shows the hole, to the day, until it is closed.
func (h *halfYear) april() {
	h.moveTo("2027-05-03 09:00")
	h.hands("2027-04-01", "2027-04-30", "2027-04-20", "2027-04-29T15:00", "")
	h.accepts()
	h.olu.open("/tasks")
	h.olu.reads("Part of it is there. Not covered yet: Wed 21 Apr to Thu 29 Apr")
	h.moveTo("2027-05-12 09:00")
	h.squareSays("April 2027", "1 of 1 performed without evidence")
	h.mara.open("/readiness/CC6/2027-04")
	h.mara.reads("Evidence for a part")
	h.hands("2027-04-01", "2027-04-30", "", "2027-04-29T15:00", "The export stopped on the 20th.")
	h.accepts()
	h.squareSays("April 2027", "operated, evidence late for 1 of 1")
	h.olu.open("/tasks/AC-10/2027-04-01/2027-04-30")
	h.olu.reads("This is done.", "Evidence accepted")
}

// ends looks back: what was late stays late, and the log holds.
func (h *halfYear) ends() {
	h.moveTo("2027-07-05 09:00")
	h.works()
	h.squareSays("March 2027", "1 of 1 performed late")
	h.squareSays("May 2027", "1 of 1 missed")
	report, err := ledger.Verify(h.Context(), h.db)
	if err != nil || len(report.Problems) > 0 {
		h.Errorf("the log does not hold: %v %+v", err, report)
	}
}
