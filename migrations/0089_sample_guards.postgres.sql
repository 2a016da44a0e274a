-- What is selected belongs to the engagement of its population and to one of its auditors;
-- the record is accepted once, after the lock, and a draw follows it.
-- +goose Up
CREATE TRIGGER population_acceptances_kept BEFORE UPDATE ON population_acceptances FOR EACH ROW
  EXECUTE FUNCTION assay_refuse('an acceptance never changes');
CREATE TRIGGER population_acceptances_stay BEFORE DELETE ON population_acceptances FOR EACH ROW
  EXECUTE FUNCTION assay_refuse('an acceptance never changes');
-- +goose StatementBegin
CREATE FUNCTION assay_samples_within() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.engagement_id <> 0 AND NOT EXISTS (SELECT 1 FROM populations p WHERE p.id = NEW.population_id AND p.engagement_id = NEW.engagement_id) THEN
    RAISE EXCEPTION 'what is selected belongs to the engagement of its population' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER samples_within BEFORE INSERT ON samples FOR EACH ROW EXECUTE FUNCTION assay_samples_within();
-- +goose StatementBegin
CREATE FUNCTION assay_sample_items_within() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.engagement_id <> 0 AND NOT EXISTS (SELECT 1 FROM populations p WHERE p.id = NEW.population_id AND p.engagement_id = NEW.engagement_id) THEN
    RAISE EXCEPTION 'what is selected belongs to the engagement of its population' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER sample_items_within BEFORE INSERT ON sample_items FOR EACH ROW EXECUTE FUNCTION assay_sample_items_within();
-- +goose StatementBegin
CREATE FUNCTION assay_sample_exclusions_within() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.engagement_id <> 0 AND NOT EXISTS (SELECT 1 FROM populations p WHERE p.id = NEW.population_id AND p.engagement_id = NEW.engagement_id) THEN
    RAISE EXCEPTION 'what is selected belongs to the engagement of its population' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER sample_exclusions_within BEFORE INSERT ON sample_exclusions FOR EACH ROW EXECUTE FUNCTION assay_sample_exclusions_within();
-- +goose StatementBegin
CREATE FUNCTION assay_sample_extensions_within() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.engagement_id <> 0 AND NOT EXISTS (SELECT 1 FROM populations p WHERE p.id = NEW.population_id AND p.engagement_id = NEW.engagement_id) THEN
    RAISE EXCEPTION 'what is selected belongs to the engagement of its population' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER sample_extensions_within BEFORE INSERT ON sample_extensions FOR EACH ROW EXECUTE FUNCTION assay_sample_extensions_within();
-- +goose StatementBegin
CREATE FUNCTION assay_sample_exclusions_of_auditors() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM populations p JOIN engagement_auditors a ON a.engagement_id = p.engagement_id WHERE p.id = NEW.population_id AND a.person_id = NEW.auditor_id) THEN
    RAISE EXCEPTION 'a sample is an auditor''s of the engagement' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER sample_exclusions_of_auditors BEFORE INSERT ON sample_exclusions FOR EACH ROW EXECUTE FUNCTION assay_sample_exclusions_of_auditors();
-- +goose StatementBegin
CREATE FUNCTION assay_sample_extensions_of_auditors() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM populations p JOIN engagement_auditors a ON a.engagement_id = p.engagement_id WHERE p.id = NEW.population_id AND a.person_id = NEW.auditor_id) THEN
    RAISE EXCEPTION 'a sample is an auditor''s of the engagement' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER sample_extensions_of_auditors BEFORE INSERT ON sample_extensions FOR EACH ROW EXECUTE FUNCTION assay_sample_extensions_of_auditors();
-- +goose StatementBegin
CREATE FUNCTION assay_population_acceptances_of_auditors() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM populations p JOIN engagement_auditors a ON a.engagement_id = p.engagement_id WHERE p.id = NEW.population_id AND a.person_id = NEW.auditor_id) THEN
    RAISE EXCEPTION 'a sample is an auditor''s of the engagement' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER population_acceptances_of_auditors BEFORE INSERT ON population_acceptances FOR EACH ROW EXECUTE FUNCTION assay_population_acceptances_of_auditors();
-- +goose StatementBegin
CREATE FUNCTION assay_samples_accepted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.engagement_id <> 0 AND NOT EXISTS (SELECT 1 FROM population_acceptances a WHERE a.population_id = NEW.population_id AND a.accepted_at <= NEW.drawn_at) THEN
    RAISE EXCEPTION 'a sample is drawn after the record was accepted' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER samples_accepted BEFORE INSERT ON samples FOR EACH ROW EXECUTE FUNCTION assay_samples_accepted();
-- +goose StatementBegin
CREATE FUNCTION assay_population_acceptances_locked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM populations p WHERE p.id = NEW.population_id AND p.engagement_id = NEW.engagement_id AND p.status = 'locked' AND p.text_digest = NEW.digest AND p.locked_at <= NEW.accepted_at) THEN
    RAISE EXCEPTION 'an auditor accepts what was locked' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER population_acceptances_locked BEFORE INSERT ON population_acceptances FOR EACH ROW EXECUTE FUNCTION assay_population_acceptances_locked();
