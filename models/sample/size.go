package sample

import (
	"assay/models/framework"
)

// A Risk is how much would depend on a control that fails.
type Risk int

// The risks, in the order of the table of sizes.
const (
	Low Risk = iota
	Base
	High
)

// Sizes says how many items of a population to test, by frequency and risk, when no
// deviation is expected. It is a default of ours: no body prescribes sizes, and an
// engagement may have its own.
type Sizes map[string][3]int

// Event is the frequency whose size follows the population.
const Event = "event"

// SizesOf is the table of the catalog.
func SizesOf(frequencies []framework.Frequency) Sizes {
	s := Sizes{}
	for _, f := range frequencies {
		if f.ID != Event {
			s[f.ID] = [3]int{f.SampleLow, f.SampleBase, f.SampleHigh}
		}
	}
	return s
}

// Of is the size for a population of so many items, never more than all of them. Of a
// frequency that is not in the table it is all.
func (s Sizes) Of(frequency string, risk Risk, population int) int {
	if frequency == Event {
		return ofEvents(population, risk)
	}
	row, known := s[frequency]
	if !known {
		return population
	}
	return min(row[risk], population)
}

// ofEvents takes all of a few events, five of some, a tenth of many and 25 of more; twice
// that, and 60 at most, where the risk is high.
func ofEvents(population int, risk Risk) int {
	n := 25
	switch {
	case population < 5:
		n = population
	case population < 50:
		n = 5
	case population < 250:
		n = (population + 9) / 10
	}
	if risk == High {
		n = min(2*n, 60)
	}
	return min(n, population)
}
