-- What covers a stretch of days, an export or a log, need not state a day on which the
-- control acted: it shows that it acted in each window it covers whole. What shows an act
-- has to state when that was. A CHECK can only be eased in the text of the schema, which
-- is the way that SQLite's documentation of ALTER TABLE gives for it.
-- +goose Up
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql,
  'CHECK (status IN (''stored'', ''withdrawn'') OR (performed_at IS NOT NULL AND performed_at <= uploaded_at))',
  'CHECK (status IN (''stored'', ''withdrawn'') OR (performed_at IS NOT NULL AND performed_at <= uploaded_at) OR (performed_at IS NULL AND kind IN (''system_pull'', ''observed_export'', ''system_export'', ''log_extract'', ''population'', ''report_third_party'')))')
WHERE type = 'table' AND name = 'evidence';
PRAGMA writable_schema = RESET;

-- What evidence says of the days it covers, with what tells how far it can.
DROP INDEX evidence_facts;
CREATE INDEX evidence_facts ON evidence (control_id, covers_from, covers_to, status, submitted_at, kind, performed_at, collected_at) WHERE status IN ('submitted', 'accepted');
