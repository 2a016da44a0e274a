package handlers_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
)

func TestDeliverablesOfAnEngagement(t *testing.T) {
	eachFieldwork(t, func(w fieldwork) {
		at := "/engagements/fieldwork-2026/deliverables"
		executive := strconv.FormatInt(w.executive.ID, 10)
		w.Get(w.priya, at).Want(200).Has("What still blocks issue", "System description is signed", "Draft it")
		w.Post(w.priya, at, "kind", "", "signatory", executive).Want(422).Has("Choose what is drafted")
		d := w.Post(w.priya, at, "kind", "description", "signatory", executive).Want(303).Location
		page := w.Get(w.priya, d).Want(200).Has("System description, version 1", "Approve the text")
		w.Get(w.jonas, d).Want(404) // no drafts for auditors
		w.Get(w.owner, d).Want(404)
		w.Post(w.priya, d+"/write", "rev", page.Field("rev"), "body", " ", "signatory", executive).Want(422).Has("Write the text")
		w.Post(w.priya, d+"/write", "rev", page.Field("rev"), "body", "The system.", "signatory", executive).Want(303)
		rev := func() string { return w.Get(w.priya, d).Field("rev") }
		w.Post(w.priya, d+"/approve", "rev", rev()).Want(409).Has("Somebody else approves it")
		w.Post(w.ines, d+"/approve", "rev", rev()).Want(303)
		w.Post(w.ines, d+"/return", "rev", rev(), "reason", "A word is missing.").Want(303)
		w.Post(w.ines, d+"/approve", "rev", rev()).Want(303)
		w.Get(w.priya, d).Want(200).Lacks("Sign it")
		sign := w.Get(w.executive, d).Want(200).Has("Sign it")
		text := w.Get(w.executive, d+"/text").Want(200).Body
		if digest := sum([]byte(text)); sign.Field("digest") != digest {
			w.Errorf("the page says %s, the text has %s", sign.Field("digest"), digest)
		}
		w.Post(w.priya, d+"/sign", "rev", sign.Field("rev"), "digest", sign.Field("digest")).Want(404)
		w.Post(w.executive, d+"/sign", "rev", sign.Field("rev"), "digest", sign.Field("digest")).Want(303)
		w.Get(w.jonas, d).Want(200).Has("The system.", sign.Field("digest"))
		if word := w.Get(w.jonas, d+"/docx").Want(200); !strings.HasPrefix(word.Body, "PK") {
			w.Error("no Word document")
		}
		w.Get(w.jonas, at+"/section-iv").Want(200).Has("CC6.1", "No control of the company helps")
		w.Get(w.executive, at+"/section-iv").Want(404)
		if csv := w.Get(w.priya, at+"/section-iv.csv").Want(200).Body; !strings.Contains(csv, "CC6.1") {
			w.Errorf("the file is %q", csv)
		}
		for _, name := range []string{"assessment-plan", "assessment-results"} {
			file := w.Get(w.jonas, at+"/export/"+name+".oscal.json").Want(200)
			if !json.Valid([]byte(file.Body)) || !strings.Contains(file.Body, "cc6.1") {
				w.Errorf("%s is %q", name, file.Body)
			}
			w.Get(w.executive, at+"/export/"+name+".oscal.json").Want(404)
			w.Get(w.owner, at+"/export/"+name+".oscal.json").Want(404)
		}
		for _, ending := range []string{"xlsx", "docx"} {
			if file := w.Get(w.priya, at+"/section-iv."+ending).Want(200); !strings.HasPrefix(file.Body, "PK") {
				w.Errorf("%s is %q", ending, file.Body[:10])
			}
		}
	})
}
