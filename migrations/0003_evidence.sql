-- Evidence and its files. The bytes are in the blob store, under their digest.
-- +goose Up
CREATE TABLE evidence (
  id             ID_KEY,
  rev            BIGINT NOT NULL,
  control_id     BIGINT NOT NULL REFERENCES controls (id),
  title          TEXT NOT NULL CHECK (title <> ''),
  kind           TEXT NOT NULL,
  source         TEXT NOT NULL,
  location       TEXT NOT NULL, -- query, path or address it was taken from
  extractor      TEXT NOT NULL, -- who or what pulled it
  description    TEXT NOT NULL,
  performed_at   INSTANT,        -- the control acted
  collected_at   INSTANT,        -- the evidence was captured
  covers_from    TEXT NOT NULL,
  covers_to      TEXT NOT NULL,
  late_reason    TEXT NOT NULL, -- performed more than 7 days before it was uploaded: why
  supersedes_id  BIGINT REFERENCES evidence (id),
  status         TEXT NOT NULL CHECK (status IN ('stored', 'submitted', 'accepted', 'returned', 'superseded', 'withdrawn')),
  form_key       TEXT NOT NULL, -- of the form it came with, so that sending it twice makes one item
  uploaded_by    BIGINT NOT NULL REFERENCES people (id),
  uploaded_at    INSTANT NOT NULL,
  submitted_at   INSTANT,
  owner_id       BIGINT REFERENCES people (id), -- the control's owner when it was decided
  backup_id      BIGINT REFERENCES people (id), -- and the backup owner
  decided_by     BIGINT REFERENCES people (id),
  decided_at     INSTANT,
  decision_note  TEXT NOT NULL,
  withdrawn_by   BIGINT REFERENCES people (id),
  withdrawn_at   INSTANT,
  withdrawn_note TEXT NOT NULL,
  CHECK (decided_by <> uploaded_by),
  CHECK (decided_by <> owner_id),
  CHECK (decided_by <> backup_id),
  CHECK (status NOT IN ('accepted', 'returned', 'superseded') OR decided_by IS NOT NULL),
  CHECK (status <> 'returned' OR decision_note <> ''),
  CHECK (status <> 'withdrawn' OR (withdrawn_note <> '' AND withdrawn_by IS NOT NULL)),
  CHECK (status IN ('stored', 'withdrawn') OR submitted_at IS NOT NULL),
  CHECK (status IN ('stored', 'withdrawn') OR (kind <> '' AND source <> '')),
  CHECK (status IN ('stored', 'withdrawn') OR (covers_from <> '' AND covers_to >= covers_from)),
  CHECK (status IN ('stored', 'withdrawn') OR (performed_at IS NOT NULL AND performed_at <= uploaded_at)),
  CHECK (supersedes_id <> id)
);
CREATE INDEX evidence_control ON evidence (control_id, id);
CREATE INDEX evidence_status ON evidence (status, id);
CREATE INDEX evidence_queue ON evidence (submitted_at, id) WHERE status = 'submitted';
CREATE INDEX evidence_uploader ON evidence (uploaded_by, id);
CREATE INDEX evidence_kind ON evidence (kind, id);
CREATE INDEX evidence_supersedes ON evidence (supersedes_id) WHERE supersedes_id IS NOT NULL;
CREATE UNIQUE INDEX evidence_form ON evidence (uploaded_by, form_key) WHERE form_key <> '';

CREATE TABLE evidence_files (
  id          ID_KEY,
  rev         BIGINT NOT NULL,
  evidence_id BIGINT NOT NULL REFERENCES evidence (id),
  digest      TEXT NOT NULL CHECK (length(digest) = 64),
  name        TEXT NOT NULL CHECK (name <> ''),
  size        BIGINT NOT NULL CHECK (size > 0),
  added_by    BIGINT NOT NULL REFERENCES people (id),
  added_at    INSTANT NOT NULL,
  UNIQUE (evidence_id, digest, name)
);
CREATE INDEX evidence_files_digest ON evidence_files (digest);
