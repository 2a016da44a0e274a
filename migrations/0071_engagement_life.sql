-- What an engagement lives through: a scope that both sides agree on, the systems it is
-- about, its fieldwork, the report that was issued, and what became known afterwards.
-- +goose Up
ALTER TABLE engagements ADD COLUMN systems TEXT NOT NULL DEFAULT ''; -- JSON list of systems in scope
ALTER TABLE engagements ADD COLUMN boundary TEXT NOT NULL DEFAULT ''; -- where they end
ALTER TABLE engagements ADD COLUMN prior_id BIGINT REFERENCES engagements (id); -- the period before
CREATE INDEX engagements_prior ON engagements (prior_id) WHERE prior_id IS NOT NULL;

CREATE TABLE scope_proposals (
  id            ID_KEY,
  rev           BIGINT NOT NULL,
  engagement_id BIGINT NOT NULL REFERENCES engagements (id),
  slug          TEXT NOT NULL, -- of the engagement
  status        TEXT NOT NULL CHECK (status IN ('open', 'agreed', 'declined', 'withdrawn')),
  side          TEXT NOT NULL CHECK (side IN ('company', 'auditor')), -- who asks
  subject       TEXT NOT NULL CHECK (subject IN ('terms', 'subservice')),
  subject_id    BIGINT, -- the subservice organisation, unless it is a new one
  becomes       TEXT NOT NULL, -- JSON: what the subject is to be
  changes       TEXT NOT NULL, -- JSON list: what that changes, in words
  reason        TEXT NOT NULL CHECK (reason <> ''),
  company_id    BIGINT REFERENCES people (id), -- who speaks for the company
  auditor_id    BIGINT REFERENCES people (id), -- the lead who speaks for the firm
  entered_by    BIGINT REFERENCES people (id), -- who wrote down the word of the lead
  letter        TEXT NOT NULL, -- the letter or mail it came by, unless the lead wrote it here
  proposed_at   INSTANT NOT NULL,
  decided_at    INSTANT,
  answer        TEXT NOT NULL, -- why it was declined or taken back
  applied_rev   BIGINT NOT NULL, -- the state of the engagement that it was agreed on
  CHECK ((status = 'open') = (decided_at IS NULL)),
  CHECK (status <> 'agreed' OR (company_id IS NOT NULL AND auditor_id IS NOT NULL)),
  CHECK (side <> 'company' OR company_id IS NOT NULL),
  CHECK (side <> 'auditor' OR auditor_id IS NOT NULL),
  CHECK (company_id <> auditor_id),
  CHECK ((auditor_id IS NULL) = (entered_by IS NULL)),
  CHECK (entered_by = auditor_id OR letter <> ''),
  CHECK (status NOT IN ('declined', 'withdrawn') OR answer <> ''),
  CHECK ((status = 'agreed') = (applied_rev > 0))
);
CREATE INDEX scope_proposals_engagement ON scope_proposals (engagement_id, id);
CREATE UNIQUE INDEX scope_proposals_open ON scope_proposals (engagement_id) WHERE status = 'open';

CREATE TABLE engagement_rounds (
  id            ID_KEY,
  rev           BIGINT NOT NULL,
  engagement_id BIGINT NOT NULL REFERENCES engagements (id),
  slug          TEXT NOT NULL,
  kind          TEXT NOT NULL CHECK (kind IN ('interim', 'year_end')),
  name          TEXT NOT NULL CHECK (name <> ''),
  from_on       TEXT NOT NULL CHECK (from_on <> ''), -- civil dates in the engagement's zone
  to_on         TEXT NOT NULL,
  CHECK (to_on >= from_on)
);
CREATE INDEX engagement_rounds_engagement ON engagement_rounds (engagement_id, from_on, id);

CREATE TABLE engagement_reports (
  id            ID_KEY,
  rev           BIGINT NOT NULL,
  engagement_id BIGINT NOT NULL UNIQUE REFERENCES engagements (id),
  slug          TEXT NOT NULL,
  digest        TEXT NOT NULL CHECK (length(digest) = 64),
  file_name     TEXT NOT NULL, -- empty when only the digest is known here
  size          BIGINT NOT NULL,
  reported_on   TEXT NOT NULL CHECK (reported_on <> ''), -- the date in the report
  signed_by     TEXT NOT NULL CHECK (signed_by <> ''), -- for the firm
  registered_by BIGINT NOT NULL REFERENCES people (id),
  registered_at INSTANT NOT NULL,
  CHECK ((file_name = '') = (size = 0))
);
CREATE INDEX engagement_reports_digest ON engagement_reports (digest) WHERE file_name <> '';

CREATE TABLE engagement_addenda (
  id            ID_KEY,
  rev           BIGINT NOT NULL,
  engagement_id BIGINT NOT NULL REFERENCES engagements (id),
  slug          TEXT NOT NULL,
  number        BIGINT NOT NULL CHECK (number >= 1),
  text          TEXT NOT NULL CHECK (text <> ''),
  happened_on   TEXT NOT NULL CHECK (happened_on <> ''), -- the date of the fact
  evidence_id   BIGINT REFERENCES evidence (id),
  finding_id    BIGINT REFERENCES findings (id),
  written_by    BIGINT NOT NULL REFERENCES people (id),
  written_at    INSTANT NOT NULL,
  UNIQUE (engagement_id, number)
);
