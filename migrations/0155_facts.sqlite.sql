-- What evidence says of the days it covers is kept as the text in which it is read: to put it together took
-- longer than all else that a page of a whole period asks for. And what is asked of every performance that stands.
-- +goose Up
DROP INDEX evidence_facts;
CREATE INDEX evidence_facts ON evidence (control_id, covers_to, status, (covers_from || covers_to || substr(status, 1, 1) || substr(submitted_at, 1, 19) ||
  CASE WHEN kind IN ('screenshot', 'attestation', 'verification_event') THEN 'i' || substr(COALESCE(performed_at, collected_at, submitted_at), 1, 19)
  WHEN performed_at IS NULL THEN 'e' || substr(COALESCE(collected_at, submitted_at), 1, 19)
  ELSE 'a' || substr(COALESCE(collected_at, submitted_at), 1, 19) END)) WHERE status IN ('submitted', 'accepted');
CREATE INDEX performances_facts ON performances (control_id, performed_at, window_from, window_to, evidence_id, withdrawn_at) WHERE withdrawn_at IS NULL;
