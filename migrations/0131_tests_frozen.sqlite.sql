-- The freeze ends every test: what the binder says was found does not change any more. That a
-- test is shared with the company changes nothing of it.
-- +goose Up
-- +goose StatementBegin
CREATE TRIGGER control_tests_frozen BEFORE INSERT ON control_tests
WHEN EXISTS (SELECT 1 FROM freezes f WHERE f.engagement_id = NEW.engagement_id) BEGIN
  SELECT RAISE(ABORT, 'after the freeze no test changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER test_rounds_frozen BEFORE INSERT ON test_rounds
WHEN EXISTS (SELECT 1 FROM freezes f WHERE f.engagement_id = NEW.engagement_id) BEGIN
  SELECT RAISE(ABORT, 'after the freeze no test changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER test_samples_frozen BEFORE INSERT ON test_samples
WHEN EXISTS (SELECT 1 FROM freezes f WHERE f.engagement_id = NEW.engagement_id) BEGIN
  SELECT RAISE(ABORT, 'after the freeze no test changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER test_results_frozen BEFORE INSERT ON test_results
WHEN EXISTS (SELECT 1 FROM freezes f WHERE f.engagement_id = NEW.engagement_id) BEGIN
  SELECT RAISE(ABORT, 'after the freeze no test changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER test_evidence_frozen BEFORE INSERT ON test_evidence
WHEN EXISTS (SELECT 1 FROM freezes f WHERE f.engagement_id = NEW.engagement_id) BEGIN
  SELECT RAISE(ABORT, 'after the freeze no test changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER control_tests_frozen_then BEFORE UPDATE OF status, round, design, conclusion, words, attributes, population_id, sampled_at ON control_tests
WHEN EXISTS (SELECT 1 FROM freezes f WHERE f.engagement_id = NEW.engagement_id) BEGIN
  SELECT RAISE(ABORT, 'after the freeze no test changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER test_rounds_frozen_then BEFORE UPDATE ON test_rounds
WHEN EXISTS (SELECT 1 FROM freezes f WHERE f.engagement_id = NEW.engagement_id) BEGIN
  SELECT RAISE(ABORT, 'after the freeze no test changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER test_samples_frozen_then BEFORE UPDATE ON test_samples
WHEN EXISTS (SELECT 1 FROM freezes f WHERE f.engagement_id = NEW.engagement_id) BEGIN
  SELECT RAISE(ABORT, 'after the freeze no test changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER test_results_frozen_then BEFORE UPDATE ON test_results
WHEN EXISTS (SELECT 1 FROM freezes f WHERE f.engagement_id = NEW.engagement_id) BEGIN
  SELECT RAISE(ABORT, 'after the freeze no test changes');
END;
-- +goose StatementEnd
