-- What a store called the bytes of evidence when they came never changes, like the rest of
-- a file.
-- +goose Up
CREATE TRIGGER evidence_files_version_kept BEFORE UPDATE OF version ON evidence_files FOR EACH ROW WHEN (NEW.version IS DISTINCT FROM OLD.version)
  EXECUTE FUNCTION assay_refuse('a file of evidence never changes');
