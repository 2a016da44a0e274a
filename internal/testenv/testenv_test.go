package testenv_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"assay/internal/testenv"
)

func TestEachTestHasADatabaseOfItsOwn(t *testing.T) {
	first, second := testenv.Postgres(t), testenv.Postgres(t)
	run(t, first, `CREATE TABLE only_here (id int)`)
	run(t, second, `CREATE TABLE only_here (id int)`)
}

func TestADatabaseIsGoneAfterItsTest(t *testing.T) {
	var address string
	t.Run("inner", func(t *testing.T) { address = testenv.Postgres(t) })
	if address == "" {
		t.Skip("there is no server")
	}
	conn, err := pgx.Connect(t.Context(), address)
	if err == nil {
		_ = conn.Close(t.Context())
		t.Fatal("the database of a finished test still answers")
	}
	if !strings.Contains(err.Error(), "does not exist") {
		t.Fatal(err)
	}
}

func TestATemplateIsPreparedOnce(t *testing.T) {
	var prepared atomic.Int32
	name := "template_" + strings.ToLower(t.Name()) + "_" + strings.ToLower(randomName(t))
	prepare := func(address string) error {
		prepared.Add(1)
		run(t, address, `CREATE TABLE seeded (id int)`)
		return nil
	}
	for range 3 {
		run(t, testenv.Database(t, name, prepare), `INSERT INTO seeded VALUES (1)`)
	}
	if got := prepared.Load(); got != 1 {
		t.Errorf("the template was prepared %d times, want once", got)
	}
}

func TestAFailedPreparationLeavesNoTemplate(t *testing.T) {
	name := "template_broken_" + strings.ToLower(randomName(t))
	rec := &recorder{TB: t}
	func() {
		defer func() { _ = recover() }()
		testenv.Database(rec, name, func(string) error { return errors.New("half way") })
	}()
	if !rec.failed {
		t.Fatal("a failed preparation went unnoticed")
	}
	run(t, testenv.Database(t, name, func(string) error { return nil }), `SELECT 1`)
}

func TestTheS3ServerKnowsItsBucket(t *testing.T) {
	bucket := testenv.S3(t)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+bucket.Endpoint+"/"+bucket.Name, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusForbidden {
		t.Errorf("an unsigned request answered %s, want 403", response.Status)
	}
}

// recorder is a TB whose Fatal unwinds into the caller's recover and not out of the test.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Fatal(...any) {
	r.failed = true
	panic("stop here")
}

func randomName(t *testing.T) string {
	t.Helper()
	address := testenv.Postgres(t)
	config, err := pgx.ParseConfig(address)
	if err != nil {
		t.Fatal(err)
	}
	return config.Database
}

func run(t *testing.T, address, statement string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}
