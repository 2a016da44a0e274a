package people_test

import (
	"testing"

	"assay/models"
	"assay/models/access"
	"assay/models/modelstest"
	"assay/models/people"
)

func TestChecksReadNoWholeTable(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		checked := modelstest.Now.Add(-people.CheckEvery * 2)
		s := people.Session{ID: 7, Issuer: "https://login.example", Subject: "1", CheckedAt: &checked}
		scans := modelstest.FullScans(t, db, func() {
			err := db.Read(t.Context(), access.Clock, func(tx *models.Tx) error {
				if _, err := people.DueChecks(t.Context(), tx, 50); err != nil {
					return err
				}
				if _, err := s.Singled(t.Context(), tx); err != nil {
					return err
				}
				_, err := s.Later(t.Context(), tx)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}, "sessions")
		if len(scans) > 0 {
			t.Errorf("these read a whole table: %v", scans)
		}
	})
}
