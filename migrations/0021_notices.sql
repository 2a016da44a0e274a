-- What people are told, and how they want to be.
-- +goose Up
CREATE TABLE notices (
  id         ID_KEY,
  person_id  BIGINT NOT NULL REFERENCES people (id),
  kind       TEXT NOT NULL CHECK (kind <> ''),
  about      TEXT NOT NULL, -- path of a record
  sentence   TEXT NOT NULL CHECK (sentence <> ''), -- it goes into mails: no personal data
  once       TEXT NOT NULL, -- '' or what nobody is told twice
  actor_id   BIGINT NOT NULL, -- whose doing it is, 0 for the clock's
  created_at INSTANT NOT NULL,
  read_at    INSTANT,
  mail       TEXT NOT NULL CHECK (mail IN ('', 'now', 'digest')),
  post       TEXT NOT NULL, -- the job that mails it
  posted_at  INSTANT
);
CREATE INDEX notices_person ON notices (person_id, id);
CREATE INDEX notices_unread ON notices (person_id) WHERE read_at IS NULL;
CREATE INDEX notices_now ON notices (person_id, created_at) WHERE posted_at IS NULL AND mail = 'now';
CREATE INDEX notices_digest ON notices (person_id, created_at) WHERE posted_at IS NULL AND mail = 'digest';
CREATE INDEX notices_post ON notices (post, id) WHERE post <> '';
CREATE INDEX notices_age ON notices (created_at);
CREATE UNIQUE INDEX notices_once ON notices (person_id, once) WHERE once <> '';

CREATE TABLE notice_preferences (
  person_id BIGINT PRIMARY KEY REFERENCES people (id),
  zone      TEXT NOT NULL, -- IANA; '' is the company's
  choices   TEXT NOT NULL -- JSON, kind to mode, where it differs from what the kind says
);
