-- Tests of controls: what the auditors of an engagement planned, found and concluded, for
-- each version segment of a control.
-- +goose Up
CREATE TABLE control_tests (
  id             ID_KEY,
  rev            BIGINT NOT NULL,
  engagement_id  BIGINT NOT NULL REFERENCES engagements (id),
  slug           TEXT NOT NULL, -- of the engagement
  control_id     BIGINT NOT NULL REFERENCES controls (id),
  control        TEXT NOT NULL, -- its code
  first_version  BIGINT NOT NULL CHECK (first_version >= 1), -- the one that its segment begins with
  automated      BOOLEAN NOT NULL,
  configuration  TEXT NOT NULL, -- the configuration segment of an automated control
  reliance       TEXT NOT NULL, -- what holds that configuration still
  from_day       TEXT NOT NULL, -- of a part of the segment, or empty
  to_day         TEXT NOT NULL,
  retest         BIGINT NOT NULL CHECK (retest >= 0), -- 0: the first test of the segment
  retests_id     BIGINT REFERENCES control_tests (id),
  retest_item    BIGINT NOT NULL,
  retest_letter  TEXT NOT NULL,
  status         TEXT NOT NULL CHECK (status IN ('planned', 'design_concluded', 'population_locked', 'sampled', 'testing', 'concluded', 'reviewed')),
  round          BIGINT NOT NULL CHECK (round >= 1),
  design         TEXT NOT NULL CHECK (design IN ('', 'adequate', 'inadequate')),
  conclusion     TEXT NOT NULL CHECK (conclusion IN ('', 'operated_effectively', 'exceptions_noted', 'did_not_operate', 'not_tested', 'design_inadequate')),
  words          TEXT NOT NULL,
  attributes     TEXT NOT NULL, -- JSON list: letter, text, technique
  fixed_at       INSTANT, -- the attributes; a sample is drawn after that
  population_id  BIGINT REFERENCES populations (id),
  sampled_at     INSTANT,
  auditor_id     BIGINT NOT NULL REFERENCES people (id), -- who planned it
  entered_by     BIGINT NOT NULL REFERENCES people (id),
  planned_at     INSTANT NOT NULL,
  shared_by      BIGINT REFERENCES people (id),
  shared_at      INSTANT,
  UNIQUE (engagement_id, control_id, first_version, configuration, retest),
  CHECK ((conclusion <> '') = (status IN ('concluded', 'reviewed'))),
  CHECK ((conclusion <> '') = (words <> '')),
  CHECK (status = 'planned' OR design <> '' OR conclusion = 'not_tested'),
  CHECK (design <> 'inadequate' OR status IN ('planned', 'design_concluded', 'concluded', 'reviewed')),
  CHECK ((conclusion = 'design_inadequate') = (conclusion <> '' AND conclusion <> 'not_tested' AND design = 'inadequate')),
  CHECK (status NOT IN ('sampled', 'testing') OR sampled_at IS NOT NULL),
  CHECK (sampled_at IS NULL OR fixed_at IS NOT NULL),
  CHECK (sampled_at IS NULL OR automated OR population_id IS NOT NULL),
  CHECK (NOT automated OR (configuration <> '' AND reliance <> '')),
  CHECK ((retest > 0) = (retests_id IS NOT NULL)),
  CHECK ((shared_at IS NULL) = (shared_by IS NULL))
);
CREATE INDEX control_tests_engagement ON control_tests (engagement_id, control, id);
CREATE INDEX control_tests_control ON control_tests (control_id, id);
CREATE INDEX control_tests_population ON control_tests (population_id) WHERE population_id IS NOT NULL;
CREATE INDEX control_tests_retests ON control_tests (retests_id) WHERE retests_id IS NOT NULL;

CREATE TABLE test_rounds (
  id             ID_KEY,
  rev            BIGINT NOT NULL,
  test_id        BIGINT NOT NULL REFERENCES control_tests (id),
  engagement_id  BIGINT NOT NULL REFERENCES engagements (id),
  slug           TEXT NOT NULL,
  number         BIGINT NOT NULL CHECK (number >= 1),
  reason         TEXT NOT NULL, -- why it was opened again
  auditor_id     BIGINT NOT NULL REFERENCES people (id), -- who opened it
  entered_by     BIGINT NOT NULL REFERENCES people (id),
  opened_at      INSTANT NOT NULL,
  design         TEXT NOT NULL CHECK (design IN ('', 'adequate', 'inadequate')),
  design_basis   TEXT NOT NULL,
  designed_by    BIGINT REFERENCES people (id),
  designed_entry BIGINT REFERENCES people (id),
  designed_at    INSTANT,
  conclusion     TEXT NOT NULL CHECK (conclusion IN ('', 'operated_effectively', 'exceptions_noted', 'did_not_operate', 'not_tested', 'design_inadequate')),
  basis          TEXT NOT NULL, -- what corroborates it, or why nothing was tested
  words          TEXT NOT NULL,
  concluded_by   BIGINT REFERENCES people (id),
  concluded_entry BIGINT REFERENCES people (id),
  concluded_at   INSTANT,
  waiver         TEXT NOT NULL, -- why nobody else reviewed it
  reviewed_by    BIGINT REFERENCES people (id),
  reviewed_entry BIGINT REFERENCES people (id),
  reviewed_at    INSTANT,
  UNIQUE (test_id, number),
  CHECK (number = 1 OR reason <> ''),
  CHECK ((design <> '') = (designed_by IS NOT NULL)),
  CHECK (design = '' OR design_basis <> ''),
  CHECK ((conclusion <> '') = (concluded_by IS NOT NULL)),
  CHECK ((conclusion <> '') = (words <> '')),
  CHECK (conclusion NOT IN ('did_not_operate', 'not_tested') OR basis <> ''),
  CHECK (reviewed_by IS NULL OR conclusion <> ''),
  CHECK (reviewed_by IS NULL OR reviewed_by <> concluded_by OR waiver <> '')
);

CREATE TABLE test_samples (
  id             ID_KEY,
  rev            BIGINT NOT NULL,
  test_id        BIGINT NOT NULL REFERENCES control_tests (id),
  engagement_id  BIGINT NOT NULL REFERENCES engagements (id),
  slug           TEXT NOT NULL,
  sample_id      BIGINT NOT NULL REFERENCES samples (id),
  population_id  BIGINT NOT NULL REFERENCES populations (id),
  digest         TEXT NOT NULL CHECK (length(digest) = 64), -- of the population, when it was linked
  ended_at       INSTANT, -- drawn again
  auditor_id     BIGINT NOT NULL REFERENCES people (id),
  entered_by     BIGINT NOT NULL REFERENCES people (id),
  linked_at      INSTANT NOT NULL,
  UNIQUE (test_id, sample_id)
);
CREATE INDEX test_samples_sample ON test_samples (sample_id);

CREATE TABLE test_results (
  id             ID_KEY,
  rev            BIGINT NOT NULL,
  test_id        BIGINT NOT NULL REFERENCES control_tests (id),
  engagement_id  BIGINT NOT NULL REFERENCES engagements (id),
  slug           TEXT NOT NULL,
  round          BIGINT NOT NULL CHECK (round >= 1),
  item_id        BIGINT NOT NULL, -- of a sample; 0: all of it at once
  letter         TEXT NOT NULL CHECK (length(letter) = 1), -- of the attribute
  result         TEXT NOT NULL CHECK (result IN ('', 'pass', 'deviation', 'not_applicable')), -- '' was cleared
  missing        BOOLEAN NOT NULL, -- there is no evidence
  reason         TEXT NOT NULL, -- why it does not apply
  auditor_id     BIGINT NOT NULL REFERENCES people (id),
  entered_by     BIGINT NOT NULL REFERENCES people (id),
  at             INSTANT NOT NULL,
  UNIQUE (test_id, item_id, letter, round),
  CHECK ((result = 'not_applicable') = (reason <> '')),
  CHECK (NOT missing OR result = 'deviation')
);

CREATE TABLE test_evidence (
  id             ID_KEY,
  rev            BIGINT NOT NULL,
  test_id        BIGINT NOT NULL REFERENCES control_tests (id),
  engagement_id  BIGINT NOT NULL REFERENCES engagements (id),
  slug           TEXT NOT NULL,
  purpose        TEXT NOT NULL CHECK (purpose IN ('walkthrough', 'item')),
  item_id        BIGINT NOT NULL,
  letters        TEXT NOT NULL, -- the attributes that it speaks about, or empty
  evidence_id    BIGINT NOT NULL REFERENCES evidence (id),
  title          TEXT NOT NULL, -- as it was when it was linked, like the files
  files          TEXT NOT NULL, -- JSON list: name and digest
  auditor_id     BIGINT NOT NULL REFERENCES people (id),
  entered_by     BIGINT NOT NULL REFERENCES people (id),
  linked_at      INSTANT NOT NULL,
  UNIQUE (test_id, purpose, item_id, evidence_id)
);
CREATE INDEX test_evidence_evidence ON test_evidence (evidence_id, test_id);

CREATE TABLE test_notes (
  id             ID_KEY,
  rev            BIGINT NOT NULL,
  test_id        BIGINT NOT NULL REFERENCES control_tests (id),
  engagement_id  BIGINT NOT NULL REFERENCES engagements (id),
  slug           TEXT NOT NULL,
  item_id        BIGINT NOT NULL,
  letter         TEXT NOT NULL, -- empty: about the item, or about the test when there is none
  text           TEXT NOT NULL CHECK (text <> ''),
  auditor_id     BIGINT NOT NULL REFERENCES people (id),
  entered_by     BIGINT NOT NULL REFERENCES people (id),
  written_at     INSTANT NOT NULL,
  shared_by      BIGINT REFERENCES people (id),
  shared_at      INSTANT,
  CHECK ((shared_at IS NULL) = (shared_by IS NULL)),
  CHECK (entered_by = auditor_id OR shared_at IS NOT NULL) -- whoever brought it in has read it
);
CREATE UNIQUE INDEX test_notes_private ON test_notes (test_id, item_id, letter) WHERE shared_at IS NULL;
CREATE INDEX test_notes_test ON test_notes (test_id, id);
