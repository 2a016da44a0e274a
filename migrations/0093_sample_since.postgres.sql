-- What was added is selected at random, from the version right after the one that lacked it.
-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION assay_samples_since() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.since_id IS NOT NULL AND (NEW.method <> 'random' OR NOT EXISTS (SELECT 1 FROM populations p WHERE p.id = NEW.population_id AND p.replaces_id = NEW.since_id)) THEN
    RAISE EXCEPTION 'what was added is of the version after the one that lacked it' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER samples_since BEFORE INSERT ON samples FOR EACH ROW EXECUTE FUNCTION assay_samples_since();
