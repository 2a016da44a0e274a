-- An examination is not frozen before what it is about is over. The database knows no zones,
-- so it refuses what is too early in every one of them.
-- +goose Up
-- +goose StatementBegin
CREATE TRIGGER freezes_after_period BEFORE INSERT ON freezes
WHEN EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id
  AND (e.kind = 'type_2' AND substr(NEW.frozen_at, 1, 10) < e.period_end OR e.kind = 'type_1' AND substr(NEW.frozen_at, 1, 10) < date(e.period_end, '-1 day'))) BEGIN
  SELECT RAISE(ABORT, 'an examination is frozen when its period is over');
END;
-- +goose StatementEnd
