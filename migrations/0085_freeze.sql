-- What an engagement was when its fieldwork ended: documents that say it, and the row
-- that holds the digest of them all. The binder is made from them and from nothing else.
-- +goose Up
CREATE TABLE freezes (
  id                ID_KEY,
  rev               BIGINT NOT NULL,
  engagement_id     BIGINT NOT NULL UNIQUE REFERENCES engagements (id),
  slug              TEXT NOT NULL,
  digest            TEXT NOT NULL CHECK (length(digest) = 64), -- of the list of documents
  private_digest    TEXT NOT NULL, -- of the list of the audit team's own, '' where there are none
  documents         BIGINT NOT NULL CHECK (documents > 0),
  private_documents BIGINT NOT NULL CHECK (private_documents >= 0),
  counts            TEXT NOT NULL, -- JSON: how many of each kind
  frozen_by         BIGINT NOT NULL REFERENCES people (id),
  frozen_at         INSTANT NOT NULL,
  CHECK ((private_digest = '') = (private_documents = 0))
);

CREATE TABLE freeze_documents (
  engagement_id BIGINT NOT NULL REFERENCES engagements (id),
  place         BIGINT NOT NULL,
  path          TEXT NOT NULL CHECK (path <> ''), -- in the binder
  private       BOOLEAN NOT NULL, -- the audit team's own
  digest        TEXT NOT NULL CHECK (length(digest) = 64),
  body          TEXT NOT NULL,
  PRIMARY KEY (engagement_id, place),
  UNIQUE (engagement_id, path)
);

-- What the binder of an engagement was when it was made first. Whoever makes it again
-- gets the same.
CREATE TABLE binders (
  engagement_id BIGINT NOT NULL REFERENCES engagements (id),
  view          TEXT NOT NULL CHECK (view IN ('company', 'firm')),
  manifest      TEXT NOT NULL CHECK (length(manifest) = 64),
  archive       TEXT NOT NULL, -- SHA-256 of the whole file, '' until one was sent to its end
  size          BIGINT NOT NULL,
  files         BIGINT NOT NULL,
  made_at       INSTANT NOT NULL,
  PRIMARY KEY (engagement_id, view)
);

-- The last checkpoint of each month is part of a binder.
CREATE INDEX checkpoints_at ON checkpoints (at);
