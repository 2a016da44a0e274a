-- Auditors only read, unless an administrator grants them the fieldwork of an engagement.
-- +goose Up
ALTER TABLE engagement_auditors ADD COLUMN fieldwork_by BIGINT REFERENCES people (id);
ALTER TABLE engagement_auditors ADD COLUMN fieldwork_at INSTANT CHECK ((fieldwork_at IS NULL) = (fieldwork_by IS NULL));
