-- Lists are scanned for malware like evidence: an auditor can download them.
-- +goose Up
ALTER TABLE scans ALTER COLUMN evidence_id DROP NOT NULL;
ALTER TABLE scans ADD COLUMN about TEXT NOT NULL DEFAULT '';
ALTER TABLE scans ADD CHECK ((evidence_id IS NULL) = (about <> ''));
