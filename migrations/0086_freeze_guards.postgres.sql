-- There is no report without a freeze, a freeze says for ever what it said, and nothing is
-- added to it afterwards.
-- +goose Up
CREATE TRIGGER freezes_kept BEFORE UPDATE ON freezes FOR EACH ROW
  EXECUTE FUNCTION assay_refuse('a freeze never changes');
CREATE TRIGGER freezes_stay BEFORE DELETE ON freezes FOR EACH ROW
  EXECUTE FUNCTION assay_refuse('a freeze never changes');
CREATE TRIGGER freeze_documents_kept BEFORE UPDATE ON freeze_documents FOR EACH ROW
  EXECUTE FUNCTION assay_refuse('a freeze never changes');
CREATE TRIGGER freeze_documents_stay BEFORE DELETE ON freeze_documents FOR EACH ROW
  EXECUTE FUNCTION assay_refuse('a freeze never changes');
-- +goose StatementBegin
CREATE FUNCTION assay_freezes_in_fieldwork() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id AND e.status = 'fieldwork')
    OR NEW.documents + NEW.private_documents <> (SELECT count(*) FROM freeze_documents d WHERE d.engagement_id = NEW.engagement_id) THEN
    RAISE EXCEPTION 'an engagement is frozen in fieldwork, with all its documents' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER freezes_in_fieldwork BEFORE INSERT ON freezes FOR EACH ROW EXECUTE FUNCTION assay_freezes_in_fieldwork();
-- +goose StatementBegin
CREATE FUNCTION assay_freeze_documents_before() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id AND e.status = 'fieldwork')
    OR EXISTS (SELECT 1 FROM freezes f WHERE f.engagement_id = NEW.engagement_id) THEN
    RAISE EXCEPTION 'nothing is added to a freeze' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER freeze_documents_before BEFORE INSERT ON freeze_documents FOR EACH ROW EXECUTE FUNCTION assay_freeze_documents_before();
-- +goose StatementBegin
CREATE FUNCTION assay_engagements_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status = 'reporting' AND OLD.status <> 'reporting'
    AND NOT EXISTS (SELECT 1 FROM freezes f WHERE f.engagement_id = NEW.id) THEN
    RAISE EXCEPTION 'an engagement is frozen before it is reported on' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER engagements_frozen BEFORE UPDATE ON engagements FOR EACH ROW EXECUTE FUNCTION assay_engagements_frozen();
