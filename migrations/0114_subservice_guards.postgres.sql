-- Which subservice organisations there are, what they do and by which method is scope: from
-- fieldwork on both sides agree, each change once. From the freeze on nothing changes.
-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION assay_subservice_organisations_begin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT (EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id AND e.status IN ('setup', 'planning')) AND NEW.proposal_id IS NULL AND NEW.left_at IS NULL OR EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id AND e.status IN ('fieldwork')) AND EXISTS (SELECT 1 FROM scope_proposals p WHERE p.id = NEW.proposal_id AND p.engagement_id = NEW.engagement_id AND p.subject = 'subservice' AND p.status = 'agreed' AND p.subject_id IS NULL AND (p.becomes::json ->> 'Name') = NEW.name AND (p.becomes::json ->> 'Services') = NEW.services AND (p.becomes::json ->> 'Method') = NEW.method AND (p.becomes::json ->> 'Out')::boolean = (NEW.left_at IS NOT NULL))) THEN
    RAISE EXCEPTION 'a subservice organisation is part of the scope: once fieldwork has started both sides agree' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER subservice_organisations_begin BEFORE INSERT ON subservice_organisations FOR EACH ROW EXECUTE FUNCTION assay_subservice_organisations_begin();
-- +goose StatementBegin
CREATE FUNCTION assay_subservice_organisations_scope() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.name IS DISTINCT FROM NEW.name OR OLD.services IS DISTINCT FROM NEW.services OR OLD.method IS DISTINCT FROM NEW.method OR OLD.left_at IS DISTINCT FROM NEW.left_at OR OLD.proposal_id IS DISTINCT FROM NEW.proposal_id) AND NOT (EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id AND e.status IN ('setup', 'planning')) AND NEW.proposal_id IS NULL AND NEW.left_at IS NULL OR EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id AND e.status IN ('fieldwork')) AND OLD.left_at IS NULL AND NEW.proposal_id IS DISTINCT FROM OLD.proposal_id AND EXISTS (SELECT 1 FROM scope_proposals p WHERE p.id = NEW.proposal_id AND p.engagement_id = NEW.engagement_id AND p.subject = 'subservice' AND p.status = 'agreed' AND p.subject_id = OLD.id AND (p.becomes::json ->> 'Name') = NEW.name AND (p.becomes::json ->> 'Services') = NEW.services AND (p.becomes::json ->> 'Method') = NEW.method AND (p.becomes::json ->> 'Out')::boolean = (NEW.left_at IS NOT NULL))) THEN
    RAISE EXCEPTION 'a subservice organisation is part of the scope: once fieldwork has started both sides agree' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER subservice_organisations_scope BEFORE UPDATE ON subservice_organisations FOR EACH ROW EXECUTE FUNCTION assay_subservice_organisations_scope();
-- +goose StatementBegin
CREATE FUNCTION assay_subservice_organisations_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.engagement_id IS DISTINCT FROM NEW.engagement_id OR OLD.slug IS DISTINCT FROM NEW.slug OR OLD.created_by IS DISTINCT FROM NEW.created_by OR OLD.created_at IS DISTINCT FROM NEW.created_at OR NOT EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id AND e.status IN ('setup', 'planning', 'fieldwork')) THEN
    RAISE EXCEPTION 'what was examined is frozen' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER subservice_organisations_kept BEFORE UPDATE ON subservice_organisations FOR EACH ROW EXECUTE FUNCTION assay_subservice_organisations_kept();
-- +goose StatementBegin
CREATE FUNCTION assay_subservice_organisations_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM engagements e WHERE e.id = OLD.engagement_id AND e.status IN ('setup', 'planning')) THEN
    RAISE EXCEPTION 'a subservice organisation is left out by both sides, once fieldwork has started' USING ERRCODE = 'check_violation';
  END IF;
  RETURN OLD;
END $$;
-- +goose StatementEnd
CREATE TRIGGER subservice_organisations_stay BEFORE DELETE ON subservice_organisations FOR EACH ROW EXECUTE FUNCTION assay_subservice_organisations_stay();
-- +goose StatementBegin
CREATE FUNCTION assay_complementary_controls_begin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id AND e.status IN ('setup', 'planning', 'fieldwork')) OR NEW.organisation_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM subservice_organisations o WHERE o.id = NEW.organisation_id AND o.engagement_id = NEW.engagement_id AND o.method = 'carve_out' AND o.left_at IS NULL) THEN
    RAISE EXCEPTION 'complementary controls are listed until the freeze, those of a subservice organisation where it is carved out' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER complementary_controls_begin BEFORE INSERT ON complementary_controls FOR EACH ROW EXECUTE FUNCTION assay_complementary_controls_begin();
-- +goose StatementBegin
CREATE FUNCTION assay_complementary_controls_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.engagement_id IS DISTINCT FROM NEW.engagement_id OR OLD.slug IS DISTINCT FROM NEW.slug OR OLD.created_by IS DISTINCT FROM NEW.created_by OR OLD.created_at IS DISTINCT FROM NEW.created_at OR OLD.kind IS DISTINCT FROM NEW.kind OR OLD.organisation_id IS DISTINCT FROM NEW.organisation_id OR OLD.number IS DISTINCT FROM NEW.number OR NOT EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id AND e.status IN ('setup', 'planning', 'fieldwork')) THEN
    RAISE EXCEPTION 'what was examined is frozen' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER complementary_controls_kept BEFORE UPDATE ON complementary_controls FOR EACH ROW EXECUTE FUNCTION assay_complementary_controls_kept();
-- +goose StatementBegin
CREATE FUNCTION assay_complementary_controls_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM engagements e WHERE e.id = OLD.engagement_id AND e.status IN ('setup', 'planning', 'fieldwork')) THEN
    RAISE EXCEPTION 'what was examined is frozen' USING ERRCODE = 'check_violation';
  END IF;
  RETURN OLD;
END $$;
-- +goose StatementEnd
CREATE TRIGGER complementary_controls_stay BEFORE DELETE ON complementary_controls FOR EACH ROW EXECUTE FUNCTION assay_complementary_controls_stay();
