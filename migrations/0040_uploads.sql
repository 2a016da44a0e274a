-- Files on their way in parts. What becomes evidence is recorded there; these rows go when
-- a form takes the file, or a day after the last part came.
-- +goose Up
CREATE TABLE uploads (
  id          TEXT PRIMARY KEY CHECK (length(id) = 26),
  person_id   BIGINT NOT NULL REFERENCES people (id),
  about       TEXT NOT NULL, -- the record whose form it was begun on
  name        TEXT NOT NULL CHECK (name <> ''),
  size        BIGINT NOT NULL CHECK (size > 0),
  modified    BIGINT NOT NULL, -- milliseconds since 1970, of the sender's copy; 0 is not said
  said        TEXT NOT NULL,   -- digest that the sender announced
  received    BIGINT NOT NULL CHECK (received BETWEEN 0 AND size),
  digest      TEXT NOT NULL,   -- of the blob, once all is in
  started_at  INSTANT NOT NULL,
  touched_at  INSTANT NOT NULL,
  CHECK ((received = size) = (digest <> '')),
  CHECK (said = '' OR digest = '' OR said = digest)
);
CREATE INDEX uploads_person ON uploads (person_id, started_at);
CREATE INDEX uploads_touched ON uploads (touched_at);
CREATE INDEX uploads_digest ON uploads (digest) WHERE digest <> '';

CREATE TABLE upload_parts (
  name      TEXT PRIMARY KEY, -- the blob store's
  upload_id TEXT NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
  start     BIGINT NOT NULL,
  size      BIGINT NOT NULL CHECK (size > 0),
  digest    TEXT NOT NULL CHECK (length(digest) = 64),
  UNIQUE (upload_id, start)
);
