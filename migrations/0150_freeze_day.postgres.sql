-- An examination is not frozen before what it is about is over. The database knows no zones,
-- so it refuses what is too early in every one of them.
-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION assay_freezes_after_period() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id
    AND (NEW.frozen_at AT TIME ZONE 'UTC')::date < e.period_end::date - CASE e.kind WHEN 'type_1' THEN 1 ELSE 0 END AND e.kind IN ('type_1', 'type_2')) THEN
    RAISE EXCEPTION 'an examination is frozen when its period is over' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER freezes_after_period BEFORE INSERT ON freezes FOR EACH ROW EXECUTE FUNCTION assay_freezes_after_period();
