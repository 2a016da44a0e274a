-- A result is of what the test looks at now, and one of a draw that was made again stays as it is.
-- +goose Up
DROP TRIGGER test_results_item ON test_results;
DROP FUNCTION assay_test_results_item();
-- +goose StatementBegin
CREATE FUNCTION assay_test_samples_whole() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.whole_item <> 0) <> EXISTS (SELECT 1 FROM samples s WHERE s.id = NEW.sample_id AND s.method = 'full') THEN
    RAISE EXCEPTION 'a full population, and nothing else, has an item that is all of it' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER test_samples_whole BEFORE INSERT ON test_samples FOR EACH ROW EXECUTE FUNCTION assay_test_samples_whole();
-- +goose StatementBegin
CREATE FUNCTION assay_test_samples_whole_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.whole_item <> OLD.whole_item THEN
    RAISE EXCEPTION 'a link to a sample only ends' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER test_samples_whole_kept BEFORE UPDATE ON test_samples FOR EACH ROW EXECUTE FUNCTION assay_test_samples_whole_kept();
-- +goose StatementBegin
CREATE FUNCTION assay_test_results_of_draw() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.item_id > 0 AND NOT EXISTS (SELECT 1 FROM test_samples l JOIN sample_items i ON i.sample_id = l.sample_id WHERE l.test_id = NEW.test_id AND l.ended_at IS NULL AND i.id = NEW.item_id) OR NEW.item_id < 0 AND NOT EXISTS (SELECT 1 FROM test_samples l WHERE l.test_id = NEW.test_id AND l.ended_at IS NULL AND l.whole_item = NEW.item_id) OR NEW.item_id = 0 AND NOT EXISTS (SELECT 1 FROM control_tests t WHERE t.id = NEW.test_id AND t.automated AND NOT EXISTS (SELECT 1 FROM test_samples l WHERE l.test_id = t.id AND l.ended_at IS NULL)) AND NOT EXISTS (SELECT 1 FROM test_samples l JOIN samples s ON s.id = l.sample_id WHERE l.test_id = NEW.test_id AND l.ended_at IS NULL AND s.method = 'full' AND l.whole_item = 0) OR EXISTS (SELECT 1 FROM sample_exclusions x WHERE x.item_id = NEW.item_id) THEN
    RAISE EXCEPTION 'a result is of an item that counts' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER test_results_of_draw BEFORE INSERT ON test_results FOR EACH ROW EXECUTE FUNCTION assay_test_results_of_draw();
-- +goose StatementBegin
CREATE FUNCTION assay_test_results_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM test_samples l WHERE l.test_id = OLD.test_id AND l.ended_at IS NOT NULL AND (OLD.item_id < 0 AND l.whole_item = OLD.item_id OR OLD.item_id > 0 AND EXISTS (SELECT 1 FROM sample_items i WHERE i.id = OLD.item_id AND i.sample_id = l.sample_id))) THEN
    RAISE EXCEPTION 'what was found in a draw that was made again stays' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER test_results_ended BEFORE UPDATE ON test_results FOR EACH ROW EXECUTE FUNCTION assay_test_results_ended();
