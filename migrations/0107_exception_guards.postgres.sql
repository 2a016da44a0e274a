-- An exception is an auditor's: raised from a deviation, dismissed by them alone, and what it
-- means for the report is theirs. The deviation it stands on stays as long as it stands.
-- +goose Up
-- A row that the freeze is about to move is waited for: what is written at the same moment
-- either comes before the freeze, and is in it, or is refused.
-- +goose StatementBegin
CREATE FUNCTION assay_in_fieldwork(engagement BIGINT) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM engagements e WHERE e.id = engagement AND e.status = 'fieldwork' FOR SHARE;
  RETURN FOUND;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION assay_findings_exception() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.test_id IS NOT NULL AND (NEW.source <> 'audit' OR NEW.status <> 'raised' OR NEW.severity <> '' OR NEW.entered_by IS NULL OR NOT EXISTS (SELECT 1 FROM control_tests t WHERE t.id = NEW.test_id AND t.engagement_id = NEW.engagement_id) OR NOT EXISTS (SELECT 1 FROM engagement_auditors g WHERE g.engagement_id = NEW.engagement_id AND g.person_id = NEW.raised_by AND (NEW.entered_by = NEW.raised_by AND g.fieldwork_by IS NOT NULL OR NEW.entered_by <> NEW.raised_by AND EXISTS (SELECT 1 FROM people p WHERE p.id = NEW.entered_by AND p.role = 'compliance_manager'))) OR NOT assay_in_fieldwork(NEW.engagement_id)) THEN
    RAISE EXCEPTION 'exceptions are raised by an auditor of the engagement, or brought in for one by a compliance manager' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER findings_exception BEFORE INSERT ON findings FOR EACH ROW EXECUTE FUNCTION assay_findings_exception();
-- +goose StatementBegin
CREATE FUNCTION assay_findings_begin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.report_effect <> 'undecided' OR NEW.effect_by IS NOT NULL THEN
    RAISE EXCEPTION 'what a finding means for the report is decided by the auditors, after it was raised' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER findings_begin BEFORE INSERT ON findings FOR EACH ROW EXECUTE FUNCTION assay_findings_begin();
-- +goose StatementBegin
CREATE FUNCTION assay_findings_effect() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.report_effect <> OLD.report_effect OR NEW.effect_by IS DISTINCT FROM OLD.effect_by OR NEW.effect_entered IS DISTINCT FROM OLD.effect_entered) AND (NEW.engagement_id IS NULL OR NEW.report_effect <> 'undecided' AND NEW.effect_by IS NULL OR NEW.status = 'dismissed' OR NOT EXISTS (SELECT 1 FROM engagement_auditors g WHERE g.engagement_id = NEW.engagement_id AND g.person_id = NEW.effect_by AND (NEW.effect_entered = NEW.effect_by AND g.fieldwork_by IS NOT NULL OR NEW.effect_entered <> NEW.effect_by AND EXISTS (SELECT 1 FROM people p WHERE p.id = NEW.effect_entered AND p.role = 'compliance_manager'))) OR NOT (assay_in_fieldwork(NEW.engagement_id) OR NEW.test_id IS NULL AND EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id AND e.status = 'reporting'))) THEN
    RAISE EXCEPTION 'only the auditors of the engagement decide what a finding means for the report, before it is issued' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER findings_effect BEFORE UPDATE ON findings FOR EACH ROW EXECUTE FUNCTION assay_findings_effect();
-- +goose StatementBegin
CREATE FUNCTION assay_findings_whose() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.test_id IS DISTINCT FROM NEW.test_id OR OLD.test_id IS NOT NULL AND (NEW.engagement_id <> OLD.engagement_id OR NEW.source <> OLD.source OR NEW.raised_by <> OLD.raised_by OR NEW.entered_by <> OLD.entered_by) THEN
    RAISE EXCEPTION 'an exception stays that of its test' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER findings_whose BEFORE UPDATE ON findings FOR EACH ROW EXECUTE FUNCTION assay_findings_whose();
-- +goose StatementBegin
CREATE FUNCTION assay_findings_facts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.test_id IS NOT NULL AND (NEW.title <> OLD.title OR NEW.condition <> OLD.condition OR NEW.criterion <> OLD.criterion OR NEW.cause <> OLD.cause OR NEW.effect <> OLD.effect OR NEW.recommendation <> OLD.recommendation) AND (OLD.status NOT IN ('raised', 'disputed') OR OLD.cycle > 1 OR NOT assay_in_fieldwork(OLD.engagement_id)) THEN
    RAISE EXCEPTION 'the facts of an exception change only until they are confirmed, before the freeze' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER findings_facts BEFORE UPDATE ON findings FOR EACH ROW EXECUTE FUNCTION assay_findings_facts();
-- +goose StatementBegin
CREATE FUNCTION assay_findings_settled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.test_id IS NOT NULL AND NEW.status <> OLD.status AND NEW.status IN ('disputed', 'dismissed') AND NOT assay_in_fieldwork(OLD.engagement_id) AND NOT EXISTS (SELECT 1 FROM freezes f WHERE f.engagement_id = OLD.engagement_id AND f.frozen_at <= OLD.cycle_opened_at AND NEW.status = 'disputed') THEN
    RAISE EXCEPTION 'after the freeze no exception is raised, corrected, disputed or dismissed' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER findings_settled BEFORE UPDATE ON findings FOR EACH ROW EXECUTE FUNCTION assay_findings_settled();
-- +goose StatementBegin
CREATE FUNCTION assay_findings_dismissed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status = 'dismissed' AND OLD.status <> 'dismissed' AND NEW.engagement_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM finding_cycles c JOIN engagement_auditors g ON g.engagement_id = NEW.engagement_id AND g.person_id = c.closed_by AND g.fieldwork_by IS NOT NULL WHERE c.finding_id = NEW.id AND c.number = NEW.cycle AND c.outcome = 'dismissed') THEN
    RAISE EXCEPTION 'what the auditors found is dismissed by them alone' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER findings_dismissed BEFORE UPDATE ON findings FOR EACH ROW EXECUTE FUNCTION assay_findings_dismissed();
-- +goose StatementBegin
CREATE FUNCTION assay_finding_cycles_dismissed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.outcome = 'dismissed' AND OLD.outcome <> 'dismissed' AND EXISTS (SELECT 1 FROM findings f WHERE f.id = NEW.finding_id AND f.engagement_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM engagement_auditors g WHERE g.engagement_id = f.engagement_id AND g.person_id = NEW.closed_by AND g.fieldwork_by IS NOT NULL)) THEN
    RAISE EXCEPTION 'what the auditors found is dismissed by them alone' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER finding_cycles_dismissed BEFORE UPDATE ON finding_cycles FOR EACH ROW EXECUTE FUNCTION assay_finding_cycles_dismissed();
-- +goose StatementBegin
CREATE FUNCTION assay_finding_controls_of() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM findings f WHERE f.id = OLD.finding_id AND f.test_id IS NOT NULL) THEN
    RAISE EXCEPTION 'an exception stays that of its control' USING ERRCODE = 'check_violation';
  END IF;
  RETURN OLD;
END $$;
-- +goose StatementEnd
CREATE TRIGGER finding_controls_of BEFORE DELETE ON finding_controls FOR EACH ROW EXECUTE FUNCTION assay_finding_controls_of();
-- +goose StatementBegin
CREATE FUNCTION assay_finding_cells_raised() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.ended_at IS NOT NULL OR NOT EXISTS (SELECT 1 FROM engagement_auditors g WHERE g.engagement_id = NEW.engagement_id AND g.person_id = NEW.auditor_id AND (NEW.entered_by = NEW.auditor_id AND g.fieldwork_by IS NOT NULL OR NEW.entered_by <> NEW.auditor_id AND EXISTS (SELECT 1 FROM people p WHERE p.id = NEW.entered_by AND p.role = 'compliance_manager'))) OR NOT assay_in_fieldwork(NEW.engagement_id) OR NOT EXISTS (SELECT 1 FROM findings f WHERE f.id = NEW.finding_id AND f.test_id = NEW.test_id AND f.engagement_id = NEW.engagement_id AND f.status IN ('raised', 'disputed')) THEN
    RAISE EXCEPTION 'exceptions are raised by an auditor of the engagement, or brought in for one by a compliance manager' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER finding_cells_raised BEFORE INSERT ON finding_cells FOR EACH ROW EXECUTE FUNCTION assay_finding_cells_raised();
-- +goose StatementBegin
CREATE FUNCTION assay_finding_cells_deviates() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.letter <> '' AND NOT EXISTS (SELECT 1 FROM test_results r WHERE r.test_id = NEW.test_id AND r.item_id = NEW.item_id AND r.letter = NEW.letter AND r.result = 'deviation' AND NOT EXISTS (SELECT 1 FROM test_results n WHERE n.test_id = r.test_id AND n.item_id = r.item_id AND n.letter = r.letter AND n.round > r.round)) OR NEW.letter = '' AND NOT EXISTS (SELECT 1 FROM control_tests t WHERE t.id = NEW.test_id AND t.design = 'inadequate') THEN
    RAISE EXCEPTION 'an exception is raised from a deviation, or from a design that is inadequate' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER finding_cells_deviates BEFORE INSERT ON finding_cells FOR EACH ROW EXECUTE FUNCTION assay_finding_cells_deviates();
-- +goose StatementBegin
CREATE FUNCTION assay_finding_cells_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.ended_at IS NOT NULL OR NEW.ended_at IS NULL OR NEW.finding_id <> OLD.finding_id OR NEW.test_id <> OLD.test_id OR NEW.item_id <> OLD.item_id OR NEW.letter <> OLD.letter OR NEW.item_key <> OLD.item_key OR NEW.attribute <> OLD.attribute OR NOT EXISTS (SELECT 1 FROM findings f WHERE f.id = NEW.finding_id AND f.status = 'dismissed') THEN
    RAISE EXCEPTION 'a cell is let go only when its exception was dismissed' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER finding_cells_kept BEFORE UPDATE ON finding_cells FOR EACH ROW EXECUTE FUNCTION assay_finding_cells_kept();
CREATE TRIGGER finding_cells_stay BEFORE DELETE ON finding_cells FOR EACH ROW
  EXECUTE FUNCTION assay_refuse('a cell is let go only when its exception was dismissed');
-- +goose StatementBegin
CREATE FUNCTION assay_test_results_excepted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.result <> 'deviation' AND EXISTS (SELECT 1 FROM finding_cells c WHERE c.test_id = NEW.test_id AND c.item_id = NEW.item_id AND c.letter = NEW.letter AND c.ended_at IS NULL) THEN
    RAISE EXCEPTION 'an exception stands on this deviation; it is dismissed first' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER test_results_excepted BEFORE UPDATE ON test_results FOR EACH ROW EXECUTE FUNCTION assay_test_results_excepted();
-- +goose StatementBegin
CREATE FUNCTION assay_test_results_excepted_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.result <> 'deviation' AND EXISTS (SELECT 1 FROM finding_cells c WHERE c.test_id = NEW.test_id AND c.item_id = NEW.item_id AND c.letter = NEW.letter AND c.ended_at IS NULL) THEN
    RAISE EXCEPTION 'an exception stands on this deviation; it is dismissed first' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER test_results_excepted_again BEFORE INSERT ON test_results FOR EACH ROW EXECUTE FUNCTION assay_test_results_excepted_again();
-- +goose StatementBegin
CREATE FUNCTION assay_sample_exclusions_excepted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM finding_cells c WHERE c.item_id = NEW.item_id AND c.item_id <> 0 AND c.ended_at IS NULL) THEN
    RAISE EXCEPTION 'an exception stands on this item; it is dismissed first' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER sample_exclusions_excepted BEFORE INSERT ON sample_exclusions FOR EACH ROW EXECUTE FUNCTION assay_sample_exclusions_excepted();
