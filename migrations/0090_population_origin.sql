-- Lists that Assay writes itself say from which of its records.
-- +goose Up
ALTER TABLE populations ADD COLUMN origin TEXT NOT NULL DEFAULT '' CHECK (origin IN ('', 'windows', 'triggers', 'uploads', 'checks'));
