// Package webhooks is the pages of other systems that are told what happens.
package webhooks

import (
	"strconv"
	"strings"

	"assay/models/webhook"
	"assay/templates/ui"
)

// ListData is what the list shows.
type ListData struct {
	Rows  []webhook.Hook
	Hosts []string // that may be called
}

// FormData is a webhook as it is being said.
type FormData struct {
	webhook.Fields
	UID    string
	Host   string // that is called now, of a webhook that exists
	Hosts  []string
	Errors map[string]string
}

// SecretData is a secret that is shown once.
type SecretData struct {
	Hook   webhook.Hook
	Secret string
}

// PageData is one webhook and how telling it went.
type PageData struct {
	webhook.Fields
	Hook           webhook.Hook
	By             string
	Rows           []webhook.Delivery
	Earlier, Later string
	Hosts          []string
	Errors         map[string]string
}

func (d PageData) rev() string { return strconv.FormatInt(d.Hook.Rev, 10) }

func (d PageData) to(verb string) string { return "/" + d.Hook.Path() + "/" + verb }

func (d PageData) form() FormData {
	return FormData{Fields: d.Fields, Host: d.Hook.Host, Hosts: d.Hosts, Errors: d.Errors}
}

func hookState(h webhook.Hook) (ui.State, string) {
	if h.Status == webhook.On {
		return ui.OK, "On"
	}
	return ui.NA, "Off"
}

func attemptState(d webhook.Delivery) (ui.State, string) {
	if d.Good() {
		return ui.OK, "Taken, " + strconv.Itoa(d.Status)
	}
	if d.Status == 0 {
		return ui.Exception, "No answer"
	}
	return ui.Exception, "Refused, " + strconv.Itoa(d.Status)
}

func took(d webhook.Delivery) string { return strconv.FormatInt(d.Took/1000, 10) + " ms" }

// addressHint says what may be typed, and that nothing means the address it has.
func (d FormData) addressHint() string {
	const rules = "It is called by https only, follows no redirects, and has ten seconds to answer."
	if d.Host == "" {
		return rules
	}
	return "It is kept sealed and not shown: an address at " + d.Host + ". Leave this empty to keep it. " + rules
}

func hosts(list []string) string { return strings.Join(list, ", ") }

func eventOptions() []ui.Option {
	out := make([]ui.Option, len(webhook.Events))
	for i, e := range webhook.Events {
		out[i] = ui.Option{Value: e.Type, Label: e.Label}
	}
	return out
}

func formatOptions() []ui.Option {
	out := make([]ui.Option, len(webhook.Formats))
	for i, f := range webhook.Formats {
		out[i] = ui.Option{Value: string(f), Label: f.Label()}
	}
	return out
}
