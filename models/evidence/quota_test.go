package evidence_test

import (
	"context"
	"testing"
	"time"

	"assay/models"
	"assay/models/evidence"
	"assay/models/modelstest"
)

func TestAQuotaCountsTheDayOfOneAndTheBytesOfAll(t *testing.T) {
	each(t, func(c company) {
		quota := evidence.Quota{FilesPerDay: 2, Bytes: 1000}
		upload := func(name string, size int64) evidence.Upload {
			return evidence.Upload{Name: name, Size: size, Digest: digest(name)}
		}
		store := func(key string, files ...evidence.Upload) error {
			return c.as(c.owner, func(ctx context.Context, tx *models.Tx) error {
				if err := quota.Admit(ctx, tx, files); err != nil {
					return err
				}
				_, err := evidence.Store(ctx, tx, evidence.Parcel{ControlID: c.control.ID, Key: key, Files: files})
				return err
			})
		}
		c.refused("three in a day", store("1", upload("a", 1), upload("b", 1), upload("c", 1)), models.KindInvalid)
		c.must(store("2", upload("a", 100), upload("b", 100)))
		c.refused("a third", store("3", upload("c", 1)), models.KindInvalid)
		modelstest.At(c.db, modelstest.Now.Add(24*time.Hour))
		c.refused("more than there is room for", store("4", upload("c", 801)), models.KindInvalid)
		c.must(store("5", upload("c", 800)))
		c.refused("anything more", store("6", upload("d", 1)), models.KindInvalid)
		quota = evidence.Quota{}
		c.must(store("7", upload("d", 1), upload("e", 1), upload("f", 5000)))

		quota = evidence.Quota{FilesPerDay: 500, Bytes: 50 << 30}
		scans := modelstest.FullScans(c.T, c.db, func() {
			c.must(c.db.Read(c.Context(), c.owner, func(tx *models.Tx) error {
				_, err := quota.Room(c.Context(), tx)
				return err
			}))
		}, "evidence_files")
		if len(scans) > 0 {
			c.Errorf("these read a whole table: %v", scans)
		}
	})
}
