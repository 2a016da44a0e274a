package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// changes is the population of the published example, with a stratum.
func changes() string {
	var b strings.Builder
	b.WriteString("key,occurred_at,approver\n")
	for i := range 40 {
		month, day := i%12+2, i+2
		if month > 12 {
			month = 1
		}
		if day > 28 {
			day -= 28
		}
		fmt.Fprintf(&b, "CHG-%03d,2026-%02d-%02dT10:00:00Z,user%d\n", i+1, month, day, (i+1)%5)
	}
	return b.String()
}

const published = `population 3e971173456da9a86b9c6b24e647ae280c2a6907bf75b6483e15e94445e9deec
CHG-033
CHG-039
CHG-011
CHG-029
CHG-018
CHG-017
CHG-021
CHG-026
`

func population(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSampleRepeatsThePublishedDraw(t *testing.T) {
	lines := strings.SplitAfter(strings.TrimSuffix(changes(), "\n"), "\n")
	lines[1], lines[40] = lines[40]+"\n", strings.TrimSuffix(lines[1], "\n") // the order of rows does not count
	for name, text := range map[string]string{
		"changes.csv":   changes(),
		"shuffled.csv":  strings.Join(lines, ""),
		"semicolon.csv": "\ufeff" + strings.ReplaceAll(strings.ReplaceAll(changes(), ",", ";"), "\n", "\r\n"),
	} {
		code, stdout, stderr := assay(t, nil, "sample", "-population", population(t, name, text), "-key", "key", "-seed", "7f3c-auditor-2026", "-n", "8")
		if code != exitOK || stderr != "" || stdout != published {
			t.Errorf("%s: status %d, %s\n%s", name, code, stderr, stdout)
		}
	}
}

// The recipe of the help, typed by somebody who has the text and no Assay.
func TestSampleAndCoreutilsAgree(t *testing.T) {
	file := population(t, "changes.csv", changes())
	text := filepath.Join(filepath.Dir(file), "population.txt")
	_, help, _ := assay(t, nil, "help", "sample")
	_, recipe, _ := strings.Cut(help, "writes:\n\n")
	recipe, _, _ = strings.Cut(recipe, "\n\n")
	if strings.Count(recipe, "\n") != 2 {
		t.Fatalf("the recipe is not three lines: %s", recipe)
	}
	code, stdout, stderr := assay(t, nil, "sample", "-population", file, "-key", "key", "-seed", "SEED", "-n", "25", "-ranks", "-text", text)
	digest, ranks, _ := strings.Cut(stdout, "\n")
	if code != exitOK || strings.Count(ranks, "\n") != 25 {
		t.Fatalf("status %d, %s\n%s", code, stderr, stdout)
	}
	for script, want := range map[string]string{
		recipe: ranks,
		"echo population $(sha256sum < population.txt | cut -b -64)": digest + "\n",
	} {
		cmd := exec.CommandContext(t.Context(), "sh", "-eu", "-c", script)
		cmd.Dir = filepath.Dir(file)
		if out, err := cmd.CombinedOutput(); err != nil || string(out) != want {
			t.Errorf("%v: %s\ngives\n%swant\n%s", err, script, out, want)
		}
	}
}

func TestSampleOfEachStratum(t *testing.T) {
	args := []string{"sample", "-population", population(t, "changes.csv", changes()), "-key", "key", "-seed", "s", "-strata", "approver"}
	_, two, _ := assay(t, nil, append(args, "-n", "2")...)
	code, three, stderr := assay(t, nil, append(args, "-n", "3")...)
	if code != exitOK || stderr != "" {
		t.Fatalf("status %d, %s", code, stderr)
	}
	lines := strings.Split(strings.TrimSpace(three), "\n")[1:]
	if len(lines) != 15 {
		t.Fatalf("%d are selected:\n%s", len(lines), three)
	}
	for i, line := range lines {
		stratum, key, _ := strings.Cut(line, "\t")
		if stratum != fmt.Sprintf("user%d", i/3) || !strings.Contains(changes(), "\n"+key+",") {
			t.Errorf("item %d is %q", i, line)
		}
		if i%3 < 2 && !strings.Contains(two, line+"\n") {
			t.Errorf("%s is lost among fewer:\n%s", line, two)
		}
	}
}

func TestSampleTakesNoMoreThanThereAre(t *testing.T) {
	code, stdout, _ := assay(t, nil, "sample", "-population", population(t, "l.csv", "key\na\nb\n"), "-key", "key", "-seed", "s", "-n", "100")
	if code != exitOK || strings.Count(stdout, "\n") != 3 {
		t.Errorf("status %d, %s", code, stdout)
	}
}

func TestSampleRefusesWhatItCannotRepeat(t *testing.T) {
	for _, c := range []struct{ sentence, text, flags, says string }{
		{"no file", "", "-population= -key=key -seed=s -n=1", "-population is missing"},
		{"a file that is not there", "", "-population=nowhere.csv -key=key -seed=s -n=1", "-population: open nowhere.csv"},
		{"no key", "key\na\n", "-seed=s -n=1", "-key is missing"},
		{"no seed", "key\na\n", "-key=key -n=1", "-seed: A seed is 1 to 200 characters"},
		{"no number", "key\na\n", "-key=key -seed=s", "-n should be the number"},
		{"a number that is none", "key\na\n", "-key=key -seed=s -n=many", `invalid value "many" for flag -n`},
		{"another column", "id\na\n", "-key=key -seed=s -n=1", "No column is called “key”. The header names: id."},
		{"another stratum", "key\na\n", "-key=key -strata=x -seed=s -n=1", "No column is called “x”"},
		{"nothing in it", "", "-key=key -seed=s -n=1", "list.csv holds no table"},
		{"an item without a key", "key,b\n,1\n", "-key=key -seed=s -n=1", "1 row without a key (row 2)"},
		{"a key with two lines", "key\n\"a\nb\"\n", "-key=key -seed=s -n=1", "1 row with a line break in the key (row 2)"},
		{"one key twice", "key\na\nb\na\n", "-key=key -seed=s -n=1", "1 row with a key that is there already (a in rows 2 and 4)"},
		{"a row cut off", "key,b\na\n", "-key=key -seed=s -n=1", "Row 2 of list.csv has 1 cells"},
		{"a text nowhere", "key\na\n", "-key=key -seed=s -n=1 -text=nowhere/population.txt", "-text: open nowhere"},
		{"a word too many", "key\na\n", "-key=key -seed=s -n=1 more", `"more" is no flag`},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			args := append([]string{"sample", "-population", population(t, "list.csv", c.text)}, strings.Fields(c.flags)...)
			refused(t, c.says, nil, args...)
		})
	}
}
