-- Days of a control are told by one list only, for two would count each trigger twice. And a
-- list of triggers is taken once its last day is over, somewhere at least: the zone is the
-- program's business, and the first to end a day is fourteen hours ahead of UTC.
-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION fact_lists_apart() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM controls WHERE id = NEW.control_id FOR UPDATE; -- of two at once the second waits here
  IF NEW.withdrawn_at IS NULL AND EXISTS (
    SELECT 1 FROM fact_lists l
    WHERE l.control_id = NEW.control_id AND l.withdrawn_at IS NULL AND l.covers_from <= NEW.covers_to AND l.covers_to >= NEW.covers_from) THEN
    RAISE EXCEPTION 'two lists speak of the same day' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER fact_lists_apart BEFORE INSERT ON fact_lists FOR EACH ROW EXECUTE FUNCTION fact_lists_apart();
CREATE TRIGGER fact_lists_whole BEFORE INSERT ON fact_lists FOR EACH ROW
  WHEN (NEW.kind = 'triggers' AND NEW.extracted_at < (NEW.covers_to || ' 10:00:00+00')::timestamptz)
  EXECUTE FUNCTION assay_refuse('a list of triggers was taken before its last day was over');
