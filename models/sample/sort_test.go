package sample_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"assay/models/sample"
)

// A list that does not fit comes out as one that does, those of one key in the order they
// came in, and leaves nothing behind.
func TestSortingOnDisk(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 5))
		small, large := sample.SorterOf(40+r.IntN(400)), sample.SorterOf(1<<20)
		var want []string
		for i := range r.IntN(300) {
			key := strings.Repeat("k", r.IntN(12)) + fmt.Sprint(r.IntN(90)) + string(rune(r.IntN(3)))
			value := binary.BigEndian.AppendUint64(nil, uint64(i))
			want = append(want, key+"="+string(value))
			for _, s := range []*sample.Sorter{small, large} {
				if err := s.Put(key, value); err != nil {
					t.Fatal(err)
				}
			}
		}
		slices.SortStableFunc(want, func(a, b string) int { return strings.Compare(before(a), before(b)) })
		for range 2 { // as often as one likes
			for _, s := range []*sample.Sorter{small, large} {
				if got, err := s.Drain(); err != nil || !slices.Equal(got, want) {
					t.Fatalf("seed %d: %q, want %q", seed, got, want)
				}
			}
		}
		if len(want) > 100 && len(small.Runs()) < 2 {
			t.Fatalf("seed %d: only %d runs were written", seed, len(small.Runs()))
		}
		if err := small.Close(); err != nil {
			t.Fatal(err)
		}
	}
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	if err != nil || len(left) > 0 {
		t.Errorf("%d files are left: %v", len(left), err)
	}
}

// Keys of one beginning, of one length or none, and the same over and over come out as
// comparing them says.
func TestSortingManyInMemory(t *testing.T) {
	alphabets := []string{"0123456789", "ab", "\x00\x01a", "é€x"}
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 9))
		letters, most := []rune(alphabets[r.IntN(len(alphabets))]), 1+r.IntN(30)
		begin := strings.Repeat("p", r.IntN(20))
		s := sample.SorterOf(64 << 20)
		var want []string
		for i := range 3000 {
			key := begin
			for range r.IntN(most) {
				key += string(letters[r.IntN(len(letters))])
			}
			if r.IntN(3) == 0 {
				key = begin + strings.Repeat("same", 60)
			}
			value := binary.BigEndian.AppendUint64(nil, uint64(i))
			want = append(want, key+"="+string(value))
			if err := s.Put(key, value); err != nil {
				t.Fatal(err)
			}
		}
		slices.SortStableFunc(want, func(a, b string) int { return strings.Compare(before(a), before(b)) })
		if got, err := s.Drain(); err != nil || !slices.Equal(got, want) {
			t.Fatalf("seed %d: another order", seed)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func before(s string) string { return s[:strings.LastIndex(s[:len(s)-8], "=")] }

func TestSortingWithoutADiskSaysSo(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir()+"/nowhere")
	s := sample.SorterOf(10)
	err := s.Put("12345678", []byte("1"))
	if err == nil {
		err = s.Put("12345678", []byte("2"))
	}
	if err == nil {
		t.Error("a run was written nowhere")
	}
}

func TestARunThatIsCutShortIsAnError(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	s := sample.SorterOf(40)
	for i := range 20 {
		if err := s.Put(fmt.Sprintf("key-%d", i), []byte("value")); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Truncate(s.Runs()[1], 20); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Drain(); err == nil {
		t.Error("nobody noticed")
	}
	_ = s.Close()
}
