-- After the freeze nothing new is asked: its answer could not enter what is frozen.
-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION assay_requests_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM freezes f WHERE f.engagement_id = NEW.engagement_id) THEN
    RAISE EXCEPTION 'after the freeze nothing new is asked' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER requests_frozen BEFORE INSERT ON requests
  FOR EACH ROW EXECUTE FUNCTION assay_requests_frozen();
CREATE TRIGGER requests_frozen_open BEFORE UPDATE OF opened_at ON requests
  FOR EACH ROW WHEN (OLD.opened_at IS NULL AND NEW.opened_at IS NOT NULL) EXECUTE FUNCTION assay_requests_frozen();
CREATE TRIGGER request_items_frozen BEFORE INSERT ON request_items
  FOR EACH ROW EXECUTE FUNCTION assay_requests_frozen();
