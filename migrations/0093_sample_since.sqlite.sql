-- What was added is selected at random, from the version right after the one that lacked it.
-- +goose Up
-- +goose StatementBegin
CREATE TRIGGER samples_since BEFORE INSERT ON samples
WHEN NEW.since_id IS NOT NULL AND (NEW.method <> 'random' OR NOT EXISTS (SELECT 1 FROM populations p WHERE p.id = NEW.population_id AND p.replaces_id = NEW.since_id)) BEGIN
  SELECT RAISE(ABORT, 'what was added is of the version after the one that lacked it');
END;
-- +goose StatementEnd
