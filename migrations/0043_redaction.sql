-- A redacted copy points to the original that it was made from. Auditors get the copy.
-- +goose Up
ALTER TABLE evidence_files ADD COLUMN redacts_id BIGINT REFERENCES evidence_files (id);
ALTER TABLE evidence_files ADD COLUMN redaction TEXT NOT NULL DEFAULT ''; -- what was covered, and why
CREATE INDEX evidence_files_redacts ON evidence_files (redacts_id) WHERE redacts_id IS NOT NULL;
