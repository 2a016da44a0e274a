package framework

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"sync"
)

//go:embed catalog.json
var source []byte

// Content is the whole catalog as it lies in catalog.json.
type Content struct {
	Schema           string            `json:"schema"`
	Version          string            `json:"version"`
	Notice           string            `json:"notice"`
	FieldNotes       map[string]string `json:"field_notes"`
	Frameworks       []Framework       `json:"frameworks"`
	Frequencies      []Frequency       `json:"frequencies"`
	Sampling         SamplingGuidance  `json:"sampling_guidance"`
	Description      []DescriptionItem `json:"description_criteria"`
	EvidenceKinds    []EvidenceKind    `json:"evidence_kinds"`
	Groups           []ControlGroup    `json:"control_categories"`
	OwnerFunctions   []string          `json:"owner_functions"`
	Controls         []Template        `json:"controls"`
	CUECs            []CUEC            `json:"cuec_templates"`
	CSOCs            []CSOC            `json:"csoc_templates"`
	AIQuestionnaire  []Question        `json:"ai_provider_questionnaire"`
	criteria         map[Ref]Criterion
	criteriaBySpoken map[string]Ref
}

// A Frequency says how often a control acts. PerYear is 0 where the trigger or
// the system decides; the sample sizes are 0 where SampleRule says how instead.
type Frequency struct {
	ID         string `json:"id"`
	Label      string `json:"label"`
	Window     string `json:"window"`
	PerYear    int    `json:"per_year"`
	GraceDays  int    `json:"default_grace_days"`
	SampleLow  int    `json:"sample_low"`
	SampleBase int    `json:"sample_base"`
	SampleHigh int    `json:"sample_high"`
	SampleRule string `json:"sample_rule"`
}

// SamplingGuidance is where the default sample sizes come from.
type SamplingGuidance struct {
	Statement   string           `json:"statement"`
	SeenSources []SamplingSource `json:"seen_sources"`
	MinimumN    []MinimumN       `json:"exact_binomial_min_n"`
	UpperLimit  []UpperLimit     `json:"upper_deviation_limit_90"`
}

// A SamplingSource is a publication and what it says about sample sizes.
type SamplingSource struct {
	Ref  string `json:"ref"`
	Says string `json:"says"`
}

// MinimumN holds the smallest samples for none, one and two deviations.
type MinimumN struct {
	Confidence float64 `json:"confidence"`
	Tolerable  float64 `json:"tolerable"`
	N          [3]int  `json:"n_for_0_1_2_deviations"`
}

// An UpperLimit is the one-sided limit of the deviation rate at 90 % confidence.
type UpperLimit struct {
	N          int     `json:"n"`
	Deviations int     `json:"deviations"`
	Limit      float64 `json:"limit"`
}

// A DescriptionItem is one of the criteria DC 1 to DC 9 of a system description.
type DescriptionItem struct {
	Code  string `json:"id"`
	Title string `json:"title"`
}

// An EvidenceKind says what an item of evidence is; rank 1 is the most reliable.
type EvidenceKind struct {
	ID          string `json:"id"`
	Description string `json:"description"`
	Reliability int    `json:"reliability_rank"`
}

// A ControlGroup is a control category and the prefix of its codes. The AI
// categories share one prefix.
type ControlGroup struct {
	Prefix string `json:"prefix"`
	Title  string `json:"title"`
}

// A CUEC is a control the customer has to operate.
type CUEC struct {
	Code string   `json:"id"`
	Text string   `json:"text"`
	TSC  []string `json:"tsc"`
}

// A CSOC is a control the subservice organisation has to operate.
type CSOC struct {
	Code         string   `json:"id"`
	ProviderType string   `json:"provider_type"` // hosting, model_provider
	Text         string   `json:"text"`
	TSC          []string `json:"tsc"`
}

// A Question belongs to the questionnaire for AI providers.
type Question struct {
	Code     string `json:"id"`
	Question string `json:"question"`
}

// Catalog returns all built-in content.
func Catalog() *Content { return catalog() }

// Frequencies lists how often controls can act, rarest first.
func Frequencies() []Frequency { return catalog().Frequencies }

// EvidenceKinds lists what an item of evidence can be.
func EvidenceKinds() []EvidenceKind { return catalog().EvidenceKinds }

// ControlGroups lists the control categories in catalog order.
func ControlGroups() []ControlGroup { return catalog().Groups }

// OwnerFunctions lists the functions a control is usually owned by.
func OwnerFunctions() []string { return catalog().OwnerFunctions }

// Parsing takes a few milliseconds, so it waits for the first caller: commands
// that never ask, such as help and verify, do not pay.
var catalog = sync.OnceValue(func() *Content {
	content, err := parse(source)
	if err != nil {
		panic(fmt.Sprintf("framework: catalog.json is part of the program and cannot be read: %v", err))
	}
	return content
})

// parse refuses fields this package does not model: content that nobody shows
// would otherwise be lost without a word.
func parse(text []byte) (*Content, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	content := &Content{criteria: map[Ref]Criterion{}, criteriaBySpoken: map[string]Ref{}}
	if err := decoder.Decode(content); err != nil {
		return nil, err
	}
	for _, f := range content.Frameworks {
		for i := range f.Criteria {
			f.Criteria[i].Framework = f.ID
			content.index(f.Criteria[i])
		}
	}
	return content, nil
}
