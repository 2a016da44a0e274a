-- Findings, in cycles, and their remediation.
-- +goose Up
CREATE TABLE findings (
  id             ID_KEY,
  rev            BIGINT NOT NULL,
  title          TEXT NOT NULL CHECK (title <> ''),
  condition      TEXT NOT NULL CHECK (condition <> ''),
  criterion      TEXT NOT NULL,
  cause          TEXT NOT NULL,
  effect         TEXT NOT NULL,
  recommendation TEXT NOT NULL,
  severity       TEXT NOT NULL CHECK (severity IN ('', 'low', 'medium', 'high', 'critical')),
  source         TEXT NOT NULL CHECK (source IN ('audit', 'internal_test', 'incident', 'other')),
  engagement_id  BIGINT REFERENCES engagements (id),
  report_effect  TEXT NOT NULL CHECK (report_effect IN ('undecided', 'not_reported', 'noted', 'contributes')),
  status         TEXT NOT NULL CHECK (status IN ('raised', 'facts_confirmed', 'disputed', 'rated', 'remediation_planned', 'in_remediation', 'ready_for_verification', 'closed_verified', 'risk_accepted', 'dismissed')),
  cycle          INTEGER NOT NULL CHECK (cycle > 0),
  cycle_opened_at INSTANT NOT NULL, -- age counts from here
  owner_id       BIGINT REFERENCES people (id), -- answers for it
  raised_by      BIGINT NOT NULL REFERENCES people (id),
  raised_at      INSTANT NOT NULL,
  due_on         TEXT NOT NULL, -- what it waits for next is due then; overdue is derived
  closed_at      INSTANT,
  status_note    TEXT NOT NULL, -- what was said with the last change of status
  CHECK ((source = 'audit') = (engagement_id IS NOT NULL)),
  CHECK (status IN ('raised', 'facts_confirmed', 'disputed', 'dismissed') OR severity <> '')
);
CREATE INDEX findings_status ON findings (status, due_on, id);
CREATE INDEX findings_owner ON findings (owner_id, id);
CREATE INDEX findings_engagement ON findings (engagement_id, id);
CREATE INDEX findings_severity ON findings (severity, id);
CREATE INDEX findings_due ON findings (due_on, id);
CREATE INDEX findings_age ON findings (cycle_opened_at, id);
CREATE INDEX findings_raiser ON findings (raised_by, id);

CREATE TABLE finding_controls (
  id         ID_KEY,
  rev        BIGINT NOT NULL,
  finding_id BIGINT NOT NULL REFERENCES findings (id),
  control_id BIGINT NOT NULL REFERENCES controls (id),
  UNIQUE (finding_id, control_id)
);
CREATE INDEX finding_controls_control ON finding_controls (control_id, finding_id);

CREATE TABLE finding_cycles (
  id         ID_KEY,
  rev        BIGINT NOT NULL,
  finding_id BIGINT NOT NULL REFERENCES findings (id),
  number     INTEGER NOT NULL CHECK (number > 0),
  opened_by  BIGINT NOT NULL,
  opened_at  INSTANT NOT NULL,
  reason     TEXT NOT NULL,
  outcome    TEXT NOT NULL CHECK (outcome IN ('', 'closed_verified', 'risk_accepted', 'dismissed')),
  closed_by  BIGINT REFERENCES people (id),
  closed_at  INSTANT,
  note       TEXT NOT NULL,
  UNIQUE (finding_id, number)
);

CREATE TABLE finding_responses (
  id         ID_KEY,
  rev        BIGINT NOT NULL,
  finding_id BIGINT NOT NULL REFERENCES findings (id),
  cycle      INTEGER NOT NULL,
  position   TEXT NOT NULL CHECK (position IN ('agree', 'partly', 'disagree')),
  text       TEXT NOT NULL CHECK (text <> ''),
  person_id  BIGINT NOT NULL REFERENCES people (id),
  at         INSTANT NOT NULL
);
CREATE INDEX finding_responses_finding ON finding_responses (finding_id, id);

CREATE TABLE remediation_plans (
  id                ID_KEY,
  rev               BIGINT NOT NULL,
  finding_id        BIGINT NOT NULL REFERENCES findings (id),
  cycle             INTEGER NOT NULL,
  status            TEXT NOT NULL CHECK (status IN ('draft', 'submitted', 'approved', 'rejected', 'in_progress', 'completed', 'verified')),
  summary           TEXT NOT NULL,
  owner_id          BIGINT NOT NULL REFERENCES people (id),
  due_on            TEXT NOT NULL,
  original_due_on   TEXT NOT NULL,
  created_by        BIGINT NOT NULL REFERENCES people (id),
  created_at        INSTANT NOT NULL,
  submitted_at      INSTANT,
  decided_by        BIGINT REFERENCES people (id),
  decided_at        INSTANT,
  decision_note     TEXT NOT NULL,
  completed_by      BIGINT REFERENCES people (id),
  completed_at      INSTANT,
  completion_note   TEXT NOT NULL,
  verified_by       BIGINT REFERENCES people (id),
  verified_at       INSTANT,
  verification_note TEXT NOT NULL,
  UNIQUE (finding_id, cycle),
  CHECK (decided_by IS NULL OR decided_by <> owner_id),
  CHECK (verified_by IS NULL OR (verified_by <> owner_id AND verified_by <> completed_by)),
  CHECK (status NOT IN ('approved', 'in_progress', 'completed', 'verified') OR decided_by IS NOT NULL),
  CHECK (status <> 'verified' OR verified_by IS NOT NULL)
);

CREATE INDEX remediation_plans_owner ON remediation_plans (owner_id, finding_id);

CREATE TABLE milestones (
  id              ID_KEY,
  rev             BIGINT NOT NULL,
  finding_id      BIGINT NOT NULL REFERENCES findings (id),
  plan_id         BIGINT NOT NULL REFERENCES remediation_plans (id),
  title           TEXT NOT NULL CHECK (title <> ''),
  owner_id        BIGINT NOT NULL REFERENCES people (id),
  due_on          TEXT NOT NULL,
  original_due_on TEXT NOT NULL,
  status          TEXT NOT NULL CHECK (status IN ('planned', 'in_progress', 'done', 'verified', 'cancelled')),
  proof_id        BIGINT REFERENCES evidence (id),
  done_by         BIGINT REFERENCES people (id),
  done_at         INSTANT,
  note            TEXT NOT NULL,
  verified_by     BIGINT REFERENCES people (id),
  verified_at     INSTANT,
  CHECK (verified_by IS NULL OR (verified_by <> owner_id AND verified_by <> done_by)),
  CHECK (status NOT IN ('done', 'verified') OR (proof_id IS NOT NULL AND done_by IS NOT NULL)),
  CHECK (status <> 'verified' OR verified_by IS NOT NULL),
  CHECK (status <> 'cancelled' OR note <> '')
);
CREATE INDEX milestones_finding ON milestones (finding_id, due_on, id);
CREATE INDEX milestones_plan ON milestones (plan_id, due_on, id);
CREATE INDEX milestones_owner ON milestones (owner_id, finding_id);

CREATE TABLE plan_extensions (
  id           ID_KEY,
  rev          BIGINT NOT NULL,
  finding_id   BIGINT NOT NULL REFERENCES findings (id),
  plan_id      BIGINT NOT NULL REFERENCES remediation_plans (id),
  milestone_id BIGINT REFERENCES milestones (id),
  number       INTEGER NOT NULL CHECK (number > 0),
  due_before   TEXT NOT NULL,
  due_after    TEXT NOT NULL,
  reason       TEXT NOT NULL CHECK (reason <> ''),
  asked_by     BIGINT NOT NULL REFERENCES people (id),
  asked_at     INSTANT NOT NULL,
  status       TEXT NOT NULL CHECK (status IN ('asked', 'granted', 'refused')),
  decided_by   BIGINT REFERENCES people (id),
  decided_at   INSTANT,
  note         TEXT NOT NULL,
  CHECK (due_after > due_before),
  CHECK (decided_by IS NULL OR decided_by <> asked_by)
);
CREATE INDEX plan_extensions_finding ON plan_extensions (finding_id, id);
-- One question at a time about one date.
CREATE UNIQUE INDEX plan_extensions_asked ON plan_extensions (plan_id, COALESCE(milestone_id, 0)) WHERE status = 'asked';

CREATE TABLE risk_acceptances (
  id          ID_KEY,
  rev         BIGINT NOT NULL,
  finding_id  BIGINT NOT NULL REFERENCES findings (id),
  cycle       INTEGER NOT NULL,
  owner_id    BIGINT NOT NULL REFERENCES people (id),
  reason      TEXT NOT NULL CHECK (reason <> ''),
  accepted_by BIGINT NOT NULL REFERENCES people (id),
  accepted_at INSTANT NOT NULL,
  expires_on  TEXT NOT NULL, -- the last day it holds
  ended_at    INSTANT,
  CHECK (accepted_by <> owner_id)
);
CREATE INDEX risk_acceptances_finding ON risk_acceptances (finding_id, id);
-- Holds now; the clock looks here.
CREATE INDEX risk_acceptances_expiry ON risk_acceptances (expires_on) WHERE ended_at IS NULL;
