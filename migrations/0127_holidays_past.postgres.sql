-- A holiday that is added once its day is past would excuse, by one person, what controls
-- missed on it. A day is past everywhere once the day after it has begun in UTC and half a day
-- more is gone.
-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION holidays_past() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.added_at >= (NEW.day || ' 00:00:00+00')::timestamptz + interval '36 hours' AND EXISTS (
    SELECT 1 FROM control_versions v
    WHERE v.calendar_id = NEW.calendar_id AND v.status IN ('effective', 'superseded', 'retired')
    AND v.effective_from <= NEW.day AND (v.effective_to = '' OR v.effective_to >= NEW.day)) THEN
    RAISE EXCEPTION 'controls were expected on this day' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER holidays_past BEFORE INSERT ON holidays FOR EACH ROW EXECUTE FUNCTION holidays_past();
