-- The freeze finds exceptions settled, and what is selected at the same moment is in it or refused.
-- +goose Up
-- +goose StatementBegin
CREATE TRIGGER freezes_settled BEFORE INSERT ON freezes
WHEN EXISTS (SELECT 1 FROM findings x WHERE x.engagement_id = NEW.engagement_id AND x.test_id IS NOT NULL AND x.status <> 'dismissed' AND (x.status = 'disputed' OR x.report_effect = 'undecided' OR NOT EXISTS (SELECT 1 FROM finding_responses r WHERE r.finding_id = x.id AND r.status = 'signed') OR EXISTS (SELECT 1 FROM finding_responses r WHERE r.finding_id = x.id AND r.status IN ('draft', 'approved')))) BEGIN
  SELECT RAISE(ABORT, 'before the freeze disputes are settled, responses signed, and the effect of every exception on the report decided');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER samples_in_fieldwork BEFORE INSERT ON samples
WHEN NOT EXISTS (SELECT 1 FROM populations p WHERE p.id = NEW.population_id AND EXISTS (SELECT 1 FROM engagements e WHERE e.id = p.engagement_id AND e.status = 'fieldwork')) BEGIN
  SELECT RAISE(ABORT, 'the engagement is frozen, or not in fieldwork, so nothing is selected any more');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sample_items_in_fieldwork BEFORE INSERT ON sample_items
WHEN NOT EXISTS (SELECT 1 FROM populations p WHERE p.id = NEW.population_id AND EXISTS (SELECT 1 FROM engagements e WHERE e.id = p.engagement_id AND e.status = 'fieldwork')) BEGIN
  SELECT RAISE(ABORT, 'the engagement is frozen, or not in fieldwork, so nothing is selected any more');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sample_exclusions_in_fieldwork BEFORE INSERT ON sample_exclusions
WHEN NOT EXISTS (SELECT 1 FROM populations p WHERE p.id = NEW.population_id AND EXISTS (SELECT 1 FROM engagements e WHERE e.id = p.engagement_id AND e.status = 'fieldwork')) BEGIN
  SELECT RAISE(ABORT, 'the engagement is frozen, or not in fieldwork, so nothing is selected any more');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sample_extensions_in_fieldwork BEFORE INSERT ON sample_extensions
WHEN NOT EXISTS (SELECT 1 FROM populations p WHERE p.id = NEW.population_id AND EXISTS (SELECT 1 FROM engagements e WHERE e.id = p.engagement_id AND e.status = 'fieldwork')) BEGIN
  SELECT RAISE(ABORT, 'the engagement is frozen, or not in fieldwork, so nothing is selected any more');
END;
-- +goose StatementEnd
