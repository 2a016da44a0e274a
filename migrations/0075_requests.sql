-- What auditors ask the company for, what answers it, what was said about it, and every
-- step of it. Who sees which of this is the noun's rule; what may follow what is a CHECK
-- here and the triggers of 0076.
-- +goose Up
CREATE TABLE requests (
  id             ID_KEY,
  rev            BIGINT NOT NULL,
  engagement_id  BIGINT NOT NULL REFERENCES engagements (id),
  slug           TEXT NOT NULL,
  side           TEXT NOT NULL CHECK (side IN ('firm', 'company')), -- who asks
  reference      TEXT NOT NULL, -- what the firm calls it in its own list
  title          TEXT NOT NULL CHECK (title <> ''),
  detail         TEXT NOT NULL,
  control_id     BIGINT REFERENCES controls (id),
  control        TEXT NOT NULL, -- its code, which never changes
  owner_id       BIGINT REFERENCES people (id), -- who answers
  due_on         TEXT NOT NULL,
  status         TEXT NOT NULL CHECK (status IN ('draft', 'open', 'in_progress', 'fulfilled', 'released', 'returned', 'accepted', 'cancelled')),
  steps          BIGINT NOT NULL CHECK (steps >= 0),
  requester_id   BIGINT NOT NULL REFERENCES people (id),
  entered_by     BIGINT NOT NULL REFERENCES people (id), -- somebody else than the requester when the firm's list was brought in
  created_at     INSTANT NOT NULL,
  opened_at      INSTANT,
  released_at    INSTANT, -- for the last time
  CHECK ((control_id IS NULL) = (control = '')),
  CHECK (status <> 'draft' OR opened_at IS NULL),
  CHECK (status IN ('draft', 'cancelled') OR opened_at IS NOT NULL),
  CHECK (status NOT IN ('released', 'returned', 'accepted') OR released_at IS NOT NULL),
  CHECK (side = 'firm' OR requester_id = entered_by)
);
CREATE INDEX requests_engagement ON requests (engagement_id, id);
CREATE INDEX requests_status ON requests (engagement_id, status, id);
CREATE INDEX requests_due ON requests (engagement_id, due_on, id);
CREATE INDEX requests_owner ON requests (owner_id, due_on, id) WHERE owner_id IS NOT NULL;
CREATE INDEX requests_control ON requests (control_id, id) WHERE control_id IS NOT NULL;
CREATE INDEX requests_checks ON requests (due_on, id) WHERE status = 'fulfilled';

CREATE TABLE request_items (
  id             ID_KEY,
  rev            BIGINT NOT NULL,
  engagement_id  BIGINT NOT NULL REFERENCES engagements (id),
  slug           TEXT NOT NULL,
  request_id     BIGINT NOT NULL REFERENCES requests (id),
  place          BIGINT NOT NULL CHECK (place >= 1),
  words          TEXT NOT NULL CHECK (words <> ''),
  UNIQUE (request_id, place)
);

CREATE TABLE request_answers (
  id             ID_KEY,
  rev            BIGINT NOT NULL,
  engagement_id  BIGINT NOT NULL REFERENCES engagements (id),
  slug           TEXT NOT NULL,
  request_id     BIGINT NOT NULL REFERENCES requests (id),
  item_id        BIGINT NOT NULL REFERENCES request_items (id),
  evidence_id    BIGINT REFERENCES evidence (id),
  words          TEXT NOT NULL, -- the answer itself where there is no evidence, else a word about it
  added_by       BIGINT NOT NULL REFERENCES people (id),
  added_at       INSTANT NOT NULL,
  released_by    BIGINT REFERENCES people (id),
  released_at    INSTANT, -- only from then on auditors see it
  CHECK (evidence_id IS NOT NULL OR words <> ''),
  CHECK ((released_at IS NULL) = (released_by IS NULL))
);
CREATE INDEX request_answers_request ON request_answers (request_id, id);
CREATE INDEX request_answers_item ON request_answers (item_id);
CREATE UNIQUE INDEX request_answers_evidence ON request_answers (evidence_id, item_id) WHERE evidence_id IS NOT NULL;

CREATE TABLE request_messages (
  id             ID_KEY,
  rev            BIGINT NOT NULL,
  engagement_id  BIGINT NOT NULL REFERENCES engagements (id),
  slug           TEXT NOT NULL,
  request_id     BIGINT NOT NULL REFERENCES requests (id),
  audience       TEXT NOT NULL CHECK (audience IN ('company', 'both', 'firm')),
  text           TEXT NOT NULL CHECK (text <> ''),
  author_id      BIGINT NOT NULL REFERENCES people (id),
  sent_at        INSTANT NOT NULL
);
CREATE INDEX request_messages_request ON request_messages (request_id, id);

CREATE TABLE request_steps (
  id             ID_KEY,
  rev            BIGINT NOT NULL,
  engagement_id  BIGINT NOT NULL REFERENCES engagements (id),
  slug           TEXT NOT NULL,
  request_id     BIGINT NOT NULL REFERENCES requests (id),
  place          BIGINT NOT NULL CHECK (place >= 1),
  from_status    TEXT NOT NULL,
  to_status      TEXT NOT NULL,
  reason         TEXT NOT NULL,
  auditor_id     BIGINT REFERENCES people (id), -- who decided it
  taken_by       BIGINT NOT NULL REFERENCES people (id), -- the same one, or who brought it in
  taken_at       INSTANT NOT NULL,
  UNIQUE (request_id, place),
  CHECK (from_status || '>' || to_status IN (
    'draft>open', 'open>in_progress', 'in_progress>fulfilled', 'fulfilled>in_progress', 'fulfilled>released',
    'released>accepted', 'released>returned', 'returned>in_progress',
    'draft>cancelled', 'open>cancelled', 'in_progress>cancelled', 'fulfilled>cancelled', 'released>cancelled', 'returned>cancelled')),
  CHECK (reason <> '' OR to_status NOT IN ('returned', 'cancelled') AND from_status || '>' || to_status <> 'fulfilled>in_progress'),
  CHECK (auditor_id IS NOT NULL OR to_status NOT IN ('accepted', 'returned'))
);
