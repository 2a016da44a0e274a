package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"assay/internal/config"
	"assay/internal/sheet"
	"assay/models/sample"
)

type sampleOptions struct {
	population, key, strata, seed, text string
	n                                   int
	ranks                               bool
}

func (o *sampleOptions) flags() *flag.FlagSet {
	fs := flag.NewFlagSet("sample", flag.ContinueOnError)
	fs.StringVar(&o.population, "population", "", "`file` with the population: CSV in UTF-8, or an .xlsx workbook (required)")
	fs.StringVar(&o.key, "key", "", "`column` that tells the items apart (required)")
	fs.StringVar(&o.seed, "seed", "", "`text` that was chosen after the population was locked (required)")
	fs.Func("n", "`number` of items to select, of each stratum if there are strata (required)", func(text string) (err error) {
		if o.n, err = strconv.Atoi(text); err != nil {
			return errors.New("it should be the number of items to select")
		}
		return nil
	})
	fs.StringVar(&o.strata, "strata", "", "`column` whose values are the strata")
	fs.BoolVar(&o.ranks, "ranks", false, "print the rank of each item before its key")
	fs.StringVar(&o.text, "text", "", "`file` to write, or to replace, with the text that the population digest is the SHA-256 of")
	return fs
}

func (o *sampleOptions) check() error {
	switch {
	case o.population == "":
		return errors.New("-population is missing; it should be a CSV file in UTF-8 or an .xlsx workbook")
	case o.key == "":
		return errors.New("-key is missing; it should be the name of the column that tells the items apart")
	case o.n < 1:
		return errors.New("-n should be the number of items to select, 1 at least")
	}
	if err := sample.CheckSeed(o.seed); err != nil {
		return fmt.Errorf("-seed: %w", err)
	}
	return nil
}

func repeatDraw(ctx context.Context, s *session) error {
	var o sampleOptions
	if err := config.Parse(o.flags(), s.args, func(string) string { return "" }); err != nil {
		return refuse(err)
	}
	if err := o.check(); err != nil {
		return refuse(err)
	}
	list, err := o.read(ctx)
	if err != nil {
		return refuse(err)
	}
	defer func() { _ = list.Close() }()
	sealed, err := o.seal(list)
	if err != nil {
		return refuse(err)
	}
	picks, err := sample.Draw{Population: sealed.Digest, Seed: o.seed}.SelectFrom(list, o.n)
	if err != nil {
		return refuse(err)
	}
	return o.print(s.stdout, sealed, picks)
}

func (o *sampleOptions) read(ctx context.Context) (*sample.List, error) {
	f, err := os.Open(o.population)
	if err != nil {
		return nil, fmt.Errorf("-population: %w", err)
	}
	defer func() { _ = f.Close() }()
	rows, err := sheet.Stream(ctx, f, filepath.Base(o.population), sheet.Large)
	if err != nil {
		return nil, err
	}
	items, err := sample.Items(rows, sample.Columns{Key: o.key, Stratum: o.strata})
	if err != nil {
		return nil, err
	}
	return sample.ListOf(items)
}

// seal refuses a list that is no population, and then leaves no text either.
func (o *sampleOptions) seal(list *sample.List) (sample.Sealed, error) {
	sealed, err := list.Seal(io.Discard)
	if err == nil {
		err = sealed.Faults.Err()
	}
	if err != nil || o.text == "" {
		return sealed, err
	}
	f, err := os.Create(o.text)
	if err != nil {
		return sealed, fmt.Errorf("-text: %w", err)
	}
	sealed, err = list.Seal(f)
	return sealed, errors.Join(err, f.Close())
}

func (o *sampleOptions) print(w io.Writer, sealed sample.Sealed, picks []sample.Pick) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "population %s\n", sealed.Digest)
	for _, p := range picks {
		if o.ranks {
			fmt.Fprintf(out, "%s  ", p.Rank)
		}
		if o.strata != "" {
			fmt.Fprintf(out, "%s\t", p.Stratum)
		}
		fmt.Fprintln(out, p.Key)
	}
	return out.Flush()
}

func sampleHelp(w io.Writer) {
	paragraph(w, "assay sample: repeat the draw of a sample.", "",
		"Prints the digest of the population and the keys of the items selected, in the",
		"order of their ranks; with -strata the strata in the order of their names, each",
		"key behind its stratum and a tab. It needs no database and no network. An item",
		"more is the next rank, and so is the replacement of one that was excluded.", "",
		"The digest depends on the text of the rows and not on their order. A key that is",
		"empty, has a line break or is there twice, a row of another width than the header",
		"and a quotation mark out of place are refused with status 2.", "",
		"The same with coreutils, from the text that -text population.txt writes:", "")
	recipe := sample.Recipe{Draw: sample.Draw{Seed: "SEED"}, Text: "population.txt", Size: 25}
	for _, line := range recipe.Lines() {
		paragraph(w, "    "+line)
	}
	flags(w, new(sampleOptions).flags(), false)
}
