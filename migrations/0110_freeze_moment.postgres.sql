-- The freeze finds exceptions settled, and what is selected at the same moment is in it or refused.
-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION assay_freezes_settled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM findings x WHERE x.engagement_id = NEW.engagement_id AND x.test_id IS NOT NULL AND x.status <> 'dismissed' AND (x.status = 'disputed' OR x.report_effect = 'undecided' OR NOT EXISTS (SELECT 1 FROM finding_responses r WHERE r.finding_id = x.id AND r.status = 'signed') OR EXISTS (SELECT 1 FROM finding_responses r WHERE r.finding_id = x.id AND r.status IN ('draft', 'approved')))) THEN
    RAISE EXCEPTION 'before the freeze disputes are settled, responses signed, and the effect of every exception on the report decided' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER freezes_settled BEFORE INSERT ON freezes FOR EACH ROW EXECUTE FUNCTION assay_freezes_settled();
-- +goose StatementBegin
CREATE FUNCTION assay_samples_in_fieldwork() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM populations p WHERE p.id = NEW.population_id AND assay_in_fieldwork(p.engagement_id)) THEN
    RAISE EXCEPTION 'the engagement is frozen, or not in fieldwork, so nothing is selected any more' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER samples_in_fieldwork BEFORE INSERT ON samples FOR EACH ROW EXECUTE FUNCTION assay_samples_in_fieldwork();
-- +goose StatementBegin
CREATE FUNCTION assay_sample_items_in_fieldwork() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM populations p WHERE p.id = NEW.population_id AND assay_in_fieldwork(p.engagement_id)) THEN
    RAISE EXCEPTION 'the engagement is frozen, or not in fieldwork, so nothing is selected any more' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER sample_items_in_fieldwork BEFORE INSERT ON sample_items FOR EACH ROW EXECUTE FUNCTION assay_sample_items_in_fieldwork();
-- +goose StatementBegin
CREATE FUNCTION assay_sample_exclusions_in_fieldwork() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM populations p WHERE p.id = NEW.population_id AND assay_in_fieldwork(p.engagement_id)) THEN
    RAISE EXCEPTION 'the engagement is frozen, or not in fieldwork, so nothing is selected any more' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER sample_exclusions_in_fieldwork BEFORE INSERT ON sample_exclusions FOR EACH ROW EXECUTE FUNCTION assay_sample_exclusions_in_fieldwork();
-- +goose StatementBegin
CREATE FUNCTION assay_sample_extensions_in_fieldwork() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM populations p WHERE p.id = NEW.population_id AND assay_in_fieldwork(p.engagement_id)) THEN
    RAISE EXCEPTION 'the engagement is frozen, or not in fieldwork, so nothing is selected any more' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER sample_extensions_in_fieldwork BEFORE INSERT ON sample_extensions FOR EACH ROW EXECUTE FUNCTION assay_sample_extensions_in_fieldwork();
