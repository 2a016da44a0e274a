-- Evidence that says nothing of its days is kept from its upload on: retention finds it by that.
-- +goose Up
CREATE INDEX evidence_undated ON evidence (uploaded_at, id) WHERE covers_to = '';
