-- There is no report without a freeze, a freeze says for ever what it said, and nothing is
-- added to it afterwards.
-- +goose Up
-- +goose StatementBegin
CREATE TRIGGER freezes_kept BEFORE UPDATE ON freezes
BEGIN
  SELECT RAISE(ABORT, 'a freeze never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER freezes_stay BEFORE DELETE ON freezes
BEGIN
  SELECT RAISE(ABORT, 'a freeze never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER freeze_documents_kept BEFORE UPDATE ON freeze_documents
BEGIN
  SELECT RAISE(ABORT, 'a freeze never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER freeze_documents_stay BEFORE DELETE ON freeze_documents
BEGIN
  SELECT RAISE(ABORT, 'a freeze never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER freezes_in_fieldwork BEFORE INSERT ON freezes
WHEN NOT EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id AND e.status = 'fieldwork')
  OR NEW.documents + NEW.private_documents <> (SELECT count(*) FROM freeze_documents d WHERE d.engagement_id = NEW.engagement_id) BEGIN
  SELECT RAISE(ABORT, 'an engagement is frozen in fieldwork, with all its documents');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER freeze_documents_before BEFORE INSERT ON freeze_documents
WHEN NOT EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id AND e.status = 'fieldwork')
  OR EXISTS (SELECT 1 FROM freezes f WHERE f.engagement_id = NEW.engagement_id) BEGIN
  SELECT RAISE(ABORT, 'nothing is added to a freeze');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER engagements_frozen BEFORE UPDATE ON engagements
WHEN NEW.status = 'reporting' AND OLD.status <> 'reporting'
  AND NOT EXISTS (SELECT 1 FROM freezes f WHERE f.engagement_id = NEW.id) BEGIN
  SELECT RAISE(ABORT, 'an engagement is frozen before it is reported on');
END;
-- +goose StatementEnd
