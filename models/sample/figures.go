package sample

import (
	"math/big"
	"sort"
	"strconv"
	"strings"
)

// A Share is a proportion in millionths. Sizes and limits are computed from whole numbers
// only, so that every machine gives the same ones.
type Share int64

// One is the whole.
const One Share = 1_000_000

// Percent is n of a hundred.
func Percent(n int64) Share { return Share(n) * One / 100 }

// String is s in percent to the nearest tenth, such as 8.8 %.
func (s Share) String() string {
	tenths := (s + 500) / 1000
	return strconv.FormatInt(int64(tenths/10), 10) + "." + strconv.FormatInt(int64(tenths%10), 10) + " %"
}

// mostSize is more than any plan that check allows asks for.
const mostSize = 200_000

// mostTested is more than anybody tests by hand.
const mostTested = 10_000

// A Plan is what the size of an attribute sample follows from.
type Plan struct {
	Confidence Share
	Tolerable  Share // the rate of deviations that would be too many
	Expected   int   // deviations that the sample is to allow for
}

func (p Plan) check() error {
	switch {
	case p.Confidence < Percent(50) || p.Confidence > 999*One/1000:
		return unusable("The confidence is between 50 and 99.9 %%.")
	case p.Tolerable < One/1000 || p.Tolerable > Percent(50):
		return unusable("The tolerable rate is between 0.1 and 50 %%.")
	case p.Expected < 0 || p.Expected > 50:
		return unusable("The deviations expected are between 0 and 50.")
	}
	return nil
}

// Size is the smallest sample from a large population that, with no more than the
// deviations expected, shows that the rate lies below the tolerable one (binomial).
func (p Plan) Size() (int, error) {
	if err := p.check(); err != nil {
		return 0, err
	}
	n := smallest(mostSize, func(n int) bool {
		return n > p.Expected && binomialAtMost(p.Expected, n, p.Tolerable, One-p.Confidence)
	})
	return n, nil
}

// SizeOf is Size for a population of so many items (hypergeometric); deviations are
// tolerable in Tolerable of them, rounded up. It is at most the population.
func (p Plan) SizeOf(population int) (int, error) {
	if err := p.check(); err != nil {
		return 0, err
	}
	tolerable := int((int64(population)*int64(p.Tolerable) + int64(One) - 1) / int64(One))
	n := smallest(population, func(n int) bool {
		return n > p.Expected && hypergeometricAtMost(p.Expected, population, tolerable, n, One-p.Confidence)
	})
	return n, nil
}

// UpperLimit is the one-sided limit of Clopper and Pearson: with this confidence the rate
// of deviations in a large population, of which size items with so many deviations were
// drawn, lies at or below it. It is rounded up to a millionth.
func UpperLimit(size, deviations int, confidence Share) (Share, error) {
	if err := checkResult(size, deviations, confidence); err != nil {
		return 0, err
	}
	if deviations == size {
		return One, nil
	}
	p := sort.Search(int(One), func(p int) bool {
		return p > 0 && binomialAtMost(deviations, size, Share(p), One-confidence)
	})
	return Share(p), nil
}

// UpperLimitOf is UpperLimit for a population of so many items, as the most of them that
// may deviate.
func UpperLimitOf(population, size, deviations int, confidence Share) (int, error) {
	if err := checkResult(size, deviations, confidence); err != nil {
		return 0, err
	}
	if size > population {
		return 0, unusable("A sample of %d is more than the population of %d.", size, population)
	}
	// The first number of deviating items that the sample speaks against is one too many.
	more := smallest(population-size+1, func(more int) bool {
		return more > 0 && hypergeometricAtMost(deviations, population, deviations+more, size, One-confidence)
	})
	return deviations + max(more-1, 0), nil
}

func checkResult(size, deviations int, confidence Share) error {
	switch {
	case size < 1 || size > mostTested:
		return unusable("A limit is computed for 1 to %d items.", mostTested)
	case deviations < 0 || deviations > size:
		return unusable("%d deviations are not possible among %d items.", deviations, size)
	}
	return Plan{Confidence: confidence, Tolerable: One / 2}.check()
}

// smallest is the least number up to most that holds, when every larger one holds too. It
// gallops: numbers far beyond the answer are costly to try.
func smallest(most int, holds func(int) bool) int {
	beyond := 1
	for beyond < most && !holds(beyond) {
		beyond *= 2
	}
	from := beyond / 2
	return from + sort.Search(min(beyond, most)-from, func(n int) bool { return holds(from + n) })
}

// binomialAtMost reports whether at most c of n items deviate with a probability of at
// most alpha, when each deviates with probability p. It is in whole numbers: with p as the
// fraction a/b, the sum of C(n,i) a^i (b−a)^(n−i) over b^n.
func binomialAtMost(c, n int, p, alpha Share) bool {
	g := new(big.Int).GCD(nil, nil, big.NewInt(int64(p)), big.NewInt(int64(One)))
	a, b := new(big.Int).Quo(big.NewInt(int64(p)), g), new(big.Int).Quo(big.NewInt(int64(One)), g)
	rest := new(big.Int).Sub(b, a)
	sum, term := new(big.Int), big.NewInt(1) // term is C(n,i) a^i
	for i := range c + 1 {
		sum.Add(sum.Mul(sum, rest), term)
		term.Mul(term, a).Mul(term, big.NewInt(int64(n-i))).Quo(term, big.NewInt(int64(i+1)))
	}
	sum.Mul(sum, rest.Exp(rest, big.NewInt(int64(n-c)), nil))
	return atMost(sum, b.Exp(b, big.NewInt(int64(n)), nil), alpha)
}

// hypergeometricAtMost reports whether at most c of n items, drawn from so many of which
// k deviate, deviate with a probability of at most alpha: the sum of C(k,i) C(N−k,n−i)
// over C(N,n). The two parts of n and k may be exchanged, and the smaller n has the
// smaller numbers.
func hypergeometricAtMost(c, population, k, n int, alpha Share) bool {
	n, k = min(n, k), max(n, k)
	first := max(0, n+k-population)
	sum, term := new(big.Int), new(big.Int).Binomial(int64(k), int64(first))
	term.Mul(term, new(big.Int).Binomial(int64(population-k), int64(n-first)))
	for i := first; i <= min(c, n); i++ {
		sum.Add(sum, term)
		term.Mul(term, big.NewInt(int64(k-i))).Mul(term, big.NewInt(int64(n-i)))
		term.Quo(term, big.NewInt(int64(i+1))).Quo(term, big.NewInt(int64(population-k-n+i+1)))
	}
	return atMost(sum, new(big.Int).Binomial(int64(population), int64(n)), alpha)
}

// atMost reports whether some of all is at most alpha.
func atMost(some, all *big.Int, alpha Share) bool {
	return some.Mul(some, big.NewInt(int64(One))).Cmp(all.Mul(all, big.NewInt(int64(alpha)))) <= 0
}

// ParseShare reads a percentage such as 90 or 2.5 %, exactly.
func ParseShare(text string) (Share, error) {
	n, err := Amount(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(text), "%")), 4)
	if err != nil || n < 0 || n > int64(One) {
		return 0, unusable("“%s” is not a percentage between 0 and 100, such as 90 or 2.5.", text)
	}
	return Share(n), nil
}
