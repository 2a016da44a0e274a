package sample

import (
	"iter"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// A MonetarySample is what a monetary unit sample is drawn from and gives.
type MonetarySample struct {
	Interval int64 // in the smallest unit, as are all amounts
	Start    int64 // the first unit that is hit, counted from 0
	Total    int64 // of the amounts above 0
	Picks    []Pick
	// NotPositive counts items of 0 and less. No unit of them can be hit: they are looked
	// at apart.
	NotPositive Noted
}

// MonetaryUnit hits every interval-th unit of money of the items, which come in the order
// of their keys, from a seeded start. An item is selected as often as its units are hit,
// and one of at least interval for certain. Amounts have at most so many decimals; the
// interval counts units of the last of them.
func (d Draw) MonetaryUnit(items iter.Seq2[Item, error], interval int64, decimals int) (MonetarySample, error) {
	if err := CheckSeed(d.Seed); err != nil {
		return MonetarySample{}, err
	}
	if interval <= 0 {
		return MonetarySample{}, unusable("The interval of a monetary unit sample is above 0.")
	}
	m := MonetarySample{Interval: interval, Start: int64(d.start("assay-mus/1", uint64(interval)))}
	next := m.Start
	for it, err := range items {
		if err != nil {
			return MonetarySample{}, err
		}
		amount, err := Amount(it.Amount, decimals)
		if err != nil {
			return MonetarySample{}, unusable("Row %d: %v", it.Line, err)
		}
		if amount <= 0 {
			m.NotPositive.note("%s", it.Key)
			continue
		}
		if amount > math.MaxInt64-interval-m.Total {
			return MonetarySample{}, unusable("The amounts add up to more than can be counted.")
		}
		m.Total += amount
		if next >= m.Total {
			continue
		}
		hits := (m.Total-1-next)/interval + 1
		m.Picks = append(m.Picks, Pick{Item: it, Hits: int(hits)})
		next += hits * interval
	}
	return m, nil
}

// Amount reads a decimal number exactly, as a number of its smallest units: 12.5 with two
// decimals is 1250. There are no separators of thousands, which are commas here and
// points there.
func Amount(text string, decimals int) (int64, error) {
	refused := unusable("“%s” is not an amount with a point and at most %d decimals, such as %s.", text, decimals, example(decimals))
	whole, fraction, pointed := strings.Cut(strings.TrimSpace(text), ".")
	digits := strings.TrimPrefix(whole, "-")
	if digits == "" || pointed && fraction == "" || len(fraction) > decimals || strings.ContainsFunc(digits+fraction, notDigit) {
		return 0, refused
	}
	n, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", decimals-len(fraction)), 10, 64)
	if err != nil {
		return 0, refused
	}
	return n, nil
}

func example(decimals int) string {
	if decimals == 0 {
		return "1250"
	}
	return "1250." + strings.Repeat("0", decimals-1) + "5"
}

func notDigit(r rune) bool { return r < '0' || r > '9' }

// Interval is the sampling interval of a monetary unit sample that expects no error: the
// tolerable misstatement by the factor −ln(1 − confidence), rounded down.
func Interval(tolerable int64, confidence Share) int64 {
	f := new(big.Float).SetInt64(tolerable)
	f.Quo(f, big.NewFloat(-math.Log1p(-float64(confidence)/float64(One))))
	n, _ := f.Int64()
	return n
}
