-- What was agreed, frozen, issued or added says for ever what it said. The scope changes in
-- fieldwork only by what both sides agreed on, and after issue only the access window does.
-- +goose Up
CREATE TRIGGER engagement_moves BEFORE UPDATE ON engagements FOR EACH ROW WHEN (OLD.status <> NEW.status AND NOT ((OLD.status = 'setup' AND NEW.status IN ('planning', 'cancelled')) OR (OLD.status = 'planning' AND NEW.status IN ('fieldwork', 'cancelled')) OR (OLD.status = 'fieldwork' AND NEW.status IN ('reporting', 'cancelled')) OR (OLD.status = 'reporting' AND NEW.status IN ('issued', 'cancelled')) OR (OLD.status = 'issued' AND NEW.status = 'archived')))
  EXECUTE FUNCTION assay_refuse('an engagement moves along its states');
CREATE TRIGGER engagement_over BEFORE UPDATE ON engagements FOR EACH ROW WHEN (OLD.status IN ('archived', 'cancelled'))
  EXECUTE FUNCTION assay_refuse('an archived or cancelled engagement never changes');
CREATE TRIGGER engagement_stays BEFORE DELETE ON engagements FOR EACH ROW
  EXECUTE FUNCTION assay_refuse('an engagement is cancelled, never removed');
CREATE TRIGGER engagement_issued_kept BEFORE UPDATE ON engagements FOR EACH ROW WHEN (OLD.status = 'issued' AND (OLD.kind IS DISTINCT FROM NEW.kind OR OLD.criteria IS DISTINCT FROM NEW.criteria OR OLD.period_start IS DISTINCT FROM NEW.period_start OR OLD.period_end IS DISTINCT FROM NEW.period_end OR OLD.zone IS DISTINCT FROM NEW.zone OR OLD.systems IS DISTINCT FROM NEW.systems OR OLD.boundary IS DISTINCT FROM NEW.boundary OR OLD.slug IS DISTINCT FROM NEW.slug OR OLD.name IS DISTINCT FROM NEW.name OR OLD.firm IS DISTINCT FROM NEW.firm OR OLD.created_by IS DISTINCT FROM NEW.created_by OR OLD.created_at IS DISTINCT FROM NEW.created_at OR OLD.prior_id IS DISTINCT FROM NEW.prior_id))
  EXECUTE FUNCTION assay_refuse('after issue only the access window changes');
CREATE TRIGGER engagement_scope_frozen BEFORE UPDATE ON engagements FOR EACH ROW WHEN (OLD.status = 'reporting' AND (OLD.kind IS DISTINCT FROM NEW.kind OR OLD.criteria IS DISTINCT FROM NEW.criteria OR OLD.period_start IS DISTINCT FROM NEW.period_start OR OLD.period_end IS DISTINCT FROM NEW.period_end OR OLD.zone IS DISTINCT FROM NEW.zone OR OLD.systems IS DISTINCT FROM NEW.systems OR OLD.boundary IS DISTINCT FROM NEW.boundary))
  EXECUTE FUNCTION assay_refuse('the scope is frozen');
-- +goose StatementBegin
CREATE FUNCTION assay_engagement_scope_agreed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.status = 'fieldwork' AND (OLD.kind IS DISTINCT FROM NEW.kind OR OLD.criteria IS DISTINCT FROM NEW.criteria OR OLD.period_start IS DISTINCT FROM NEW.period_start OR OLD.period_end IS DISTINCT FROM NEW.period_end OR OLD.zone IS DISTINCT FROM NEW.zone OR OLD.systems IS DISTINCT FROM NEW.systems OR OLD.boundary IS DISTINCT FROM NEW.boundary) AND NOT EXISTS (SELECT 1 FROM scope_proposals p WHERE p.engagement_id = OLD.id AND p.subject = 'terms' AND p.status = 'agreed' AND p.applied_rev = OLD.rev) THEN
    RAISE EXCEPTION 'after fieldwork starts both sides agree on the scope' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER engagement_scope_agreed BEFORE UPDATE ON engagements FOR EACH ROW EXECUTE FUNCTION assay_engagement_scope_agreed();
-- +goose StatementBegin
CREATE FUNCTION assay_engagement_reported() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.status <> 'issued' AND NEW.status = 'issued' AND NEW.kind <> 'readiness' AND NOT EXISTS (SELECT 1 FROM engagement_reports r WHERE r.engagement_id = OLD.id) THEN
    RAISE EXCEPTION 'issuing registers the report' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER engagement_reported BEFORE UPDATE ON engagements FOR EACH ROW EXECUTE FUNCTION assay_engagement_reported();
-- +goose StatementBegin
CREATE FUNCTION assay_scope_proposals_begin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status <> 'open' OR NOT EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id AND e.status IN ('fieldwork')) THEN
    RAISE EXCEPTION 'a scope change is proposed during fieldwork' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER scope_proposals_begin BEFORE INSERT ON scope_proposals FOR EACH ROW EXECUTE FUNCTION assay_scope_proposals_begin();
-- +goose StatementBegin
CREATE FUNCTION assay_scope_proposals_agree() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status = 'agreed' AND NOT EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id AND e.status IN ('fieldwork')) THEN
    RAISE EXCEPTION 'a scope change is agreed during fieldwork' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER scope_proposals_agree BEFORE UPDATE ON scope_proposals FOR EACH ROW EXECUTE FUNCTION assay_scope_proposals_agree();
-- +goose StatementBegin
CREATE FUNCTION assay_scope_proposals_lead() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status = 'agreed' AND NOT EXISTS (SELECT 1 FROM engagement_auditors a WHERE a.engagement_id = NEW.engagement_id AND a.person_id = NEW.auditor_id AND a.part = 'lead') THEN
    RAISE EXCEPTION 'the lead auditor agrees for the firm' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER scope_proposals_lead BEFORE UPDATE ON scope_proposals FOR EACH ROW EXECUTE FUNCTION assay_scope_proposals_lead();
CREATE TRIGGER scope_proposals_kept BEFORE UPDATE ON scope_proposals FOR EACH ROW WHEN (OLD.status <> 'open' OR (OLD.engagement_id IS DISTINCT FROM NEW.engagement_id OR OLD.side IS DISTINCT FROM NEW.side OR OLD.subject IS DISTINCT FROM NEW.subject OR OLD.subject_id IS DISTINCT FROM NEW.subject_id OR OLD.becomes IS DISTINCT FROM NEW.becomes OR OLD.changes IS DISTINCT FROM NEW.changes OR OLD.reason IS DISTINCT FROM NEW.reason OR OLD.proposed_at IS DISTINCT FROM NEW.proposed_at))
  EXECUTE FUNCTION assay_refuse('a proposal is answered once, as it was made');
CREATE TRIGGER scope_proposals_stay BEFORE DELETE ON scope_proposals FOR EACH ROW
  EXECUTE FUNCTION assay_refuse('a proposal is answered, never removed');
-- +goose StatementBegin
CREATE FUNCTION assay_engagement_rounds_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id AND e.status IN ('setup', 'planning', 'fieldwork')) THEN
    RAISE EXCEPTION 'rounds of fieldwork are fixed once it is over' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER engagement_rounds_insert BEFORE INSERT ON engagement_rounds FOR EACH ROW EXECUTE FUNCTION assay_engagement_rounds_insert();
-- +goose StatementBegin
CREATE FUNCTION assay_engagement_rounds_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id AND e.status IN ('setup', 'planning', 'fieldwork')) THEN
    RAISE EXCEPTION 'rounds of fieldwork are fixed once it is over' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER engagement_rounds_update BEFORE UPDATE ON engagement_rounds FOR EACH ROW EXECUTE FUNCTION assay_engagement_rounds_update();
-- +goose StatementBegin
CREATE FUNCTION assay_engagement_rounds_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM engagements e WHERE e.id = OLD.engagement_id AND e.status IN ('setup', 'planning', 'fieldwork')) THEN
    RAISE EXCEPTION 'rounds of fieldwork are fixed once it is over' USING ERRCODE = 'check_violation';
  END IF;
  RETURN OLD;
END $$;
-- +goose StatementEnd
CREATE TRIGGER engagement_rounds_delete BEFORE DELETE ON engagement_rounds FOR EACH ROW EXECUTE FUNCTION assay_engagement_rounds_delete();
-- +goose StatementBegin
CREATE FUNCTION assay_engagement_reports_when() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id AND e.status IN ('reporting')) THEN
    RAISE EXCEPTION 'a report is registered when it is issued' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER engagement_reports_when BEFORE INSERT ON engagement_reports FOR EACH ROW EXECUTE FUNCTION assay_engagement_reports_when();
CREATE TRIGGER engagement_reports_kept BEFORE UPDATE ON engagement_reports FOR EACH ROW
  EXECUTE FUNCTION assay_refuse('a registered report never changes');
CREATE TRIGGER engagement_reports_stay BEFORE DELETE ON engagement_reports FOR EACH ROW
  EXECUTE FUNCTION assay_refuse('a registered report never changes');
-- +goose StatementBegin
CREATE FUNCTION assay_engagement_addenda_when() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id AND e.status IN ('issued', 'archived')) THEN
    RAISE EXCEPTION 'an addendum follows the issued report' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER engagement_addenda_when BEFORE INSERT ON engagement_addenda FOR EACH ROW EXECUTE FUNCTION assay_engagement_addenda_when();
CREATE TRIGGER engagement_addenda_kept BEFORE UPDATE ON engagement_addenda FOR EACH ROW
  EXECUTE FUNCTION assay_refuse('an addendum never changes');
CREATE TRIGGER engagement_addenda_stay BEFORE DELETE ON engagement_addenda FOR EACH ROW
  EXECUTE FUNCTION assay_refuse('an addendum never changes');
