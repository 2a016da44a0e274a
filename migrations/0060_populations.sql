-- Populations of an engagement, the samples drawn from them, and what was selected.
-- +goose Up
CREATE TABLE populations (
  id             ID_KEY,
  rev            BIGINT NOT NULL,
  engagement_id  BIGINT NOT NULL REFERENCES engagements (id),
  slug           TEXT NOT NULL, -- of the engagement
  control_id     BIGINT NOT NULL REFERENCES controls (id),
  control        TEXT NOT NULL, -- its code
  name           TEXT NOT NULL CHECK (name <> ''),
  version        BIGINT NOT NULL CHECK (version >= 1),
  replaces_id    BIGINT REFERENCES populations (id),
  change_note    TEXT NOT NULL, -- what the version before lacked
  system         TEXT NOT NULL CHECK (system <> ''),
  environment    TEXT NOT NULL,
  query          TEXT NOT NULL,
  extractor      TEXT NOT NULL,
  extracted_at   INSTANT NOT NULL,
  source_count   BIGINT NOT NULL CHECK (source_count >= 0),
  note           TEXT NOT NULL,
  file_name      TEXT NOT NULL,
  digest         TEXT NOT NULL CHECK (length(digest) = 64), -- of the file
  size           BIGINT NOT NULL,
  columns        TEXT NOT NULL, -- JSON list: the names in its header
  key_column     TEXT NOT NULL CHECK (key_column <> ''),
  when_column    TEXT NOT NULL,
  date_order     TEXT NOT NULL CHECK (date_order IN ('', 'dmy', 'mdy')),
  row_count      BIGINT NOT NULL,
  text_digest    TEXT NOT NULL, -- the population digest; empty while items cannot be told apart
  record         TEXT NOT NULL, -- JSON: what the list tells of itself
  tie_source     TEXT NOT NULL,
  tie_name       TEXT NOT NULL,
  tie_digest     TEXT NOT NULL, -- of the second source's file
  tie_key        TEXT NOT NULL,
  tie            TEXT NOT NULL, -- JSON: what the comparison gave
  to_source      TEXT NOT NULL, -- JSON list: items followed from the list to their source
  to_list        TEXT NOT NULL, -- JSON list: items picked at the source and looked for in the list
  assessment     TEXT NOT NULL, -- why the list is taken as complete and accurate all the same
  status         TEXT NOT NULL CHECK (status IN ('draft', 'locked')),
  added_by       BIGINT NOT NULL REFERENCES people (id),
  added_at       INSTANT NOT NULL,
  locked_by      BIGINT REFERENCES people (id),
  locked_at      INSTANT,
  CHECK ((status = 'locked') = (locked_at IS NOT NULL)),
  CHECK ((status = 'locked') = (locked_by IS NOT NULL)),
  CHECK (status = 'draft' OR text_digest <> ''),
  CHECK ((version > 1) = (replaces_id IS NOT NULL)),
  CHECK (version = 1 OR change_note <> '')
);
CREATE INDEX populations_engagement ON populations (engagement_id, id);
CREATE INDEX populations_control ON populations (control_id, id);
CREATE INDEX populations_digest ON populations (digest);
CREATE INDEX populations_text ON populations (text_digest) WHERE text_digest <> '';
CREATE INDEX populations_tie ON populations (tie_digest) WHERE tie_digest <> '';
CREATE UNIQUE INDEX populations_replaces ON populations (replaces_id) WHERE replaces_id IS NOT NULL;

CREATE TABLE samples (
  id             ID_KEY,
  rev            BIGINT NOT NULL,
  population_id  BIGINT NOT NULL REFERENCES populations (id),
  slug           TEXT NOT NULL,
  method         TEXT NOT NULL CHECK (method IN ('random', 'full', 'systematic', 'monetary', 'judgemental')),
  seed           TEXT NOT NULL,
  stratum_column TEXT NOT NULL,
  amount_column  TEXT NOT NULL,
  decimals       BIGINT NOT NULL,
  every          BIGINT NOT NULL, -- the interval of a monetary unit sample
  size           BIGINT NOT NULL CHECK (size >= 0), -- of each stratum, as asked for
  redraws_id     BIGINT REFERENCES samples (id),
  reason         TEXT NOT NULL, -- of a redraw, or of what somebody picked
  auditor_id     BIGINT NOT NULL REFERENCES people (id), -- who selected
  drawn_by       BIGINT NOT NULL REFERENCES people (id), -- who brought it in
  drawn_at       INSTANT NOT NULL,
  CHECK ((method IN ('random', 'systematic', 'monetary')) = (seed <> '')),
  CHECK (redraws_id IS NULL OR reason <> ''),
  CHECK (method <> 'judgemental' OR reason <> '')
);
CREATE INDEX samples_population ON samples (population_id, id);
CREATE UNIQUE INDEX samples_redraws ON samples (redraws_id) WHERE redraws_id IS NOT NULL;

CREATE TABLE sample_items (
  id             ID_KEY,
  rev            BIGINT NOT NULL,
  sample_id      BIGINT NOT NULL REFERENCES samples (id),
  population_id  BIGINT NOT NULL REFERENCES populations (id),
  slug           TEXT NOT NULL,
  place          BIGINT NOT NULL CHECK (place >= 1), -- within its stratum
  stratum        TEXT NOT NULL,
  item_key       TEXT NOT NULL CHECK (item_key <> ''),
  rank           TEXT NOT NULL,
  row_digest     TEXT NOT NULL CHECK (length(row_digest) = 64),
  line           BIGINT NOT NULL,
  hits           BIGINT NOT NULL,
  cells          TEXT NOT NULL, -- JSON list: the row
  added_at       INSTANT NOT NULL,
  UNIQUE (sample_id, stratum, place),
  UNIQUE (sample_id, item_key)
);

CREATE TABLE sample_exclusions (
  id             ID_KEY,
  rev            BIGINT NOT NULL,
  item_id        BIGINT NOT NULL UNIQUE REFERENCES sample_items (id),
  sample_id      BIGINT NOT NULL REFERENCES samples (id),
  population_id  BIGINT NOT NULL REFERENCES populations (id),
  slug           TEXT NOT NULL,
  class          TEXT NOT NULL CHECK (class IN ('duplicate', 'outside_period', 'not_an_occurrence')),
  reason         TEXT NOT NULL CHECK (reason <> ''),
  auditor_id     BIGINT NOT NULL REFERENCES people (id),
  excluded_by    BIGINT NOT NULL REFERENCES people (id),
  excluded_at    INSTANT NOT NULL
);
CREATE INDEX sample_exclusions_sample ON sample_exclusions (sample_id, id);

CREATE TABLE sample_extensions (
  id             ID_KEY,
  rev            BIGINT NOT NULL,
  sample_id      BIGINT NOT NULL REFERENCES samples (id),
  population_id  BIGINT NOT NULL REFERENCES populations (id),
  slug           TEXT NOT NULL,
  size           BIGINT NOT NULL CHECK (size > 0), -- of each stratum, from now on
  reason         TEXT NOT NULL CHECK (reason <> ''),
  auditor_id     BIGINT NOT NULL REFERENCES people (id),
  extended_by    BIGINT NOT NULL REFERENCES people (id),
  extended_at    INSTANT NOT NULL
);
CREATE INDEX sample_extensions_sample ON sample_extensions (sample_id, id);
