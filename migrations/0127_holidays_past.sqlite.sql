-- A holiday that is added once its day is past would excuse, by one person, what controls
-- missed on it. A day is past everywhere once the day after it has begun in UTC and half a day
-- more is gone.
-- +goose Up
-- +goose StatementBegin
CREATE TRIGGER holidays_past BEFORE INSERT ON holidays
WHEN substr(NEW.added_at, 1, 19) >= datetime(NEW.day, '+36 hours') AND EXISTS (
  SELECT 1 FROM control_versions v
  WHERE v.calendar_id = NEW.calendar_id AND v.status IN ('effective', 'superseded', 'retired')
  AND v.effective_from <= NEW.day AND (v.effective_to = '' OR v.effective_to >= NEW.day))
BEGIN
  SELECT RAISE(ABORT, 'controls were expected on this day');
END;
-- +goose StatementEnd
