-- What was expected of each control, and what is known of it. Occurrences themselves are
-- derived, never stored: here are the facts they are derived from.
-- +goose Up

-- How a version's rhythm is counted. NULL is the grace of its frequency.
ALTER TABLE control_versions ADD COLUMN grace_days INTEGER CHECK (grace_days BETWEEN 0 AND 180);
ALTER TABLE control_versions ADD COLUMN due_day INTEGER NOT NULL DEFAULT 0 CHECK (due_day BETWEEN 0 AND 31);

-- Days on which no business is done, for daily controls that rest on them and for limits
-- in business days.
CREATE TABLE calendars (
  id         ID_KEY,
  rev        BIGINT NOT NULL,
  name       TEXT NOT NULL UNIQUE CHECK (name <> ''),
  weekend    TEXT NOT NULL, -- JSON list of days of the week, 0 is Sunday
  created_by BIGINT NOT NULL REFERENCES people (id),
  created_at INSTANT NOT NULL
);
CREATE TABLE holidays (
  id          ID_KEY,
  rev         BIGINT NOT NULL,
  calendar_id BIGINT NOT NULL REFERENCES calendars (id),
  day         TEXT NOT NULL CHECK (day <> ''),
  name        TEXT NOT NULL CHECK (name <> ''),
  added_by    BIGINT NOT NULL REFERENCES people (id),
  added_at    INSTANT NOT NULL,
  UNIQUE (calendar_id, day)
);
ALTER TABLE control_versions ADD COLUMN calendar_id BIGINT REFERENCES calendars (id);

-- The control acted. Whether that was in time is derived from performed_at alone.
CREATE TABLE performances (
  id             ID_KEY,
  rev            BIGINT NOT NULL,
  control_id     BIGINT NOT NULL REFERENCES controls (id),
  code           TEXT NOT NULL, -- of the control, which never changes
  window_from    TEXT NOT NULL, -- the window it was meant for; '' is the one that holds the day
  window_to      TEXT NOT NULL,
  performed_at   INSTANT NOT NULL,
  performed_by   TEXT NOT NULL CHECK (performed_by <> ''), -- who acted, in words: it may be a team or a system
  result         TEXT NOT NULL,
  late_reason    TEXT NOT NULL, -- recorded more than 7 days after: why
  evidence_id    BIGINT REFERENCES evidence (id),
  recorded_by    BIGINT NOT NULL REFERENCES people (id),
  recorded_at    INSTANT NOT NULL,
  withdrawn_by   BIGINT REFERENCES people (id),
  withdrawn_at   INSTANT,
  withdrawn_note TEXT NOT NULL,
  CHECK (performed_at <= recorded_at),
  CHECK ((window_from = '') = (window_to = '')),
  CHECK (window_to >= window_from),
  CHECK (withdrawn_at IS NULL OR (withdrawn_by IS NOT NULL AND withdrawn_note <> ''))
);
CREATE INDEX performances_control ON performances (control_id, performed_at);
CREATE INDEX performances_evidence ON performances (evidence_id) WHERE evidence_id IS NOT NULL;

-- What evidence says of the days it covers, read for all controls at once.
CREATE INDEX evidence_facts ON evidence (control_id, covers_from, covers_to, status, submitted_at) WHERE status IN ('submitted', 'accepted');

-- Somebody says that there was nothing to do; somebody else decides.
CREATE TABLE exemptions (
  id            ID_KEY,
  rev           BIGINT NOT NULL,
  control_id    BIGINT NOT NULL REFERENCES controls (id),
  code          TEXT NOT NULL, -- of the control, which never changes
  window_from   TEXT NOT NULL CHECK (window_from <> ''),
  window_to     TEXT NOT NULL,
  reason        TEXT NOT NULL CHECK (reason <> ''),
  status        TEXT NOT NULL CHECK (status IN ('asked', 'approved', 'refused', 'withdrawn')),
  asked_by      BIGINT NOT NULL REFERENCES people (id),
  asked_at      INSTANT NOT NULL,
  owner_id      BIGINT REFERENCES people (id), -- the control's owner when it was decided
  decided_by    BIGINT REFERENCES people (id),
  decided_at    INSTANT,
  decision_note TEXT NOT NULL,
  CHECK (window_to >= window_from),
  CHECK (decided_by <> asked_by),
  CHECK (decided_by <> owner_id),
  CHECK (status NOT IN ('approved', 'refused') OR (decided_by IS NOT NULL AND decided_at IS NOT NULL)),
  CHECK (status <> 'refused' OR decision_note <> '')
);
CREATE INDEX exemptions_control ON exemptions (control_id, window_from);
CREATE INDEX exemptions_asked ON exemptions (asked_at, id) WHERE status = 'asked';
CREATE UNIQUE INDEX exemptions_open ON exemptions (control_id, window_from, window_to) WHERE status IN ('asked', 'approved');

-- One window's task, given to somebody else.
CREATE TABLE delegations (
  id          ID_KEY,
  rev         BIGINT NOT NULL,
  control_id  BIGINT NOT NULL REFERENCES controls (id),
  code        TEXT NOT NULL, -- of the control, which never changes
  window_from TEXT NOT NULL CHECK (window_from <> ''),
  window_to   TEXT NOT NULL,
  from_id     BIGINT NOT NULL REFERENCES people (id),
  to_id       BIGINT NOT NULL REFERENCES people (id),
  note        TEXT NOT NULL,
  at          INSTANT NOT NULL,
  ended_at    INSTANT,
  CHECK (to_id <> from_id),
  CHECK (window_to >= window_from)
);
CREATE UNIQUE INDEX delegations_open ON delegations (control_id, window_from, window_to) WHERE ended_at IS NULL;
CREATE INDEX delegations_to ON delegations (to_id) WHERE ended_at IS NULL;

-- A question about a task, and its answer.
CREATE TABLE questions (
  id          ID_KEY,
  rev         BIGINT NOT NULL,
  control_id  BIGINT NOT NULL REFERENCES controls (id),
  code        TEXT NOT NULL, -- of the control, which never changes
  window_from TEXT NOT NULL,
  window_to   TEXT NOT NULL,
  text        TEXT NOT NULL CHECK (text <> ''),
  asked_by    BIGINT NOT NULL REFERENCES people (id),
  asked_at    INSTANT NOT NULL,
  answer      TEXT NOT NULL,
  answered_by BIGINT REFERENCES people (id),
  answered_at INSTANT,
  CHECK ((answered_at IS NULL) = (answer = ''))
);
CREATE INDEX questions_control ON questions (control_id, id);
CREATE INDEX questions_open ON questions (asked_at, id) WHERE answered_at IS NULL;

-- A list that says what happened in a stretch of days: the triggers of an event-driven
-- control, or the intervals in which a continuous one was seen to work. Its lines are
-- the file's, which is kept under its digest.
CREATE TABLE fact_lists (
  id             ID_KEY,
  rev            BIGINT NOT NULL,
  control_id     BIGINT NOT NULL REFERENCES controls (id),
  code           TEXT NOT NULL, -- of the control, which never changes
  kind           TEXT NOT NULL CHECK (kind IN ('triggers', 'signals')),
  covers_from    TEXT NOT NULL CHECK (covers_from <> ''),
  covers_to      TEXT NOT NULL,
  source         TEXT NOT NULL CHECK (source <> ''), -- the system it comes from
  query          TEXT NOT NULL,
  digest         TEXT NOT NULL CHECK (length(digest) = 64),
  name           TEXT NOT NULL,
  lines          INTEGER NOT NULL CHECK (lines >= 0),
  note           TEXT NOT NULL, -- of an empty list: how it is known that nothing happened
  extracted_at   INSTANT NOT NULL,
  added_by       BIGINT NOT NULL REFERENCES people (id),
  added_at       INSTANT NOT NULL,
  withdrawn_by   BIGINT REFERENCES people (id),
  withdrawn_at   INSTANT,
  withdrawn_note TEXT NOT NULL,
  CHECK (covers_to >= covers_from),
  CHECK (extracted_at <= added_at),
  CHECK (lines > 0 OR note <> ''),
  CHECK (withdrawn_at IS NULL OR (withdrawn_by IS NOT NULL AND withdrawn_note <> ''))
);
CREATE INDEX fact_lists_control ON fact_lists (control_id, covers_from) WHERE withdrawn_at IS NULL;
CREATE INDEX fact_lists_digest ON fact_lists (digest);
CREATE INDEX fact_lists_all ON fact_lists (control_id, id);

CREATE TABLE trigger_events (
  list_id  BIGINT NOT NULL REFERENCES fact_lists (id),
  key      TEXT NOT NULL,
  at       INSTANT NOT NULL, -- the trigger
  day      TEXT NOT NULL,    -- its civil day in the company's zone
  deadline INSTANT NOT NULL, -- the last instant at which acting for it is in time
  done_at  INSTANT,
  note     TEXT NOT NULL,
  PRIMARY KEY (list_id, key)
);
CREATE INDEX trigger_events_day ON trigger_events (list_id, day);

CREATE TABLE signal_intervals (
  list_id      BIGINT NOT NULL REFERENCES fact_lists (id),
  line         INTEGER NOT NULL,
  from_at      INSTANT NOT NULL,
  to_at        INSTANT NOT NULL,
  pass         BOOLEAN NOT NULL,
  collected_at INSTANT NOT NULL,
  PRIMARY KEY (list_id, line),
  CHECK (to_at > from_at)
);

-- Where the headline stood at the end of a day, as it was known then.
CREATE TABLE readiness_days (
  engagement_id BIGINT NOT NULL REFERENCES engagements (id),
  day           TEXT NOT NULL,
  counts        TEXT NOT NULL, -- JSON: controls by standing
  PRIMARY KEY (engagement_id, day)
);
