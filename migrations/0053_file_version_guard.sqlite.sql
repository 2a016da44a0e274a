-- What a store called the bytes of evidence when they came never changes, like the rest of
-- a file.
-- +goose Up
-- +goose StatementBegin
CREATE TRIGGER evidence_files_version_kept BEFORE UPDATE OF version ON evidence_files WHEN NEW.version IS NOT OLD.version BEGIN
  SELECT RAISE(ABORT, 'a file of evidence never changes');
END;
-- +goose StatementEnd
