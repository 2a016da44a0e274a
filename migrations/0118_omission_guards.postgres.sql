-- An omission is of the control's own population, from a version that replaces another, and no
-- conclusion says that there was none.
-- +goose Up
DROP TRIGGER finding_cells_deviates ON finding_cells;
DROP TRIGGER control_tests_retest ON control_tests;
-- +goose StatementBegin
CREATE FUNCTION assay_finding_cells_deviate_or_omit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.letter <> '' AND NOT EXISTS (SELECT 1 FROM test_results r WHERE r.test_id = NEW.test_id AND r.item_id = NEW.item_id AND r.letter = NEW.letter AND r.result = 'deviation' AND NOT EXISTS (SELECT 1 FROM test_results n WHERE n.test_id = r.test_id AND n.item_id = r.item_id AND n.letter = r.letter AND n.round > r.round)) OR NEW.letter = '' AND NEW.population_id IS NULL AND NOT EXISTS (SELECT 1 FROM control_tests t WHERE t.id = NEW.test_id AND t.design = 'inadequate') OR NEW.population_id IS NOT NULL AND (NEW.letter <> '' OR NEW.item_id <> 0 OR NEW.item_key = '' OR NOT EXISTS (SELECT 1 FROM populations p JOIN control_tests t ON t.control_id = p.control_id AND t.engagement_id = p.engagement_id WHERE p.id = NEW.population_id AND p.status = 'locked' AND p.replaces_id IS NOT NULL AND t.id = NEW.test_id AND t.status NOT IN ('concluded', 'reviewed'))) THEN
    RAISE EXCEPTION 'an exception is raised from a deviation, from a design that is inadequate, or from a row that the population omitted' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER finding_cells_deviate_or_omit BEFORE INSERT ON finding_cells FOR EACH ROW EXECUTE FUNCTION assay_finding_cells_deviate_or_omit();
-- +goose StatementBegin
CREATE FUNCTION assay_finding_cells_population() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.population_id IS DISTINCT FROM OLD.population_id THEN
    RAISE EXCEPTION 'an omission stays that of its population' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER finding_cells_population BEFORE UPDATE ON finding_cells FOR EACH ROW EXECUTE FUNCTION assay_finding_cells_population();
-- +goose StatementBegin
CREATE FUNCTION assay_control_tests_omission() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status = 'concluded' AND OLD.status <> 'concluded' AND NEW.conclusion IN ('operated_effectively', 'did_not_operate') AND EXISTS (SELECT 1 FROM finding_cells c WHERE c.test_id = NEW.id AND c.population_id IS NOT NULL AND c.ended_at IS NULL) THEN
    RAISE EXCEPTION 'an exception stands on a row that the population omitted; it is dismissed first' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER control_tests_omission BEFORE UPDATE ON control_tests FOR EACH ROW EXECUTE FUNCTION assay_control_tests_omission();
-- +goose StatementBegin
CREATE FUNCTION assay_control_tests_retest_of() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.retests_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM control_tests t WHERE t.id = NEW.retests_id AND t.engagement_id = NEW.engagement_id AND t.control_id = NEW.control_id AND (NEW.retest_letter = '' AND t.design = 'inadequate' OR NEW.retest_letter = '' AND EXISTS (SELECT 1 FROM finding_cells c WHERE c.test_id = t.id AND c.population_id IS NOT NULL AND c.ended_at IS NULL) OR EXISTS (SELECT 1 FROM test_results r WHERE r.test_id = t.id AND r.item_id = NEW.retest_item AND r.letter = NEW.retest_letter AND r.result = 'deviation'))) THEN
    RAISE EXCEPTION 'a retest is of a deviation of the same control' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER control_tests_retest_of BEFORE INSERT ON control_tests FOR EACH ROW EXECUTE FUNCTION assay_control_tests_retest_of();
