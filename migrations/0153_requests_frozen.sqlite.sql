-- After the freeze nothing new is asked: its answer could not enter what is frozen.
-- +goose Up
-- +goose StatementBegin
CREATE TRIGGER requests_frozen BEFORE INSERT ON requests
WHEN EXISTS (SELECT 1 FROM freezes f WHERE f.engagement_id = NEW.engagement_id) BEGIN
  SELECT RAISE(ABORT, 'after the freeze nothing new is asked');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER requests_frozen_open BEFORE UPDATE OF opened_at ON requests
WHEN OLD.opened_at IS NULL AND NEW.opened_at IS NOT NULL AND EXISTS (SELECT 1 FROM freezes f WHERE f.engagement_id = NEW.engagement_id) BEGIN
  SELECT RAISE(ABORT, 'after the freeze nothing new is asked');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER request_items_frozen BEFORE INSERT ON request_items
WHEN EXISTS (SELECT 1 FROM freezes f WHERE f.engagement_id = NEW.engagement_id) BEGIN
  SELECT RAISE(ABORT, 'after the freeze nothing new is asked');
END;
-- +goose StatementEnd
