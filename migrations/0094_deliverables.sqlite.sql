-- Documents that management answers for: the assertion, the system description, the
-- responses and the bridge letter. What is signed never changes, and what is approved is
-- signed as it was approved.
-- +goose Up
CREATE TABLE management_documents (
  id             ID_KEY,
  rev            BIGINT NOT NULL,
  engagement_id  BIGINT NOT NULL REFERENCES engagements (id),
  slug           TEXT NOT NULL,
  kind           TEXT NOT NULL CHECK (kind IN ('assertion', 'description', 'responses', 'bridge')),
  version        BIGINT NOT NULL CHECK (version >= 1),
  body           TEXT NOT NULL CHECK (body <> ''),
  bound          TEXT NOT NULL, -- the digest of the description that an assertion is about
  status         TEXT NOT NULL CHECK (status IN ('draft', 'approved', 'signed')),
  authors        TEXT NOT NULL, -- JSON list: everybody who wrote in it
  drafted_by     BIGINT NOT NULL REFERENCES people (id), -- the last of them
  drafted_at     INSTANT NOT NULL,
  signatory_id   BIGINT NOT NULL REFERENCES people (id),
  digest         TEXT NOT NULL, -- of the text that was approved, and signed
  approved_by    BIGINT REFERENCES people (id),
  approved_at    INSTANT,
  signed_by      BIGINT REFERENCES people (id),
  signed_at      INSTANT,
  UNIQUE (engagement_id, kind, version),
  CHECK ((status = 'draft') = (approved_at IS NULL)),
  CHECK ((approved_by IS NULL) = (approved_at IS NULL)),
  CHECK ((status = 'signed') = (signed_at IS NOT NULL)),
  CHECK ((signed_by IS NULL) = (signed_at IS NULL)),
  CHECK ((status = 'draft') = (digest = '')),
  CHECK (approved_by IS NULL OR approved_by <> drafted_by),
  CHECK (signed_by IS NULL OR signed_by = signatory_id),
  CHECK (signed_by IS NULL OR signed_by <> approved_by)
);
CREATE UNIQUE INDEX management_documents_open ON management_documents (engagement_id, kind) WHERE status <> 'signed';
-- +goose StatementBegin
CREATE TRIGGER management_documents_kept BEFORE UPDATE ON management_documents
WHEN OLD.status = 'signed' OR OLD.status = 'approved' AND NEW.status <> 'draft' AND (NEW.status <> 'signed' OR NEW.body <> OLD.body OR NEW.digest <> OLD.digest OR NEW.bound <> OLD.bound OR NEW.signatory_id <> OLD.signatory_id OR NEW.approved_by <> OLD.approved_by) OR NEW.engagement_id <> OLD.engagement_id OR NEW.kind <> OLD.kind OR NEW.version <> OLD.version OR OLD.status = 'draft' AND NEW.status = 'signed' BEGIN
  SELECT RAISE(ABORT, 'what was approved is signed as it is, and what is signed never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER management_documents_stay BEFORE DELETE ON management_documents
BEGIN
  SELECT RAISE(ABORT, 'a document of management stays');
END;
-- +goose StatementEnd
