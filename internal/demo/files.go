package demo

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"assay/internal/sheet"
	"assay/models"
)

// A paper makes the bytes of a file about some days. Each is what such a file would
// hold, small enough to read.
type paper func(days, *rand.Rand) []byte

var staff = []string{
	"t.herrera", "i.duarte", "s.bakare", "m.zhou", "d.kowalski", "r.ngata", "m.okoye", "z.brännström",
	"s.whitlock", "j.o'neill", "a.petrović", "l.nguyễn", "k.müller", "p.raman", "y.demirel", "h.ólafsdóttir",
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

func two(r *rand.Rand) (string, string) {
	i := r.IntN(len(staff))
	return staff[i], staff[(i+1+r.IntN(len(staff)-1))%len(staff)]
}

// moments are n instants inside d, ascending.
func (d days) moments(r *rand.Rand, n int) []time.Time {
	out := make([]time.Time, n)
	span := d.from.DaysUntil(d.to)*24*60 + 9*60
	for i := range out {
		out[i] = d.from.In(time.UTC).Add(time.Duration(8*60+r.IntN(span)) * time.Minute)
	}
	slices.SortFunc(out, time.Time.Compare)
	return out
}

// table is a paper of CSV rows, one an instant.
func table(n int, header string, row func(i int, at time.Time, r *rand.Rand) []string) paper {
	return func(d days, r *rand.Rand) []byte {
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		_ = w.Write(strings.Split(header, ",")) // a buffer takes everything
		for i, at := range d.moments(r, n) {
			_ = w.Write(row(i, at, r))
		}
		w.Flush()
		return b.Bytes()
	}
}

func accounts(system string) paper {
	return table(34, "account,system,role,last sign-in,reviewer,decision,decided on", func(i int, at time.Time, r *rand.Rand) []string {
		decision := "keep"
		if i%11 == 7 {
			decision = "remove"
		}
		return []string{
			staff[i%len(staff)], system, pick(r, []string{"reader", "developer", "operator", "admin"}),
			at.AddDate(0, 0, -r.IntN(20)).Format(time.DateOnly), staff[(i+3)%len(staff)], decision, at.Format(time.DateOnly),
		}
	})
}

func changes(service string) paper {
	return table(26, "date,service,change,author,approver,checks,deployed", func(i int, at time.Time, r *rand.Rand) []string {
		author, approver := two(r)
		if i%9 == 5 {
			author = "agent/halyard"
		}
		return []string{at.Format(time.DateOnly), service, fmt.Sprintf("#%d", 7000+at.YearDay()*9+i), author, approver, "passed", at.Format("15:04")}
	})
}

func tickets(prefix, what string) paper {
	return table(18, "ticket,what,opened,requested by,approved by,closed,hours", func(i int, at time.Time, r *rand.Rand) []string {
		asked, approved := two(r)
		hours := 1 + r.IntN(22)
		return []string{
			fmt.Sprintf("%s-%d", prefix, 2100+at.YearDay()*3+i), what, at.Format("2006-01-02 15:04"), asked, approved,
			at.Add(time.Duration(hours) * time.Hour).Format("2006-01-02 15:04"), fmt.Sprint(hours),
		}
	})
}

func weaknesses() paper {
	return table(30, "asset,advisory,severity,found,fixed,days,limit", func(_ int, at time.Time, r *rand.Rand) []string {
		took, limit := 1+r.IntN(13), pick(r, []int{14, 30, 90})
		return []string{
			pick(r, []string{"api-gateway", "inference-eu", "inference-us", "trainer", "console", "billing"}),
			fmt.Sprintf("CVE-%d-%05d", at.Year(), 10000+r.IntN(40000)), map[int]string{14: "critical", 30: "high", 90: "medium"}[limit],
			at.Format(time.DateOnly), at.AddDate(0, 0, took).Format(time.DateOnly), fmt.Sprint(took), fmt.Sprint(limit),
		}
	})
}

func measurements(what, unit string, around int) paper {
	return table(28, "day,"+what+" ("+unit+"),limit,within", func(_ int, at time.Time, r *rand.Rand) []string {
		v := around + r.IntN(around/4+1)
		return []string{at.Format(time.DateOnly), fmt.Sprint(v), fmt.Sprint(around * 2), "yes"}
	})
}

// record is a text log of a machine.
func record(host, unit string, lines int, say func(*rand.Rand) string) paper {
	return func(d days, r *rand.Rand) []byte {
		var b bytes.Buffer
		for _, at := range d.moments(r, lines) {
			fmt.Fprintf(&b, "%s %s %s[%d]: %s\n", at.Format(time.RFC3339), host, unit, 400+r.IntN(9000), say(r))
		}
		return b.Bytes()
	}
}

func backups() paper {
	return record("bk-01.prod", "backup", 60, func(r *rand.Rand) string {
		return fmt.Sprintf("set=%s bytes=%d state=complete checksum=%08x", pick(r, []string{"prod-eu", "prod-us", "registry", "billing"}), 4_000_000_000+r.IntN(1_000_000_000), r.Uint32())
	})
}

func verifications() paper {
	return record("verify-01.prod", "model-verify", 80, func(r *rand.Rand) string {
		return fmt.Sprintf("deployment=%s model=halyard-code-4.%d digest=sha256:%016x%016x outcome=match", pick(r, []string{"eu-1", "eu-2", "us-1", "us-2"}), r.IntN(3), r.Uint64(), r.Uint64())
	})
}

func outcome(r *rand.Rand) string {
	return fmt.Sprintf("run=%06x state=complete seconds=%d warnings=0", r.Uint32()&0xffffff, 20+r.IntN(400))
}

// settings is a paper of JSON.
func settings(system string, values func(*rand.Rand) map[string]any) paper {
	return func(d days, r *rand.Rand) []byte {
		b, err := json.MarshalIndent(map[string]any{
			"system": system, "exported_at": d.to.In(time.UTC).Add(7 * time.Hour), "covers": map[string]models.Date{"from": d.from, "to": d.to},
			"settings": values(r),
		}, "", "  ")
		if err != nil {
			panic(err) // the values are in this file
		}
		return append(b, '\n')
	}
}

func signOn(r *rand.Rand) map[string]any {
	return map[string]any{
		"mfa":      map[string]any{"required": true, "factors": []string{"webauthn", "smartcard"}, "sms": false},
		"sessions": map[string]any{"idle_minutes": 30, "absolute_hours": 12}, "accounts": 131 + r.IntN(14), "without_mfa": 0,
	}
}

func branches(r *rand.Rand) map[string]any {
	var repositories []map[string]any
	for _, name := range []string{"api-gateway", "console", "inference", "trainer", "billing", "guardrails", "infra"} {
		repositories = append(repositories, map[string]any{
			"name": name, "approvals": 1 + r.IntN(2), "code_owners": true, "force_push": false, "required_checks": []string{"test", "lint", "scan"},
		})
	}
	return map[string]any{"default_branch": "main", "repositories": repositories}
}

func lineage(r *rand.Rand) map[string]any {
	var runs []map[string]any
	for i := range 6 {
		runs = append(runs, map[string]any{
			"eventType": "COMPLETE", "run": map[string]any{"runId": fmt.Sprintf("%08x-0000-7000-8000-%012x", r.Uint32(), r.Int64N(1<<47))},
			"job":    map[string]any{"namespace": "halyard.train", "name": fmt.Sprintf("code-4.%d-sft", i%3)},
			"inputs": []map[string]any{{"namespace": "s3://halyard-datasets", "name": "licensed-code", "version": fmt.Sprintf("v%d", 30+i)}},
		})
	}
	return map[string]any{"schema": "OpenLineage 2-0-2", "runs": runs, "unregistered_roots": 0}
}

func providers(r *rand.Rand) map[string]any {
	return map[string]any{
		"retention": "zero", "training_on_inputs": false, "region": "eu-west", "abuse_review": "by ticket only",
		"checked": 28 + r.IntN(4), "differences": 0,
	}
}

// book is a paper of a workbook.
func book(name string, header []string, rows func(days, *rand.Rand) [][]string) paper {
	return func(d days, r *rand.Rand) []byte {
		var b bytes.Buffer
		err := sheet.WriteXLSX(&b, name, header, func(yield func([]string, error) bool) {
			for _, row := range rows(d, r) {
				if !yield(row, nil) {
					return
				}
			}
		})
		if err != nil {
			panic(err) // the rows are in this package
		}
		return b.Bytes()
	}
}

func register(what string) paper {
	return book("Register", []string{"No", what, "Owner", "Rating", "Treatment", "Reviewed"}, func(d days, r *rand.Rand) [][]string {
		var rows [][]string
		for i, at := range d.moments(r, 16) {
			rows = append(rows, []string{
				fmt.Sprintf("R-%02d", i+1), pick(r, []string{"Prompt injection through tool results", "Loss of a region", "Provider changes retention", "Weights copied", "Tenant data in a shared cache", "Key person unavailable", "Licence of training data disputed"}),
				pick(r, staff), pick(r, []string{"low", "medium", "high"}), pick(r, []string{"reduce", "carry", "transfer"}), at.Format(time.DateOnly),
			})
		}
		return rows
	})
}

// minutes is a paper of a PDF page.
func minutes(title string, lines ...string) paper {
	return func(d days, r *rand.Rand) []byte {
		text := append([]string{title, d.label(), ""}, lines...)
		a, b := two(r)
		text = append(text, "", "Present: "+a+", "+b, "Signed on "+d.to.In(time.UTC).Format("2 January 2006")+" by "+pick(r, staff))
		return pdf(text)
	}
}

// pdf writes one page in the smallest PDF that every viewer opens. Its font has Latin
// letters only.
func pdf(lines []string) []byte {
	var page strings.Builder
	page.WriteString("BT /F1 11 Tf 64 770 Td 17 TL\n")
	for i, line := range lines {
		if i == 0 {
			fmt.Fprintf(&page, "/F1 17 Tf (%s) Tj T* /F1 11 Tf\n", literal(line))
			continue
		}
		fmt.Fprintf(&page, "(%s) Tj T*\n", literal(line))
	}
	page.WriteString("ET\n")
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 4 0 R >> >> /Contents 5 0 R >>",
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
		fmt.Sprintf("<< /Length %d >>\nstream\n%sendstream", page.Len(), page.String()),
	}
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
	offsets := make([]int, len(objects))
	for i, o := range objects {
		offsets[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, at := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, xref)
	return b.Bytes()
}

// literal is text as a string of a PDF: Latin-1, with its three signs escaped.
func literal(text string) string {
	var b strings.Builder
	for _, c := range text {
		switch {
		case c == '(' || c == ')' || c == '\\':
			fmt.Fprintf(&b, "\\%c", c)
		case c < 256:
			b.WriteByte(byte(c))
		default:
			b.WriteByte('?')
		}
	}
	return b.String()
}

// manifest is the list of files a model release consists of.
func manifest(d days, r *rand.Rand) []byte {
	var b bytes.Buffer
	_, _ = io.WriteString(&b, "# halyard-code release manifest, "+d.label()+"\n")
	for i := range 12 {
		name := fmt.Sprintf("weights/model-%05d-of-00012.safetensors", i+1)
		fmt.Fprintf(&b, "%016x%016x%016x%016x  %s  crc32=%08x\n", r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64(), name, crc32.ChecksumIEEE([]byte(name)))
	}
	return b.Bytes()
}
