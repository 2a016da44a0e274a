-- Subservice organisations of an engagement, and the controls that somebody else has to
-- operate: those of a subservice organisation (CSOC) and those of the user entities (CUEC).
-- +goose Up
CREATE TABLE subservice_organisations (
  id                 ID_KEY,
  rev                BIGINT NOT NULL,
  engagement_id      BIGINT NOT NULL REFERENCES engagements (id),
  slug               TEXT NOT NULL, -- of the engagement
  name               TEXT NOT NULL CHECK (name <> ''),
  services           TEXT NOT NULL CHECK (services <> ''),
  method             TEXT NOT NULL CHECK (method IN ('carve_out', 'inclusive')),
  left_at            INSTANT, -- both sides agreed to leave it out
  proposal_id        BIGINT REFERENCES scope_proposals (id), -- what both sides agreed on last
  monitors           TEXT NOT NULL, -- JSON list: codes of our controls that monitor it
  report_kind        TEXT NOT NULL CHECK (report_kind IN ('', 'soc2_type_2', 'soc2_type_1', 'soc1_type_2', 'iso27001', 'other')),
  report_by          TEXT NOT NULL, -- who issued it
  report_from        TEXT NOT NULL, -- civil dates
  report_to          TEXT NOT NULL,
  report_digest      TEXT NOT NULL CHECK (report_digest = '' OR length(report_digest) = 64),
  report_evidence_id BIGINT REFERENCES evidence (id),
  report_note        TEXT NOT NULL, -- what our reading of it found
  created_by         BIGINT NOT NULL REFERENCES people (id),
  created_at         INSTANT NOT NULL,
  CHECK ((report_kind = '') = (report_to = '')),
  CHECK ((report_from = '') = (report_to = '')),
  CHECK (report_to >= report_from),
  CHECK (report_kind <> '' OR (report_by = '' AND report_digest = '' AND report_evidence_id IS NULL AND report_note = ''))
);
CREATE UNIQUE INDEX subservice_organisations_name ON subservice_organisations (engagement_id, lower(name)) WHERE left_at IS NULL;
CREATE UNIQUE INDEX subservice_organisations_agreed ON subservice_organisations (proposal_id) WHERE proposal_id IS NOT NULL;
CREATE INDEX subservice_organisations_evidence ON subservice_organisations (report_evidence_id) WHERE report_evidence_id IS NOT NULL;

CREATE TABLE complementary_controls (
  id              ID_KEY,
  rev             BIGINT NOT NULL,
  engagement_id   BIGINT NOT NULL REFERENCES engagements (id),
  slug            TEXT NOT NULL,
  kind            TEXT NOT NULL CHECK (kind IN ('cuec', 'csoc')),
  organisation_id BIGINT REFERENCES subservice_organisations (id),
  number          BIGINT NOT NULL CHECK (number >= 1),
  text            TEXT NOT NULL CHECK (text <> ''),
  criteria        TEXT NOT NULL CHECK (criteria <> ''), -- JSON list of SOC 2 criteria
  controls        TEXT NOT NULL, -- JSON list: codes of our controls that rely on it
  created_by      BIGINT NOT NULL REFERENCES people (id),
  created_at      INSTANT NOT NULL,
  UNIQUE (engagement_id, kind, number),
  CHECK ((kind = 'csoc') = (organisation_id IS NOT NULL))
);
CREATE INDEX complementary_controls_organisation ON complementary_controls (organisation_id) WHERE organisation_id IS NOT NULL;
