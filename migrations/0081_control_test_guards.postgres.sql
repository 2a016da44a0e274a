-- Who writes a test, when, and what of it stays. A company role may write none of it.
-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION assay_control_tests_by() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM engagement_auditors g WHERE g.engagement_id = NEW.engagement_id AND g.person_id = NEW.auditor_id AND (NEW.entered_by = NEW.auditor_id AND g.fieldwork_by IS NOT NULL OR NEW.entered_by <> NEW.auditor_id AND EXISTS (SELECT 1 FROM people p WHERE p.id = NEW.entered_by AND p.role = 'compliance_manager'))) THEN
    RAISE EXCEPTION 'tests are written by an auditor of the engagement, or brought in for one by a compliance manager' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER control_tests_by BEFORE INSERT ON control_tests FOR EACH ROW EXECUTE FUNCTION assay_control_tests_by();
-- +goose StatementBegin
CREATE FUNCTION assay_test_rounds_by() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM engagement_auditors g WHERE g.engagement_id = NEW.engagement_id AND g.person_id = NEW.auditor_id AND (NEW.entered_by = NEW.auditor_id AND g.fieldwork_by IS NOT NULL OR NEW.entered_by <> NEW.auditor_id AND EXISTS (SELECT 1 FROM people p WHERE p.id = NEW.entered_by AND p.role = 'compliance_manager'))) THEN
    RAISE EXCEPTION 'tests are written by an auditor of the engagement, or brought in for one by a compliance manager' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER test_rounds_by BEFORE INSERT ON test_rounds FOR EACH ROW EXECUTE FUNCTION assay_test_rounds_by();
-- +goose StatementBegin
CREATE FUNCTION assay_test_samples_by() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM engagement_auditors g WHERE g.engagement_id = NEW.engagement_id AND g.person_id = NEW.auditor_id AND (NEW.entered_by = NEW.auditor_id AND g.fieldwork_by IS NOT NULL OR NEW.entered_by <> NEW.auditor_id AND EXISTS (SELECT 1 FROM people p WHERE p.id = NEW.entered_by AND p.role = 'compliance_manager'))) THEN
    RAISE EXCEPTION 'tests are written by an auditor of the engagement, or brought in for one by a compliance manager' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER test_samples_by BEFORE INSERT ON test_samples FOR EACH ROW EXECUTE FUNCTION assay_test_samples_by();
-- +goose StatementBegin
CREATE FUNCTION assay_test_results_by() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM engagement_auditors g WHERE g.engagement_id = NEW.engagement_id AND g.person_id = NEW.auditor_id AND (NEW.entered_by = NEW.auditor_id AND g.fieldwork_by IS NOT NULL OR NEW.entered_by <> NEW.auditor_id AND EXISTS (SELECT 1 FROM people p WHERE p.id = NEW.entered_by AND p.role = 'compliance_manager'))) THEN
    RAISE EXCEPTION 'tests are written by an auditor of the engagement, or brought in for one by a compliance manager' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER test_results_by BEFORE INSERT ON test_results FOR EACH ROW EXECUTE FUNCTION assay_test_results_by();
-- +goose StatementBegin
CREATE FUNCTION assay_test_evidence_by() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM engagement_auditors g WHERE g.engagement_id = NEW.engagement_id AND g.person_id = NEW.auditor_id AND (NEW.entered_by = NEW.auditor_id AND g.fieldwork_by IS NOT NULL OR NEW.entered_by <> NEW.auditor_id AND EXISTS (SELECT 1 FROM people p WHERE p.id = NEW.entered_by AND p.role = 'compliance_manager'))) THEN
    RAISE EXCEPTION 'tests are written by an auditor of the engagement, or brought in for one by a compliance manager' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER test_evidence_by BEFORE INSERT ON test_evidence FOR EACH ROW EXECUTE FUNCTION assay_test_evidence_by();
-- +goose StatementBegin
CREATE FUNCTION assay_test_notes_by() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM engagement_auditors g WHERE g.engagement_id = NEW.engagement_id AND g.person_id = NEW.auditor_id AND (NEW.entered_by = NEW.auditor_id AND g.fieldwork_by IS NOT NULL OR NEW.entered_by <> NEW.auditor_id AND EXISTS (SELECT 1 FROM people p WHERE p.id = NEW.entered_by AND p.role = 'compliance_manager'))) THEN
    RAISE EXCEPTION 'tests are written by an auditor of the engagement, or brought in for one by a compliance manager' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER test_notes_by BEFORE INSERT ON test_notes FOR EACH ROW EXECUTE FUNCTION assay_test_notes_by();
-- +goose StatementBegin
CREATE FUNCTION assay_test_results_by_then() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM engagement_auditors g WHERE g.engagement_id = NEW.engagement_id AND g.person_id = NEW.auditor_id AND (NEW.entered_by = NEW.auditor_id AND g.fieldwork_by IS NOT NULL OR NEW.entered_by <> NEW.auditor_id AND EXISTS (SELECT 1 FROM people p WHERE p.id = NEW.entered_by AND p.role = 'compliance_manager'))) THEN
    RAISE EXCEPTION 'tests are written by an auditor of the engagement, or brought in for one by a compliance manager' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER test_results_by_then BEFORE UPDATE OF auditor_id, entered_by ON test_results FOR EACH ROW EXECUTE FUNCTION assay_test_results_by_then();
-- +goose StatementBegin
CREATE FUNCTION assay_test_notes_by_then() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM engagement_auditors g WHERE g.engagement_id = NEW.engagement_id AND g.person_id = NEW.auditor_id AND (NEW.entered_by = NEW.auditor_id AND g.fieldwork_by IS NOT NULL OR NEW.entered_by <> NEW.auditor_id AND EXISTS (SELECT 1 FROM people p WHERE p.id = NEW.entered_by AND p.role = 'compliance_manager'))) THEN
    RAISE EXCEPTION 'tests are written by an auditor of the engagement, or brought in for one by a compliance manager' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER test_notes_by_then BEFORE UPDATE OF auditor_id, entered_by ON test_notes FOR EACH ROW EXECUTE FUNCTION assay_test_notes_by_then();
-- +goose StatementBegin
CREATE FUNCTION assay_test_rounds_designed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.designed_by IS NOT NULL AND NOT EXISTS (SELECT 1 FROM engagement_auditors g WHERE g.engagement_id = NEW.engagement_id AND g.person_id = NEW.designed_by AND (NEW.designed_entry = NEW.designed_by AND g.fieldwork_by IS NOT NULL OR NEW.designed_entry <> NEW.designed_by AND EXISTS (SELECT 1 FROM people p WHERE p.id = NEW.designed_entry AND p.role = 'compliance_manager'))) THEN
    RAISE EXCEPTION 'tests are written by an auditor of the engagement, or brought in for one by a compliance manager' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER test_rounds_designed BEFORE UPDATE OF designed_by, designed_entry ON test_rounds FOR EACH ROW EXECUTE FUNCTION assay_test_rounds_designed();
-- +goose StatementBegin
CREATE FUNCTION assay_test_rounds_concluded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.concluded_by IS NOT NULL AND NOT EXISTS (SELECT 1 FROM engagement_auditors g WHERE g.engagement_id = NEW.engagement_id AND g.person_id = NEW.concluded_by AND (NEW.concluded_entry = NEW.concluded_by AND g.fieldwork_by IS NOT NULL OR NEW.concluded_entry <> NEW.concluded_by AND EXISTS (SELECT 1 FROM people p WHERE p.id = NEW.concluded_entry AND p.role = 'compliance_manager'))) THEN
    RAISE EXCEPTION 'tests are written by an auditor of the engagement, or brought in for one by a compliance manager' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER test_rounds_concluded BEFORE UPDATE OF concluded_by, concluded_entry ON test_rounds FOR EACH ROW EXECUTE FUNCTION assay_test_rounds_concluded();
-- +goose StatementBegin
CREATE FUNCTION assay_test_rounds_reviewed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.reviewed_by IS NOT NULL AND NOT EXISTS (SELECT 1 FROM engagement_auditors g WHERE g.engagement_id = NEW.engagement_id AND g.person_id = NEW.reviewed_by AND (NEW.reviewed_entry = NEW.reviewed_by AND g.fieldwork_by IS NOT NULL OR NEW.reviewed_entry <> NEW.reviewed_by AND EXISTS (SELECT 1 FROM people p WHERE p.id = NEW.reviewed_entry AND p.role = 'compliance_manager'))) THEN
    RAISE EXCEPTION 'tests are written by an auditor of the engagement, or brought in for one by a compliance manager' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER test_rounds_reviewed BEFORE UPDATE OF reviewed_by, reviewed_entry ON test_rounds FOR EACH ROW EXECUTE FUNCTION assay_test_rounds_reviewed();
-- +goose StatementBegin
CREATE FUNCTION assay_test_rounds_of() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM control_tests t WHERE t.id = NEW.test_id AND t.engagement_id = NEW.engagement_id) THEN
    RAISE EXCEPTION 'a part of a test belongs to its engagement' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER test_rounds_of BEFORE INSERT ON test_rounds FOR EACH ROW EXECUTE FUNCTION assay_test_rounds_of();
-- +goose StatementBegin
CREATE FUNCTION assay_test_samples_of() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM control_tests t WHERE t.id = NEW.test_id AND t.engagement_id = NEW.engagement_id) THEN
    RAISE EXCEPTION 'a part of a test belongs to its engagement' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER test_samples_of BEFORE INSERT ON test_samples FOR EACH ROW EXECUTE FUNCTION assay_test_samples_of();
-- +goose StatementBegin
CREATE FUNCTION assay_test_results_of() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM control_tests t WHERE t.id = NEW.test_id AND t.engagement_id = NEW.engagement_id) THEN
    RAISE EXCEPTION 'a part of a test belongs to its engagement' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER test_results_of BEFORE INSERT ON test_results FOR EACH ROW EXECUTE FUNCTION assay_test_results_of();
-- +goose StatementBegin
CREATE FUNCTION assay_test_evidence_of() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM control_tests t WHERE t.id = NEW.test_id AND t.engagement_id = NEW.engagement_id) THEN
    RAISE EXCEPTION 'a part of a test belongs to its engagement' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER test_evidence_of BEFORE INSERT ON test_evidence FOR EACH ROW EXECUTE FUNCTION assay_test_evidence_of();
-- +goose StatementBegin
CREATE FUNCTION assay_test_notes_of() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM control_tests t WHERE t.id = NEW.test_id AND t.engagement_id = NEW.engagement_id) THEN
    RAISE EXCEPTION 'a part of a test belongs to its engagement' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER test_notes_of BEFORE INSERT ON test_notes FOR EACH ROW EXECUTE FUNCTION assay_test_notes_of();
-- +goose StatementBegin
CREATE FUNCTION assay_control_tests_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id AND e.status IN ('issued', 'archived', 'cancelled')) THEN
    RAISE EXCEPTION 'after issue no test changes' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER control_tests_open BEFORE INSERT ON control_tests FOR EACH ROW EXECUTE FUNCTION assay_control_tests_open();
-- +goose StatementBegin
CREATE FUNCTION assay_control_tests_issued() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM engagements e WHERE e.id = OLD.engagement_id AND e.status IN ('issued', 'archived', 'cancelled')) THEN
    RAISE EXCEPTION 'after issue no test changes' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER control_tests_issued BEFORE UPDATE ON control_tests FOR EACH ROW EXECUTE FUNCTION assay_control_tests_issued();
-- +goose StatementBegin
CREATE FUNCTION assay_test_rounds_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id AND e.status IN ('issued', 'archived', 'cancelled')) THEN
    RAISE EXCEPTION 'after issue no test changes' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER test_rounds_open BEFORE INSERT ON test_rounds FOR EACH ROW EXECUTE FUNCTION assay_test_rounds_open();
-- +goose StatementBegin
CREATE FUNCTION assay_test_rounds_issued() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM engagements e WHERE e.id = OLD.engagement_id AND e.status IN ('issued', 'archived', 'cancelled')) THEN
    RAISE EXCEPTION 'after issue no test changes' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER test_rounds_issued BEFORE UPDATE ON test_rounds FOR EACH ROW EXECUTE FUNCTION assay_test_rounds_issued();
-- +goose StatementBegin
CREATE FUNCTION assay_test_samples_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id AND e.status IN ('issued', 'archived', 'cancelled')) THEN
    RAISE EXCEPTION 'after issue no test changes' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER test_samples_open BEFORE INSERT ON test_samples FOR EACH ROW EXECUTE FUNCTION assay_test_samples_open();
-- +goose StatementBegin
CREATE FUNCTION assay_test_samples_issued() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM engagements e WHERE e.id = OLD.engagement_id AND e.status IN ('issued', 'archived', 'cancelled')) THEN
    RAISE EXCEPTION 'after issue no test changes' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER test_samples_issued BEFORE UPDATE ON test_samples FOR EACH ROW EXECUTE FUNCTION assay_test_samples_issued();
-- +goose StatementBegin
CREATE FUNCTION assay_test_results_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id AND e.status IN ('issued', 'archived', 'cancelled')) THEN
    RAISE EXCEPTION 'after issue no test changes' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER test_results_open BEFORE INSERT ON test_results FOR EACH ROW EXECUTE FUNCTION assay_test_results_open();
-- +goose StatementBegin
CREATE FUNCTION assay_test_results_issued() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM engagements e WHERE e.id = OLD.engagement_id AND e.status IN ('issued', 'archived', 'cancelled')) THEN
    RAISE EXCEPTION 'after issue no test changes' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER test_results_issued BEFORE UPDATE ON test_results FOR EACH ROW EXECUTE FUNCTION assay_test_results_issued();
-- +goose StatementBegin
CREATE FUNCTION assay_test_evidence_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id AND e.status IN ('issued', 'archived', 'cancelled')) THEN
    RAISE EXCEPTION 'after issue no test changes' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER test_evidence_open BEFORE INSERT ON test_evidence FOR EACH ROW EXECUTE FUNCTION assay_test_evidence_open();
CREATE TRIGGER control_tests_stay BEFORE DELETE ON control_tests FOR EACH ROW
  EXECUTE FUNCTION assay_refuse('a test is never removed');
CREATE TRIGGER test_rounds_stay BEFORE DELETE ON test_rounds FOR EACH ROW
  EXECUTE FUNCTION assay_refuse('a test is never removed');
CREATE TRIGGER test_samples_stay BEFORE DELETE ON test_samples FOR EACH ROW
  EXECUTE FUNCTION assay_refuse('a test is never removed');
CREATE TRIGGER test_results_stay BEFORE DELETE ON test_results FOR EACH ROW
  EXECUTE FUNCTION assay_refuse('a test is never removed');
CREATE TRIGGER test_notes_stay BEFORE DELETE ON test_notes FOR EACH ROW WHEN (OLD.shared_at IS NOT NULL)
  EXECUTE FUNCTION assay_refuse('what was shared stays');
CREATE TRIGGER test_notes_kept BEFORE UPDATE ON test_notes FOR EACH ROW WHEN (OLD.shared_at IS NOT NULL)
  EXECUTE FUNCTION assay_refuse('what was shared stays');
CREATE TRIGGER control_tests_whose BEFORE UPDATE ON control_tests FOR EACH ROW WHEN (NEW.engagement_id <> OLD.engagement_id OR NEW.control_id <> OLD.control_id OR NEW.first_version <> OLD.first_version OR NEW.automated <> OLD.automated OR NEW.retest <> OLD.retest)
  EXECUTE FUNCTION assay_refuse('what a test is of never changes');
CREATE TRIGGER control_tests_moves BEFORE UPDATE ON control_tests FOR EACH ROW WHEN (NOT (OLD.status = 'planned' AND NEW.status IN ('planned', 'design_concluded', 'concluded') OR OLD.status = 'design_concluded' AND NEW.status IN ('design_concluded', 'population_locked', 'sampled', 'concluded') OR OLD.status = 'population_locked' AND NEW.status IN ('population_locked', 'sampled', 'concluded') OR OLD.status = 'sampled' AND NEW.status IN ('sampled', 'testing', 'concluded') OR OLD.status = 'testing' AND NEW.status IN ('testing', 'concluded') OR OLD.status = 'concluded' AND NEW.status IN ('concluded', 'reviewed', 'testing', 'population_locked', 'planned') OR OLD.status = 'reviewed' AND NEW.status IN ('reviewed', 'testing', 'population_locked', 'planned')))
  EXECUTE FUNCTION assay_refuse('a test goes from state to state');
CREATE TRIGGER control_tests_rounds BEFORE UPDATE ON control_tests FOR EACH ROW WHEN (OLD.status IN ('concluded', 'reviewed') AND NEW.status NOT IN ('concluded', 'reviewed') AND NEW.round <> OLD.round + 1 OR (NEW.status = OLD.status OR NEW.status IN ('concluded', 'reviewed')) AND NEW.round <> OLD.round)
  EXECUTE FUNCTION assay_refuse('a test is opened again as its next round');
CREATE TRIGGER control_tests_attributes BEFORE UPDATE ON control_tests FOR EACH ROW WHEN (OLD.sampled_at IS NOT NULL AND (NEW.attributes <> OLD.attributes OR NEW.fixed_at <> OLD.fixed_at OR NEW.sampled_at IS NULL))
  EXECUTE FUNCTION assay_refuse('attributes are fixed before the selection');
CREATE TRIGGER control_tests_said BEFORE UPDATE ON control_tests FOR EACH ROW WHEN (OLD.conclusion <> '' AND NEW.conclusion <> '' AND (NEW.conclusion <> OLD.conclusion OR NEW.words <> OLD.words))
  EXECUTE FUNCTION assay_refuse('a conclusion stands until the test is opened again');
-- +goose StatementBegin
CREATE FUNCTION assay_control_tests_walked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status = 'design_concluded' AND OLD.status = 'planned' AND NOT EXISTS (SELECT 1 FROM test_evidence l WHERE l.test_id = NEW.id AND l.purpose = 'walkthrough') THEN
    RAISE EXCEPTION 'a design is concluded on a walkthrough with evidence' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER control_tests_walked BEFORE UPDATE ON control_tests FOR EACH ROW EXECUTE FUNCTION assay_control_tests_walked();
-- +goose StatementBegin
CREATE FUNCTION assay_control_tests_population() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.population_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM populations p WHERE p.id = NEW.population_id AND p.status = 'locked' AND p.engagement_id = NEW.engagement_id AND p.control_id = NEW.control_id) THEN
    RAISE EXCEPTION 'a test is of a locked population of its control' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER control_tests_population BEFORE UPDATE ON control_tests FOR EACH ROW EXECUTE FUNCTION assay_control_tests_population();
-- +goose StatementBegin
CREATE FUNCTION assay_control_tests_empty() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.conclusion IN ('operated_effectively', 'exceptions_noted') AND NOT EXISTS (SELECT 1 FROM test_results r WHERE r.test_id = NEW.id AND r.result <> '') THEN
    RAISE EXCEPTION 'nothing that was not tested operated effectively' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER control_tests_empty BEFORE UPDATE ON control_tests FOR EACH ROW EXECUTE FUNCTION assay_control_tests_empty();
-- +goose StatementBegin
CREATE FUNCTION assay_control_tests_happened() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.conclusion = 'did_not_operate' AND OLD.conclusion = '' AND NOT EXISTS (SELECT 1 FROM populations p WHERE p.id = NEW.population_id AND p.row_count = 0) THEN
    RAISE EXCEPTION 'only what had no occurrence did not operate' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER control_tests_happened BEFORE UPDATE ON control_tests FOR EACH ROW EXECUTE FUNCTION assay_control_tests_happened();
-- +goose StatementBegin
CREATE FUNCTION assay_test_rounds_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.reviewed_at IS NOT NULL OR EXISTS (SELECT 1 FROM test_rounds r WHERE r.test_id = OLD.test_id AND r.number > OLD.number) OR OLD.conclusion <> '' AND (NEW.conclusion <> OLD.conclusion OR NEW.words <> OLD.words OR NEW.basis <> OLD.basis OR NEW.concluded_by <> OLD.concluded_by) THEN
    RAISE EXCEPTION 'an earlier round stays as it was' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER test_rounds_kept BEFORE UPDATE ON test_rounds FOR EACH ROW EXECUTE FUNCTION assay_test_rounds_kept();
-- +goose StatementBegin
CREATE FUNCTION assay_test_results_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM control_tests t WHERE t.id = OLD.test_id AND t.round = OLD.round AND t.status IN ('sampled', 'testing')) OR NEW.test_id <> OLD.test_id OR NEW.item_id <> OLD.item_id OR NEW.letter <> OLD.letter OR NEW.round <> OLD.round THEN
    RAISE EXCEPTION 'a result changes only while its round is tested' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER test_results_kept BEFORE UPDATE ON test_results FOR EACH ROW EXECUTE FUNCTION assay_test_results_kept();
-- +goose StatementBegin
CREATE FUNCTION assay_test_results_while() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM control_tests t WHERE t.id = NEW.test_id AND t.round = NEW.round AND t.status IN ('sampled', 'testing')) THEN
    RAISE EXCEPTION 'a result is set only while its round is tested' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER test_results_while BEFORE INSERT ON test_results FOR EACH ROW EXECUTE FUNCTION assay_test_results_while();
-- +goose StatementBegin
CREATE FUNCTION assay_test_results_item() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.item_id <> 0 AND NOT EXISTS (SELECT 1 FROM test_samples l JOIN sample_items i ON i.sample_id = l.sample_id WHERE l.test_id = NEW.test_id AND l.ended_at IS NULL AND i.id = NEW.item_id) OR EXISTS (SELECT 1 FROM sample_exclusions x WHERE x.item_id = NEW.item_id) THEN
    RAISE EXCEPTION 'a result is of an item that counts' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER test_results_item BEFORE INSERT ON test_results FOR EACH ROW EXECUTE FUNCTION assay_test_results_item();
-- +goose StatementBegin
CREATE FUNCTION assay_test_samples_after() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM control_tests t JOIN populations p ON p.engagement_id = t.engagement_id AND p.control_id = t.control_id JOIN samples s ON s.population_id = p.id WHERE t.id = NEW.test_id AND p.id = NEW.population_id AND s.id = NEW.sample_id AND p.status = 'locked' AND p.text_digest = NEW.digest AND t.fixed_at <= s.drawn_at AND t.status IN ('population_locked', 'sampled', 'testing')) THEN
    RAISE EXCEPTION 'a sample is drawn after the attributes were fixed, from a locked population of the control' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER test_samples_after BEFORE INSERT ON test_samples FOR EACH ROW EXECUTE FUNCTION assay_test_samples_after();
CREATE TRIGGER test_evidence_kept BEFORE UPDATE ON test_evidence FOR EACH ROW
  EXECUTE FUNCTION assay_refuse('a link says for ever what was linked');
-- +goose StatementBegin
CREATE FUNCTION assay_test_evidence_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM control_tests t WHERE t.id = OLD.test_id AND t.round = 1 AND t.status NOT IN ('concluded', 'reviewed')) THEN
    RAISE EXCEPTION 'what a conclusion rests on stays linked' USING ERRCODE = 'check_violation';
  END IF;
  RETURN OLD;
END $$;
-- +goose StatementEnd
CREATE TRIGGER test_evidence_stays BEFORE DELETE ON test_evidence FOR EACH ROW EXECUTE FUNCTION assay_test_evidence_stays();
-- +goose StatementBegin
CREATE FUNCTION assay_test_evidence_while() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM control_tests t WHERE t.id = NEW.test_id AND t.status IN ('concluded', 'reviewed')) THEN
    RAISE EXCEPTION 'what a conclusion rests on stays linked' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER test_evidence_while BEFORE INSERT ON test_evidence FOR EACH ROW EXECUTE FUNCTION assay_test_evidence_while();
CREATE TRIGGER control_tests_begin BEFORE INSERT ON control_tests FOR EACH ROW WHEN (NEW.status <> 'planned' OR NEW.round <> 1 OR NEW.design <> '' OR NEW.population_id IS NOT NULL OR NEW.sampled_at IS NOT NULL)
  EXECUTE FUNCTION assay_refuse('a test begins as planned');
CREATE TRIGGER test_samples_kept BEFORE UPDATE ON test_samples FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL OR NEW.test_id <> OLD.test_id OR NEW.sample_id <> OLD.sample_id OR NEW.digest <> OLD.digest OR NEW.population_id <> OLD.population_id)
  EXECUTE FUNCTION assay_refuse('a link to a sample only ends');
