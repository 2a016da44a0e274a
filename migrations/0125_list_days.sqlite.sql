-- Days of a control are told by one list only, for two would count each trigger twice. And a
-- list of triggers is taken once its last day is over, somewhere at least: the zone is the
-- program's business, and the first to end a day is fourteen hours ahead of UTC.
-- +goose Up
-- +goose StatementBegin
CREATE TRIGGER fact_lists_apart BEFORE INSERT ON fact_lists
WHEN NEW.withdrawn_at IS NULL AND EXISTS (
  SELECT 1 FROM fact_lists l
  WHERE l.control_id = NEW.control_id AND l.withdrawn_at IS NULL AND l.covers_from <= NEW.covers_to AND l.covers_to >= NEW.covers_from)
BEGIN
  SELECT RAISE(ABORT, 'two lists speak of the same day');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER fact_lists_whole BEFORE INSERT ON fact_lists
WHEN NEW.kind = 'triggers' AND substr(NEW.extracted_at, 1, 19) < NEW.covers_to || ' 10:00:00'
BEGIN
  SELECT RAISE(ABORT, 'a list of triggers was taken before its last day was over');
END;
-- +goose StatementEnd
