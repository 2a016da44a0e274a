-- A list says what it said when it was added; it can be withdrawn, once. Its lines never change.
-- +goose Up
-- +goose StatementBegin
CREATE TRIGGER fact_lists_kept BEFORE UPDATE ON fact_lists
WHEN (NEW.control_id, NEW.code, NEW.kind, NEW.covers_from, NEW.covers_to, NEW.source, NEW.query, NEW.digest, NEW.lines_digest, NEW.name, NEW.lines, NEW.note, NEW.extracted_at, NEW.added_by, NEW.added_at) IS NOT
    (OLD.control_id, OLD.code, OLD.kind, OLD.covers_from, OLD.covers_to, OLD.source, OLD.query, OLD.digest, OLD.lines_digest, OLD.name, OLD.lines, OLD.note, OLD.extracted_at, OLD.added_by, OLD.added_at)
  OR (OLD.withdrawn_at IS NOT NULL AND (NEW.withdrawn_by, NEW.withdrawn_at, NEW.withdrawn_note) IS NOT (OLD.withdrawn_by, OLD.withdrawn_at, OLD.withdrawn_note))
BEGIN
  SELECT RAISE(ABORT, 'a list never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER fact_lists_stay BEFORE DELETE ON fact_lists
BEGIN
  SELECT RAISE(ABORT, 'a list never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER trigger_events_kept BEFORE UPDATE ON trigger_events
BEGIN
  SELECT RAISE(ABORT, 'the lines of a list never change');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER trigger_events_stay BEFORE DELETE ON trigger_events
BEGIN
  SELECT RAISE(ABORT, 'the lines of a list never change');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER signal_intervals_kept BEFORE UPDATE ON signal_intervals
BEGIN
  SELECT RAISE(ABORT, 'the lines of a list never change');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER signal_intervals_stay BEFORE DELETE ON signal_intervals
BEGIN
  SELECT RAISE(ABORT, 'the lines of a list never change');
END;
-- +goose StatementEnd
