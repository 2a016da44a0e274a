-- A response is bound to what was approved and signed, and to its author; a compensating
-- control is another one; a retest has its own population and sample; and the freeze ends
-- what the audit and management say to each other about what it saw.
-- +goose Up
DROP TRIGGER finding_responses_kept ON finding_responses;
-- +goose StatementBegin
CREATE FUNCTION assay_finding_responses_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.status NOT IN ('draft', 'approved') OR NEW.finding_id <> OLD.finding_id OR NEW.cycle <> OLD.cycle OR NEW.version <> OLD.version OR OLD.status = 'draft' AND NEW.status NOT IN ('draft', 'approved') OR OLD.status = 'approved' AND NEW.status NOT IN ('draft', 'signed') OR NEW.status = 'signed' AND (NEW.text <> OLD.text OR NEW.position <> OLD.position OR NEW.person_id <> OLD.person_id OR NEW.digest <> OLD.digest OR NEW.approved_by <> OLD.approved_by) THEN
    RAISE EXCEPTION 'a response that was signed never changes, and is signed as it was approved' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER finding_responses_kept BEFORE UPDATE ON finding_responses FOR EACH ROW EXECUTE FUNCTION assay_finding_responses_kept();
-- +goose StatementBegin
CREATE FUNCTION assay_finding_responses_approved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status IN ('approved', 'signed') AND (length(NEW.digest) <> 64 OR NEW.approved_at IS NULL OR NOT EXISTS (SELECT 1 FROM people p WHERE p.id = NEW.approved_by AND p.role = 'compliance_manager') OR NEW.approved_by = NEW.person_id) THEN
    RAISE EXCEPTION 'a response is approved by a compliance manager who is not its author' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER finding_responses_approved BEFORE UPDATE ON finding_responses FOR EACH ROW EXECUTE FUNCTION assay_finding_responses_approved();
-- +goose StatementBegin
CREATE FUNCTION assay_finding_responses_signed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status = 'signed' AND (NEW.signed_at IS NULL OR NEW.signed_by IS NULL OR NEW.signed_by <> NEW.person_id) THEN
    RAISE EXCEPTION 'a response is signed by its author' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER finding_responses_signed BEFORE UPDATE ON finding_responses FOR EACH ROW EXECUTE FUNCTION assay_finding_responses_signed();
-- +goose StatementBegin
CREATE FUNCTION assay_finding_responses_begin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.version < 1 OR NOT (NEW.status = 'draft' AND NEW.signed_by IS NULL AND NEW.approved_by IS NULL OR NEW.status = 'signed' AND NEW.signed_by = NEW.person_id AND NEW.signed_at IS NOT NULL AND length(NEW.digest) = 64 AND NOT EXISTS (SELECT 1 FROM findings f WHERE f.id = NEW.finding_id AND f.test_id IS NOT NULL)) THEN
    RAISE EXCEPTION 'a response to an exception begins as a draft' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER finding_responses_begin BEFORE INSERT ON finding_responses FOR EACH ROW EXECUTE FUNCTION assay_finding_responses_begin();
-- +goose StatementBegin
CREATE FUNCTION assay_finding_responses_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM findings f WHERE f.id = NEW.finding_id AND f.test_id IS NOT NULL AND NOT assay_in_fieldwork(f.engagement_id) AND NOT EXISTS (SELECT 1 FROM freezes z WHERE z.engagement_id = f.engagement_id AND z.frozen_at < f.cycle_opened_at)) THEN
    RAISE EXCEPTION 'what management answers to an exception is part of the freeze, and stays as it was' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER finding_responses_frozen BEFORE INSERT ON finding_responses FOR EACH ROW EXECUTE FUNCTION assay_finding_responses_frozen();
-- +goose StatementBegin
CREATE FUNCTION assay_finding_responses_frozen_then() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM findings f WHERE f.id = NEW.finding_id AND f.test_id IS NOT NULL AND NOT assay_in_fieldwork(f.engagement_id) AND NOT EXISTS (SELECT 1 FROM freezes z WHERE z.engagement_id = f.engagement_id AND z.frozen_at < f.cycle_opened_at)) THEN
    RAISE EXCEPTION 'what management answers to an exception is part of the freeze, and stays as it was' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER finding_responses_frozen_then BEFORE UPDATE ON finding_responses FOR EACH ROW EXECUTE FUNCTION assay_finding_responses_frozen_then();
-- +goose StatementBegin
CREATE FUNCTION assay_finding_compensations_other() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM finding_controls l WHERE l.finding_id = NEW.finding_id AND l.control_id = NEW.control_id) THEN
    RAISE EXCEPTION 'a control that failed does not cover itself' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER finding_compensations_other BEFORE INSERT ON finding_compensations FOR EACH ROW EXECUTE FUNCTION assay_finding_compensations_other();
CREATE TRIGGER finding_compensations_kept BEFORE UPDATE ON finding_compensations FOR EACH ROW
  EXECUTE FUNCTION assay_refuse('a compensating control is named, or no longer');
-- +goose StatementBegin
CREATE FUNCTION assay_finding_compensations_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM findings f WHERE f.id = NEW.finding_id AND f.test_id IS NOT NULL AND NOT assay_in_fieldwork(f.engagement_id) AND NOT EXISTS (SELECT 1 FROM freezes z WHERE z.engagement_id = f.engagement_id AND z.frozen_at < f.cycle_opened_at)) THEN
    RAISE EXCEPTION 'after the freeze no compensating control is named or taken back' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER finding_compensations_frozen BEFORE INSERT ON finding_compensations FOR EACH ROW EXECUTE FUNCTION assay_finding_compensations_frozen();
-- +goose StatementBegin
CREATE FUNCTION assay_finding_compensations_frozen_then() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM findings f WHERE f.id = OLD.finding_id AND f.test_id IS NOT NULL AND NOT assay_in_fieldwork(f.engagement_id) AND NOT EXISTS (SELECT 1 FROM freezes z WHERE z.engagement_id = f.engagement_id AND z.frozen_at < f.cycle_opened_at)) THEN
    RAISE EXCEPTION 'after the freeze no compensating control is named or taken back' USING ERRCODE = 'check_violation';
  END IF;
  RETURN OLD;
END $$;
-- +goose StatementEnd
CREATE TRIGGER finding_compensations_frozen_then BEFORE DELETE ON finding_compensations FOR EACH ROW EXECUTE FUNCTION assay_finding_compensations_frozen_then();
-- +goose StatementBegin
CREATE FUNCTION assay_control_tests_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.retests_id IS NOT NULL AND NEW.population_id IS NOT NULL AND EXISTS (SELECT 1 FROM control_tests t WHERE t.id = NEW.retests_id AND (t.population_id = NEW.population_id OR EXISTS (SELECT 1 FROM test_samples l WHERE l.test_id = t.id AND l.population_id = NEW.population_id))) THEN
    RAISE EXCEPTION 'a retest has a population of its own' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER control_tests_again BEFORE UPDATE ON control_tests FOR EACH ROW EXECUTE FUNCTION assay_control_tests_again();
-- +goose StatementBegin
CREATE FUNCTION assay_control_tests_retest() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.retests_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM control_tests t WHERE t.id = NEW.retests_id AND t.engagement_id = NEW.engagement_id AND t.control_id = NEW.control_id AND (NEW.retest_letter = '' AND t.design = 'inadequate' OR EXISTS (SELECT 1 FROM test_results r WHERE r.test_id = t.id AND r.item_id = NEW.retest_item AND r.letter = NEW.retest_letter AND r.result = 'deviation'))) THEN
    RAISE EXCEPTION 'a retest is of a deviation of the same control' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER control_tests_retest BEFORE INSERT ON control_tests FOR EACH ROW EXECUTE FUNCTION assay_control_tests_retest();
-- +goose StatementBegin
CREATE FUNCTION assay_control_tests_retests() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.retests_id IS DISTINCT FROM OLD.retests_id OR NEW.retest_item <> OLD.retest_item OR NEW.retest_letter <> OLD.retest_letter THEN
    RAISE EXCEPTION 'what a test is of never changes' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER control_tests_retests BEFORE UPDATE ON control_tests FOR EACH ROW EXECUTE FUNCTION assay_control_tests_retests();
-- +goose StatementBegin
CREATE FUNCTION assay_test_samples_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM control_tests t JOIN control_tests b ON b.id = t.retests_id WHERE t.id = NEW.test_id AND (b.population_id = NEW.population_id OR EXISTS (SELECT 1 FROM test_samples l WHERE l.test_id = b.id AND (l.population_id = NEW.population_id OR l.sample_id = NEW.sample_id)))) THEN
    RAISE EXCEPTION 'a retest has a sample of its own' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER test_samples_again BEFORE INSERT ON test_samples FOR EACH ROW EXECUTE FUNCTION assay_test_samples_again();
