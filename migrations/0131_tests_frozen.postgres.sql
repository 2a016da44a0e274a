-- The freeze ends every test: what the binder says was found does not change any more. That a
-- test is shared with the company changes nothing of it.
-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION assay_test_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM freezes f WHERE f.engagement_id = NEW.engagement_id) THEN
    RAISE EXCEPTION 'after the freeze no test changes' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER control_tests_frozen BEFORE INSERT ON control_tests
  FOR EACH ROW EXECUTE FUNCTION assay_test_frozen();
CREATE TRIGGER test_rounds_frozen BEFORE INSERT ON test_rounds
  FOR EACH ROW EXECUTE FUNCTION assay_test_frozen();
CREATE TRIGGER test_samples_frozen BEFORE INSERT ON test_samples
  FOR EACH ROW EXECUTE FUNCTION assay_test_frozen();
CREATE TRIGGER test_results_frozen BEFORE INSERT ON test_results
  FOR EACH ROW EXECUTE FUNCTION assay_test_frozen();
CREATE TRIGGER test_evidence_frozen BEFORE INSERT ON test_evidence
  FOR EACH ROW EXECUTE FUNCTION assay_test_frozen();
CREATE TRIGGER control_tests_frozen_then BEFORE UPDATE OF status, round, design, conclusion, words, attributes, population_id, sampled_at ON control_tests
  FOR EACH ROW EXECUTE FUNCTION assay_test_frozen();
CREATE TRIGGER test_rounds_frozen_then BEFORE UPDATE ON test_rounds
  FOR EACH ROW EXECUTE FUNCTION assay_test_frozen();
CREATE TRIGGER test_samples_frozen_then BEFORE UPDATE ON test_samples
  FOR EACH ROW EXECUTE FUNCTION assay_test_frozen();
CREATE TRIGGER test_results_frozen_then BEFORE UPDATE ON test_results
  FOR EACH ROW EXECUTE FUNCTION assay_test_frozen();
