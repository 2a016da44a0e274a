package bench_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"assay/internal/bench"
	"assay/models/access"
)

// rowsOfAList is ASSAY_BENCH_ROWS.
func rowsOfAList(t *testing.T) int {
	t.Helper()
	rows, err := strconv.Atoi(os.Getenv("ASSAY_BENCH_ROWS"))
	if err != nil {
		t.Skip("make bench measures; ASSAY_BENCH_ROWS holds the number of rows of a population")
	}
	return rows
}

const listHeader = "key,merged_at,author,repository,title"

// listFile writes rows in an order that no key has: 80 bytes each, a million are 80 MB.
func listFile(t *testing.T, rows int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "changes.csv")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := bufio.NewWriter(f)
	fmt.Fprintln(out, listHeader)
	const step = 617_377 // a prime, so that every number comes once
	last := time.Now().AddDate(0, 0, -1)
	for at := range rows {
		i := at * step % rows
		fmt.Fprintf(out, "CHG-%07d,%sT%02d:00:00Z,user%d,repo-%d,Change number %d of the year\n", i, last.AddDate(0, 0, -i%300).Format(time.DateOnly), i%24, i%50, i%14, i)
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestDrawNumbers measures "assay sample" against sha256sum of the same file, turn by turn,
// and beside it the hashes alone that the scheme asks for: a digest and a rank for each
// row, and the digest of all of them.
func TestDrawNumbers(t *testing.T) {
	rows := rowsOfAList(t)
	path, program := listFile(t, rows), filepath.Join("..", "..", "bin", "assay")
	var hashed, drawn, least []time.Duration
	memory := int64(0)
	for range 5 {
		took, _ := spentBy(t, "sha256sum", path)
		hashed = append(hashed, took)
		took, most := spentBy(t, program, "sample", "-population", path, "-key", "key", "-seed", "40817", "-n", "25")
		drawn, memory = append(drawn, took), max(memory, most)
		before := ofThis()
		onlyHashes(rows)
		least = append(least, ofThis()-before)
	}
	plain, whole, floor := percentile(hashed, 0.5), percentile(drawn, 0.5), percentile(least, 0.5)
	r := (&report{}).on("none")
	r.add(fmt.Sprintf("assay sample of %d rows, against sha256sum", rows), "≤ 2 ×", fmt.Sprintf("%.1f × of %s of processor", ratio(whole, plain), ms(plain)), ratio(whole, plain) <= 2)
	r.tell("the hashes alone that the scheme asks for", fmt.Sprintf("%.1f ×", ratio(floor, plain)))
	r.add("memory that it took", "≤ 256 MiB", fmt.Sprintf("%d MiB", memory>>20), memory <= 256<<20)
	fmt.Print(r.table())
}

// spentBy is the processor time of a program and the most memory it had. The kernel counts
// among the latter what this process held when it started the program, so the program is
// looked at while it runs.
func spentBy(t *testing.T, name string, args ...string) (spent time.Duration, memory int64) {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	for {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatalf("%s: %v: %s", name, err, out.Bytes())
			}
			return c.ProcessState.UserTime() + c.ProcessState.SystemTime(), memory
		case <-time.After(2 * time.Millisecond):
			memory = max(memory, peakOf(c.Process.Pid))
		}
	}
}

// peakOf is the most memory that a running program had, 0 when it has ended.
func peakOf(pid int) int64 {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, after, _ := strings.Cut(string(b), "VmHWM:")
	text, _, _ := strings.Cut(after, " kB")
	kib, _ := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	return kib << 10
}

// onlyHashes hashes as many bytes as a draw has to, in texts of the same lengths.
func onlyHashes(rows int) {
	row := []byte("3:key,11:CHG-0000000,9:merged_at,20:2026-01-01T00:00:00Z,6:author,5:user1,10:repository,6:repo-1,5:title,29:Change number 000000 of the year,")
	rank := []byte("assay-sample/1\n" + strings.Repeat("0", 64) + "\n40817\n\nCHG-0000000")
	line := []byte(strings.Repeat("0", 64) + "  CHG-0000000\n")
	text, all := bytes.Repeat(line, 800), sha256.New()
	for i := range rows {
		row[12], rank[len(rank)-1] = byte(i), byte(i)
		row[13], rank[len(rank)-2] = sha256.Sum256(row)[0], sha256.Sum256(rank)[0]
		if i%800 == 0 {
			all.Write(text)
		}
	}
	all.Sum(nil)
}

// listing brings a list into a server, locks it and draws from it, as the forms do. It is
// held against sha256sum of the file, and leaves a locked population behind.
func (a *audit) listing(t *testing.T, r *report, path string, rows int) {
	plain, _ := spentBy(t, "sha256sum", path)
	held := watchMemory()
	var took []time.Duration
	step := func(f func()) {
		began := time.Now()
		took = append(took, a.site.meter.during(f), time.Since(began))
	}
	step(func() { a.population = a.bring(t, path, rows) })
	step(func() { a.lock(t) })
	step(func() {
		a.post(t, a.auditor, a.population+"/samples", url.Values{"method": {"random"}, "size": {"60"}, "seed": {"40817"}})
	})
	all := took[0] + took[2] + took[4]
	r.add(fmt.Sprintf("import, lock and draw of %d rows, against sha256sum", rows), "≤ 2 ×",
		fmt.Sprintf("%.1f × of %s of processor; import %s, %s by the clock, lock %s, draw %s, %s by the clock", ratio(all, plain), ms(plain), ms(took[0]), ms(took[1]), ms(took[2]), ms(took[4]), ms(took[5])),
		ratio(all, plain) <= 2)
	most := held()
	r.add("memory in use meanwhile, with all else", "≤ 256 MiB", fmt.Sprintf("%d MiB", most>>20), most <= 256<<20)
}

// watchMemory looks at what the process holds, garbage included, until it is asked.
func watchMemory() (most func() uint64) {
	var peak atomic.Uint64
	stop := make(chan struct{})
	go func() {
		heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		for {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
				metrics.Read(heap)
				peak.Store(max(peak.Load(), heap[0].Value.Uint64()))
			}
		}
	}()
	return func() uint64 {
		close(stop)
		return peak.Load()
	}
}

// bring sends the form of a population with its file, and answers where it is.
func (a *audit) bring(t *testing.T, path string, rows int) string {
	t.Helper()
	return a.send(t, "/engagements/"+a.engagement.Slug+"/populations", path, [][2]string{
		{"control", a.control},
		{"name", "Merges to production"},
		{"system", "GitHub"},
		{"environment", "production"},
		{"query", "is:merged base:main"},
		{"extractor", "audit API"},
		{"extracted_at", time.Now().AddDate(0, 0, -1).Format("2006-01-02T15:04")},
		{"source_count", strconv.Itoa(rows)},
		{"key", "key"},
		{"when", "merged_at"},
	})
}

func (a *audit) lock(t *testing.T) {
	t.Helper()
	a.send(t, a.population+"/proof", "", [][2]string{
		{"rev", a.rev(t)}, {"to_source", "CHG-0000003\nCHG-0000014"}, {"to_list", "CHG-0000021"}, {"assessment", "The list ends with the day it was taken."},
	})
	a.post(t, bench.Manager, a.population+"/lock", url.Values{"rev": {a.rev(t)}})
	a.post(t, a.auditor, a.population+"/accept", url.Values{"accepted": {"The export was watched."}})
}

var revField = regexp.MustCompile(`name="rev" value="(\d+)"`)

func (a *audit) rev(t *testing.T) string {
	t.Helper()
	_, body := a.do(t, bench.Manager, http.MethodGet, a.population, "", nil)
	found := revField.FindStringSubmatch(body)
	if found == nil {
		t.Fatal("the page of the population has no form")
	}
	return found[1]
}

// send sends a form with a file, which is read while it is sent.
func (a *audit) send(t *testing.T, to, path string, fields [][2]string) (location string) {
	t.Helper()
	body, into := io.Pipe()
	form := multipart.NewWriter(into)
	go func() { _ = into.CloseWithError(filled(form, path, fields)) }()
	location, _ = a.do(t, bench.Manager, http.MethodPost, to, form.FormDataContentType(), body)
	return location
}

func filled(form *multipart.Writer, path string, fields [][2]string) error {
	for _, f := range fields {
		if err := form.WriteField(f[0], f[1]); err != nil {
			return err
		}
	}
	if path == "" {
		return form.Close()
	}
	part, err := form.CreateFormFile("file", filepath.Base(path))
	if err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := io.Copy(part, f); err != nil {
		return err
	}
	return form.Close()
}

func (a *audit) post(t *testing.T, by access.Actor, to string, fields url.Values) {
	t.Helper()
	a.do(t, by, http.MethodPost, to, "application/x-www-form-urlencoded", strings.NewReader(fields.Encode()))
}

// do asks for a page, or sends a form, which is to be answered with the next page.
func (a *audit) do(t *testing.T, by access.Actor, method, path, kind string, body io.Reader) (location, text string) {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), method, a.site.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Cookie", "assay="+a.site.tokens[by.ID])
	q.Header.Set("Sec-Fetch-Site", "same-origin")
	if kind != "" {
		q.Header.Set("Content-Type", kind)
	}
	res, err := a.site.client.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if want := map[string]int{http.MethodGet: 200, http.MethodPost: 303}[method]; err != nil || res.StatusCode != want {
		t.Fatalf("%s %s: status %d, %v: %s", method, path, res.StatusCode, err, said.FindAllString(string(b), 5))
	}
	return res.Header.Get("Location"), string(b)
}

// said is what a form that was refused says.
var said = regexp.MustCompile(`(?s)class="[^"]*error[^"]*"[^>]*>.{0,200}`)
