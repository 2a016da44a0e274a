-- What covers a stretch of days, an export or a log, need not state a day on which the
-- control acted: it shows that it acted in each window it covers whole. What shows an act
-- has to state when that was.
-- +goose Up
-- +goose StatementBegin
DO $$
DECLARE rule TEXT;
BEGIN
  SELECT conname INTO STRICT rule FROM pg_constraint
  WHERE conrelid = 'evidence'::regclass AND contype = 'c' AND pg_get_constraintdef(oid) LIKE '%performed_at%';
  EXECUTE format('ALTER TABLE evidence DROP CONSTRAINT %I', rule);
END $$;
-- +goose StatementEnd
ALTER TABLE evidence ADD CONSTRAINT evidence_performed CHECK (status IN ('stored', 'withdrawn')
  OR (performed_at IS NOT NULL AND performed_at <= uploaded_at)
  OR (performed_at IS NULL AND kind IN ('system_pull', 'observed_export', 'system_export', 'log_extract', 'population', 'report_third_party')));

-- What evidence says of the days it covers, with what tells how far it can.
DROP INDEX evidence_facts;
CREATE INDEX evidence_facts ON evidence (control_id, covers_from, covers_to, status, submitted_at, kind, performed_at, collected_at) WHERE status IN ('submitted', 'accepted');
