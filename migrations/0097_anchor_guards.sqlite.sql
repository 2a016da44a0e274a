-- What the outside confirmed is not taken back.
-- +goose Up
-- +goose StatementBegin
CREATE TRIGGER anchors_kept BEFORE UPDATE ON anchors
BEGIN
  SELECT RAISE(ABORT, 'an anchor never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER anchors_stay BEFORE DELETE ON anchors
BEGIN
  SELECT RAISE(ABORT, 'an anchor never changes');
END;
-- +goose StatementEnd
