package handlers_test

import (
	"testing"

	"assay/internal/browser"
	"assay/models/modelstest"
)

// dropped lets a file fall on the page's drop zone, as a hand with a mouse does.
const dropped = `(() => {
	const carrier = new DataTransfer();
	carrier.items.add(new File([location.pathname], "accounts.csv", {type: "text/csv"}));
	document.querySelector(".drop input").dispatchEvent(new DragEvent("drop", {dataTransfer: carrier, bubbles: true}));
	return true;
})()`

// hidden are the fields and links of the page that have the focus and lie behind something
// that sticks.
const hidden = `(() => {
	const names = [];
	for (const e of document.querySelectorAll("main :is(a[href], button, input:not([type=hidden]), select, textarea, summary)")) {
		if (!e.getClientRects().length || e.closest(".vh")) continue;
		e.focus();
		if (document.activeElement !== e) continue;
		const r = e.getBoundingClientRect();
		const over = [r.top + 2, (r.top + r.bottom) / 2, r.bottom - 2].every(y => {
			const top = document.elementFromPoint((r.left + r.right) / 2, y);
			return !top || top.closest(".stick-s, .side, .top") && !e.closest(".stick-s") ;
		});
		if (over) names.push(e.id || e.name || e.textContent.trim());
	}
	return names.join(", ");
})()`

// TestTwoClicksAndADrop: from the link of a mail an owner is done with a drop and one click
// more, without a word typed, and from the list of their tasks with one more. On a phone
// the button is in reach wherever they are, and hides nothing that has the focus.
func TestTwoClicksAndADrop(t *testing.T) {
	s := newShop(t)
	s.upload(s.owner, "key", "january", "performed_at", "2026-01-30T10:00", "covers_from", "2026-01-01", "covers_to", "2026-01-31", "late_reason", "I was away.")
	s.Post(s.priya, "/evidence/E-1/accept", "rev", "2", "note", "").Want(303)
	p, who := s.browse()
	who.Store(&s.owner)
	for _, width := range []int64{1440, 390} {
		p.Viewport(width, 844)
		p.Goto(february) // click 1, in the mail
		if width == 390 {
			if got := browser.Script[bool](p, `(() => {
				const r = document.querySelector(".stick-s button").getBoundingClientRect();
				return r.top > 0 && r.bottom <= document.querySelector(".side").getBoundingClientRect().top;
			})()`); !got {
				t.Error("the button is not in reach on a phone")
			}
			if names := browser.Script[string](p, hidden); names != "" {
				t.Errorf("hidden while they have the focus: %s", names)
			}
			p.Keep("two-clicks-phone")
		}
	}
	if !p.Reads("Last accepted") || browser.Script[string](p, `document.querySelector("#f-covers_from").value + " " + document.querySelector("#f-covers_to").value`) != "2026-02-01 2026-02-28" {
		t.Error("the model or the period is missing")
	}
	browser.Script[bool](p, dropped)
	p.Wait(`#f-files-list input[name=upload]`)
	p.Follow(browser.Button("Submit for review")) // click 2
	if !p.Reads("E-2 waits for a reviewer.") || !p.Reads("accounts.csv") {
		t.Errorf("not done: %s", p.Text("main"))
	}
	modelstest.At(s.db, modelstest.Now.AddDate(0, 1, 0))
	p.Goto("/tasks")
	p.Follow(`main details[open] a.btn--primary`) // click 1
	browser.Script[bool](p, dropped)
	p.Wait(`#f-files-list input[name=upload]`)
	p.Follow(browser.Button("Submit for review")) // click 2
	if !p.Reads("E-3 waits for a reviewer.") {
		t.Errorf("not done from the list of tasks: %s", p.Text("main"))
	}
}
