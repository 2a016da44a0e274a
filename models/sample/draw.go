package sample

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Method is how items were selected. A selection is called what it is.
type Method string

// The methods.
const (
	Random      Method = "random"      // the lowest ranks, of each stratum where there are strata
	Full        Method = "full"        // every item
	Systematic  Method = "systematic"  // every so manyth item from a seeded start
	Monetary    Method = "monetary"    // every so manyth unit of money from a seeded start
	Judgemental Method = "judgemental" // what somebody picked
)

// Methods lists them.
var Methods = []Method{Random, Full, Systematic, Monetary, Judgemental}

// Seeded reports whether the method needs a seed, and so can be repeated.
func (m Method) Seeded() bool { return m == Random || m == Systematic || m == Monetary }

// Projects reports whether results may be projected to the population. What somebody
// picked speaks for itself only.
func (m Method) Projects() bool { return m != Judgemental }

// seedBytes is how much a seed of the server's own takes from the system: 128 bits.
const seedBytes = 16

// NewSeed takes a seed from random, which is crypto/rand outside tests.
func NewSeed(random io.Reader) (string, error) {
	var b [seedBytes]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("take a seed: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}

// ErrSeed says what a seed may be.
const ErrSeed = UnusableError("A seed is 1 to 200 characters on one line, without blanks at its ends.")

// CheckSeed refuses a seed that others could not type or print again.
func CheckSeed(seed string) error {
	if seed == "" || len(seed) > 200 || !utf8.ValidString(seed) || strings.TrimSpace(seed) != seed || strings.ContainsFunc(seed, unprintable) {
		return ErrSeed
	}
	return nil
}

func unprintable(r rune) bool { return r != ' ' && !unicode.IsPrint(r) }

// A Draw is all that decides which items are selected.
type Draw struct {
	Population string // the digest of the locked population
	Seed       string
}

// Rank is the place of an item in the draw: the lower comes first.
func (d Draw) Rank(stratum, key string) Digest {
	return sha256.Sum256([]byte("assay-sample/1\n" + d.Population + "\n" + d.Seed + "\n" + stratum + "\n" + key))
}

// A Pick is an item that was selected.
type Pick struct {
	Item
	Rank     Digest // of a random sample
	Excluded bool   // it stays listed, and the next rank replaces it
	Hits     int    // of a monetary unit sample: how many units of it were hit
}

// An ExcludedError names keys that were to be excluded and are not in the sample.
type ExcludedError []string

func (e ExcludedError) Error() string {
	return "Only an item of the sample can be excluded from it, and these are none: " + strings.Join(e, ", ") + "."
}

// mostStrata keeps a column that tells every item apart from being taken for one that
// groups them.
const mostStrata = 1000

// Select takes from each stratum the size items of the lowest ranks that are not excluded.
// The strata come in the order of their names, the items of each in the order of their
// ranks, those excluded in their places. What has been selected once stays selected, in
// the same order, when size grows or an item is excluded.
func (d Draw) Select(items iter.Seq2[Item, error], size int, excluded ...string) ([]Pick, error) {
	s, err := d.Begin(size, excluded...)
	if err != nil {
		return nil, err
	}
	for it, err := range items {
		if err == nil {
			err = s.add(it)
		}
		if err != nil {
			return nil, err
		}
	}
	return s.Picks()
}

// choose takes size of each stratum, in the order of their ranks, that are not excluded.
func choose(strata []string, ranked func(stratum string) iter.Seq[Pick], size int, excluded []string) ([]Pick, error) {
	var out []Pick
	left := slices.Clone(excluded)
	for _, stratum := range strata {
		taken := 0
		for p := range ranked(stratum) {
			if taken == size {
				break
			}
			if i := slices.Index(left, p.Key); i >= 0 {
				p.Excluded, left = true, slices.Delete(left, i, i+1)
			} else {
				taken++
			}
			out = append(out, p)
		}
	}
	if len(left) > 0 {
		return nil, ExcludedError(left)
	}
	return out, nil
}

// start is a number below n that the population and the seed decide: the first 64 bits of
// a SHA-256 of their own.
func (d Draw) start(scheme string, n uint64) uint64 {
	h := sha256.Sum256([]byte(scheme + "\n" + d.Population + "\n" + d.Seed))
	return binary.BigEndian.Uint64(h[:8]) % n
}

// Systematic takes size of count items, which come in the order of their keys, at equal
// distances from a seeded start. Every item has the same chance.
func (d Draw) Systematic(items iter.Seq2[Item, error], count, size int) ([]Pick, error) {
	if err := CheckSeed(d.Seed); err != nil {
		return nil, err
	}
	if size = min(size, count); size <= 0 {
		return nil, nil
	}
	start := int(d.start("assay-systematic/1", uint64(count)))
	var out []Pick
	at := 0
	for it, err := range items {
		if err != nil {
			return nil, err
		}
		if len(out) < size && at == (start+len(out)*count)/size {
			out = append(out, Pick{Item: it})
		}
		at++
	}
	return out, nil
}
