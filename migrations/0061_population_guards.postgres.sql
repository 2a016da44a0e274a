-- A locked population, and whatever was selected from it, says for ever what it said.
-- There is no draw, and so no seed, before the lock; an item is only added by the draw, an
-- extension or a replacement; and one is excluded only from its own sample.
-- +goose Up
CREATE TRIGGER populations_kept BEFORE UPDATE ON populations FOR EACH ROW WHEN (OLD.status = 'locked')
  EXECUTE FUNCTION assay_refuse('a locked population never changes');
CREATE TRIGGER populations_stay BEFORE DELETE ON populations FOR EACH ROW WHEN (OLD.status = 'locked')
  EXECUTE FUNCTION assay_refuse('a locked population never changes');
CREATE TRIGGER samples_kept BEFORE UPDATE ON samples FOR EACH ROW
  EXECUTE FUNCTION assay_refuse('a draw never changes');
CREATE TRIGGER samples_stay BEFORE DELETE ON samples FOR EACH ROW
  EXECUTE FUNCTION assay_refuse('a draw never changes');
CREATE TRIGGER sample_items_kept BEFORE UPDATE ON sample_items FOR EACH ROW
  EXECUTE FUNCTION assay_refuse('an item of a sample never changes');
CREATE TRIGGER sample_items_stay BEFORE DELETE ON sample_items FOR EACH ROW
  EXECUTE FUNCTION assay_refuse('an item of a sample never changes');
CREATE TRIGGER sample_exclusions_kept BEFORE UPDATE ON sample_exclusions FOR EACH ROW
  EXECUTE FUNCTION assay_refuse('an exclusion never changes');
CREATE TRIGGER sample_exclusions_stay BEFORE DELETE ON sample_exclusions FOR EACH ROW
  EXECUTE FUNCTION assay_refuse('an exclusion never changes');
CREATE TRIGGER sample_extensions_kept BEFORE UPDATE ON sample_extensions FOR EACH ROW
  EXECUTE FUNCTION assay_refuse('an extension never changes');
CREATE TRIGGER sample_extensions_stay BEFORE DELETE ON sample_extensions FOR EACH ROW
  EXECUTE FUNCTION assay_refuse('an extension never changes');
-- +goose StatementBegin
CREATE FUNCTION assay_populations_next() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.replaces_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM populations p WHERE p.id = NEW.replaces_id AND p.status = 'locked' AND p.engagement_id = NEW.engagement_id AND p.control_id = NEW.control_id AND p.version = NEW.version - 1) THEN
    RAISE EXCEPTION 'a version follows a locked one of the same control' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER populations_next BEFORE INSERT ON populations FOR EACH ROW EXECUTE FUNCTION assay_populations_next();
-- +goose StatementBegin
CREATE FUNCTION assay_samples_after_lock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM populations p WHERE p.id = NEW.population_id AND p.status = 'locked' AND p.locked_at <= NEW.drawn_at) THEN
    RAISE EXCEPTION 'a sample is drawn after the lock' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER samples_after_lock BEFORE INSERT ON samples FOR EACH ROW EXECUTE FUNCTION assay_samples_after_lock();
-- +goose StatementBegin
CREATE FUNCTION assay_samples_of_auditors() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM populations p JOIN engagement_auditors a ON a.engagement_id = p.engagement_id WHERE p.id = NEW.population_id AND a.person_id = NEW.auditor_id) THEN
    RAISE EXCEPTION 'a sample is an auditor''s of the engagement' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER samples_of_auditors BEFORE INSERT ON samples FOR EACH ROW EXECUTE FUNCTION assay_samples_of_auditors();
-- +goose StatementBegin
CREATE FUNCTION assay_samples_redrawn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.redraws_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM samples s WHERE s.id = NEW.redraws_id AND s.population_id = NEW.population_id) THEN
    RAISE EXCEPTION 'a redraw is of the same population' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER samples_redrawn BEFORE INSERT ON samples FOR EACH ROW EXECUTE FUNCTION assay_samples_redrawn();
-- +goose StatementBegin
CREATE FUNCTION assay_sample_items_of() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM samples s WHERE s.id = NEW.sample_id AND s.population_id = NEW.population_id) THEN
    RAISE EXCEPTION 'an item belongs to a sample of its population' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER sample_items_of BEFORE INSERT ON sample_items FOR EACH ROW EXECUTE FUNCTION assay_sample_items_of();
-- +goose StatementBegin
CREATE FUNCTION assay_sample_exclusions_of() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM sample_items i WHERE i.id = NEW.item_id AND i.sample_id = NEW.sample_id AND i.population_id = NEW.population_id) THEN
    RAISE EXCEPTION 'an exclusion is of an item of its sample' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER sample_exclusions_of BEFORE INSERT ON sample_exclusions FOR EACH ROW EXECUTE FUNCTION assay_sample_exclusions_of();
-- +goose StatementBegin
CREATE FUNCTION assay_sample_extensions_of() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM samples s WHERE s.id = NEW.sample_id AND s.population_id = NEW.population_id AND s.method = 'random' AND s.size < NEW.size) OR EXISTS (SELECT 1 FROM sample_extensions x WHERE x.sample_id = NEW.sample_id AND x.size >= NEW.size) THEN
    RAISE EXCEPTION 'an extension is of a random sample, and longer than it was' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER sample_extensions_of BEFORE INSERT ON sample_extensions FOR EACH ROW EXECUTE FUNCTION assay_sample_extensions_of();
