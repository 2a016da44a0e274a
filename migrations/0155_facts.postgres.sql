-- What is asked of every performance that stands.
-- +goose Up
CREATE INDEX performances_facts ON performances (control_id, performed_at, window_from, window_to, evidence_id, withdrawn_at) WHERE withdrawn_at IS NULL;
