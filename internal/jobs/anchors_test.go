package jobs_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/digitorus/timestamp"

	"assay/internal/jobs"
	"assay/internal/tlog"
	"assay/internal/tsa"
	"assay/internal/witness"
	"assay/models"
	"assay/models/access"
	"assay/models/anchor"
	"assay/models/engagement"
	"assay/models/framework"
	"assay/models/ledger"
	"assay/models/modelstest"
	"assay/models/notice"
	"assay/models/people"
)

func loadSigner(t *testing.T, name string) *tlog.Signer {
	t.Helper()
	s, err := tlog.LoadSigner(filepath.Join(t.TempDir(), "key"), name)
	must(t, err)
	return s
}

// witnessing runs a witness of the log whose key log is.
func witnessing(t *testing.T, name, log string) witness.Client {
	t.Helper()
	cosigner, err := loadSigner(t, name).Cosigner()
	must(t, err)
	w, err := witness.Open(t.TempDir(), cosigner, log)
	must(t, err)
	s := httptest.NewServer(w)
	t.Cleanup(s.Close)
	return witness.Client{URL: s.URL, VerifierKey: cosigner.VerifierKey, HTTP: http.DefaultClient}
}

// stamping runs a time stamping authority whose clock is now.
func stamping(t *testing.T, now func() time.Time) tsa.Client {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "Time"}, NotBefore: now().AddDate(-1, 0, 0), NotAfter: now().AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	cert, err := x509.ParseCertificate(der)
	must(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		q, err := timestamp.ParseRequest(b)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		ts := timestamp.Timestamp{
			HashAlgorithm: q.HashAlgorithm, HashedMessage: q.HashedMessage, Time: now().UTC().Truncate(time.Second), Nonce: q.Nonce,
			Policy: asn1.ObjectIdentifier{1, 2, 3}, AddTSACertificate: true, SerialNumber: big.NewInt(1),
		}
		out, _ := ts.CreateResponseWithOpts(cert, key, crypto.SHA256)
		_, _ = w.Write(out)
	}))
	t.Cleanup(s.Close)
	return tsa.Client{URL: s.URL, HTTP: http.DefaultClient, Roots: roots}
}

// audited adds an auditor with an engagement whose window is open from February to June.
func (o *office) audited() people.Person {
	o.t.Helper()
	p := people.Person{Name: "Miriam Brandt", Email: "miriam@firm.example", Firm: "Brandt & Okafor", Role: access.Auditor, Status: people.Active, InvitedAt: o.db.Now()}
	must(o.t, modelstest.As(o.t, o.db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
		return models.Insert(ctx, tx, &p, "person.invite")
	}))
	var codes []string
	for _, c := range framework.CriteriaFor(nil) {
		codes = append(codes, c.Code)
	}
	must(o.t, modelstest.As(o.t, o.db, o.priya, func(ctx context.Context, tx *models.Tx) error {
		e, err := engagement.Create(ctx, tx, engagement.Terms{
			Name: "SOC 2 2026", Firm: "Brandt & Okafor", Kind: engagement.TypeII, Criteria: codes,
			PeriodStart: "2026-01-01", PeriodEnd: "2026-06-30", Zone: "America/New_York", OpensOn: "2026-02-01", ClosesOn: "2026-06-30",
		})
		if err != nil {
			return err
		}
		return engagement.AddAuditor(ctx, tx, e, p.ID, engagement.Lead)
	}))
	return p
}

// anchors lists where the log was anchored, the oldest first, as "kind place".
func anchors(t *testing.T, db *models.DB) (list []anchor.Anchor) {
	t.Helper()
	modelstest.Look(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) (err error) {
		list, err = anchor.Latest(ctx, tx, 100)
		slices.Reverse(list)
		return err
	})
	return list
}

// TestTheLogIsAnchoredOutsideOnceADay: a witness, an authority, a mailbox of the firm and an auditor whose engagement is
// open each confirm the log once a day, over two replicas, and what they confirmed holds.
func TestTheLogIsAnchoredOutsideOnceADay(t *testing.T) {
	modelstest.Pair(t, func(t *testing.T, db, other *models.DB) {
		o := newOffice(t, db)
		miriam := o.audited()
		log := loadSigner(t, "assay.halyard.example")
		firm := witnessing(t, "witness.firm.example", log.VerifierKey)
		authority := stamping(t, func() time.Time { return db.Now() })
		outside := jobs.Anchors{Witnesses: []witness.Client{firm}, Authorities: []tsa.Client{authority}, Mailboxes: []string{"evidence@firm.example"}, Post: &o.post}
		one, two := jobs.New(db, outside.Work()...), jobs.New(other, outside.Work()...)
		must(t, one.Stand(t.Context()))
		day := func(when string) (mails []string) {
			for _, d := range []*models.DB{db, other} {
				modelstest.At(d, instant(t, when))
			}
			_, err := db.SignCheckpoint(t.Context(), log)
			must(t, err)
			for range 2 { // what begins and gathers enqueues for the second round
				must(t, one.Drain(t.Context()))
				must(t, two.Drain(t.Context()))
			}
			for _, m := range o.server.Take() {
				if !strings.HasPrefix(m.Subject, "Checkpoint of the log") {
					continue
				}
				mails = append(mails, m.To)
				if len(m.Files) != 1 {
					t.Errorf("%s: the mail has %d files", when, len(m.Files))
				}
				for _, note := range m.Files {
					if _, err := tlog.OpenCheckpoint(string(note), log.VerifierKey); err != nil {
						t.Errorf("%s: the file of the mail: %v", when, err)
					}
					for line := range strings.Lines(string(note)) {
						if !strings.Contains(m.Text, strings.TrimSpace(line)) {
							t.Errorf("%s: the text of the mail lacks %q", when, line)
						}
					}
				}
			}
			slices.Sort(mails)
			return mails
		}
		for _, step := range []struct {
			when, mails string
			anchors     int
		}{
			{"2026-04-18T11:30:00Z", "evidence@firm.example", 3},                     // a Saturday, 07:30 in New York
			{"2026-04-18T12:20:00Z", "miriam@firm.example", 4},                       // 08:20
			{"2026-04-18T20:00:00Z", "", 4},                                          // once a day
			{"2026-04-19T13:00:00Z", "evidence@firm.example miriam@firm.example", 8}, // Sunday too
			{"2026-07-02T13:00:00Z", "evidence@firm.example", 11},                    // her window is closed
		} {
			mails := day(step.when)
			if got := strings.Join(mails, " "); got != step.mails {
				t.Errorf("%s: mailed to %q, want %q", step.when, got, step.mails)
			}
			if got := anchors(t, db); len(got) != step.anchors {
				t.Errorf("%s: %d anchors, want %d: %+v", step.when, len(got), step.anchors, got)
			}
		}
		for _, a := range anchors(t, db) {
			switch a.Kind {
			case anchor.Witness:
				if at, err := tlog.OpenCosignature(a.Note, firm.VerifierKey); err != nil || !at.Equal(a.At) {
					t.Errorf("the witness: %v, %v", at, err)
				}
			case anchor.Timestamp:
				if err := (tsa.Token{DER: a.Token, At: a.At}).Check([]byte(a.Note), authority.Roots); err != nil {
					t.Errorf("the time stamp: %v", err)
				}
			case anchor.Mail:
				if a.Place != miriam.Path() && a.Place != "evidence@firm.example" {
					t.Errorf("mailed to %q", a.Place)
				}
			}
		}
		report, err := ledger.Verify(t.Context(), db)
		if err != nil || len(report.Problems) > 0 {
			t.Errorf("verify: %v %v", report.Problems, err)
		}
	})
}

// TestALogThatIsNotAnchoredRaisesAnAlarm after 26 hours, once a day, for administrators.
func TestALogThatIsNotAnchoredRaisesAnAlarm(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		modelstest.At(db, instant(t, "2026-04-07T12:00:00Z"))
		o := newOffice(t, db)
		ada := modelstest.Person(t, db, access.Administrator)
		w := jobs.New(db, jobs.Anchors{}.Work()...)
		must(t, w.Stand(t.Context()))
		alarms := func(when string) (n int) {
			modelstest.At(db, instant(t, when))
			must(t, w.Drain(t.Context()))
			modelstest.Look(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) (err error) {
				n, err = models.Value[int](ctx, tx, "SELECT count(*) FROM notices WHERE kind = ? AND person_id = ?", notice.AnchorOld, ada.ID)
				return err
			})
			return n
		}
		for _, step := range []struct {
			when string
			want int
		}{{"2026-04-08T14:00:00Z", 0}, {"2026-04-08T15:00:00Z", 1}, {"2026-04-08T20:00:00Z", 1}, {"2026-04-09T01:00:00Z", 2}} {
			if got := alarms(step.when); got != step.want {
				t.Errorf("%s: %d alarms, want %d", step.when, got, step.want)
			}
		}
		log := loadSigner(t, "assay.halyard.example")
		_, err := db.SignCheckpoint(t.Context(), log)
		must(t, err)
		anchored := jobs.New(db, jobs.Anchors{Mailboxes: []string{"a@firm.example"}, Post: &o.post}.Work()...)
		must(t, anchored.Stand(t.Context()))
		modelstest.At(db, instant(t, "2026-04-09T02:00:00Z"))
		must(t, anchored.Drain(t.Context()))
		must(t, anchored.Drain(t.Context()))
		if got := alarms("2026-04-10T03:00:00Z"); got != 2 {
			t.Errorf("a day after an anchor: %d alarms", got)
		}
		if got := alarms("2026-04-10T05:00:00Z"); got != 3 {
			t.Errorf("27 hours after it: %d alarms", got)
		}
	})
}

// TestAWitnessThatContradictsTheLogIsHeard: leaves are gone, or others stand in their place.
func TestAWitnessThatContradictsTheLogIsHeard(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		newOffice(t, db)
		ada := modelstest.Person(t, db, access.Administrator)
		log := loadSigner(t, "assay.halyard.example")
		firm := witnessing(t, "witness.firm.example", log.VerifierKey)
		longer, err := log.Sign(tlog.Checkpoint{Origin: log.Origin(), Size: 1 << 20, Root: tlog.Hash{1}})
		must(t, err)
		_, _, err = firm.Add(t.Context(), longer, 1<<20, 0, nil)
		must(t, err)
		_, err = db.SignCheckpoint(t.Context(), log)
		must(t, err)
		w := jobs.New(db, jobs.Anchors{Witnesses: []witness.Client{firm}}.Work()...)
		must(t, w.Stand(t.Context()))
		must(t, w.Drain(t.Context()))
		must(t, w.Drain(t.Context()))
		var said string
		modelstest.Look(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) (err error) {
			said, err = models.Value[string](ctx, tx, "SELECT sentence FROM notices WHERE kind = ? AND person_id = ? AND sentence LIKE ?", notice.AnchorOld, ada.ID, "%contradicts%")
			return err
		})
		if !strings.Contains(said, "witness.firm.example") || !strings.Contains(said, "1048576 leaves") || !strings.Contains(said, "leaves are gone") {
			t.Errorf("administrators read %q", said)
		}
		if got := anchors(t, db); len(got) != 0 {
			t.Errorf("it counts as anchored: %+v", got)
		}
	})
}

// TestAnAnchorThatIsNotHowTheLogBeginsIsNamed by assay verify.
func TestAnAnchorThatIsNotHowTheLogBeginsIsNamed(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		newOffice(t, db)
		log := loadSigner(t, "assay.halyard.example")
		for _, c := range []tlog.Checkpoint{{Origin: log.Origin(), Size: 1, Root: tlog.Hash{1}}, {Origin: log.Origin(), Size: 1 << 20}} {
			signed, err := log.Sign(c)
			must(t, err)
			must(t, modelstest.As(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
				return anchor.Keep(ctx, tx, anchor.Anchor{Kind: anchor.Mail, Place: "a@firm.example", Size: c.Size, Note: signed, At: tx.Now})
			}))
		}
		report, err := ledger.Verify(t.Context(), db)
		must(t, err)
		said := strings.Join(report.Problems, "\n")
		if !strings.Contains(said, "anchor 1,") || !strings.Contains(said, "not those that were confirmed") || !strings.Contains(said, "anchor 2,") || !strings.Contains(said, "the log is shorter") {
			t.Errorf("verify says %q", said)
		}
	})
}
