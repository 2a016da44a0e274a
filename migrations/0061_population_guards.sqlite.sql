-- A locked population, and whatever was selected from it, says for ever what it said.
-- There is no draw, and so no seed, before the lock; an item is only added by the draw, an
-- extension or a replacement; and one is excluded only from its own sample.
-- +goose Up
-- +goose StatementBegin
CREATE TRIGGER populations_kept BEFORE UPDATE ON populations
WHEN OLD.status = 'locked' BEGIN
  SELECT RAISE(ABORT, 'a locked population never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER populations_stay BEFORE DELETE ON populations
WHEN OLD.status = 'locked' BEGIN
  SELECT RAISE(ABORT, 'a locked population never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER samples_kept BEFORE UPDATE ON samples
BEGIN
  SELECT RAISE(ABORT, 'a draw never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER samples_stay BEFORE DELETE ON samples
BEGIN
  SELECT RAISE(ABORT, 'a draw never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sample_items_kept BEFORE UPDATE ON sample_items
BEGIN
  SELECT RAISE(ABORT, 'an item of a sample never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sample_items_stay BEFORE DELETE ON sample_items
BEGIN
  SELECT RAISE(ABORT, 'an item of a sample never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sample_exclusions_kept BEFORE UPDATE ON sample_exclusions
BEGIN
  SELECT RAISE(ABORT, 'an exclusion never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sample_exclusions_stay BEFORE DELETE ON sample_exclusions
BEGIN
  SELECT RAISE(ABORT, 'an exclusion never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sample_extensions_kept BEFORE UPDATE ON sample_extensions
BEGIN
  SELECT RAISE(ABORT, 'an extension never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sample_extensions_stay BEFORE DELETE ON sample_extensions
BEGIN
  SELECT RAISE(ABORT, 'an extension never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER populations_next BEFORE INSERT ON populations
WHEN NEW.replaces_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM populations p WHERE p.id = NEW.replaces_id AND p.status = 'locked' AND p.engagement_id = NEW.engagement_id AND p.control_id = NEW.control_id AND p.version = NEW.version - 1) BEGIN
  SELECT RAISE(ABORT, 'a version follows a locked one of the same control');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER samples_after_lock BEFORE INSERT ON samples
WHEN NOT EXISTS (SELECT 1 FROM populations p WHERE p.id = NEW.population_id AND p.status = 'locked' AND p.locked_at <= NEW.drawn_at) BEGIN
  SELECT RAISE(ABORT, 'a sample is drawn after the lock');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER samples_of_auditors BEFORE INSERT ON samples
WHEN NOT EXISTS (SELECT 1 FROM populations p JOIN engagement_auditors a ON a.engagement_id = p.engagement_id WHERE p.id = NEW.population_id AND a.person_id = NEW.auditor_id) BEGIN
  SELECT RAISE(ABORT, 'a sample is an auditor''s of the engagement');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER samples_redrawn BEFORE INSERT ON samples
WHEN NEW.redraws_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM samples s WHERE s.id = NEW.redraws_id AND s.population_id = NEW.population_id) BEGIN
  SELECT RAISE(ABORT, 'a redraw is of the same population');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sample_items_of BEFORE INSERT ON sample_items
WHEN NOT EXISTS (SELECT 1 FROM samples s WHERE s.id = NEW.sample_id AND s.population_id = NEW.population_id) BEGIN
  SELECT RAISE(ABORT, 'an item belongs to a sample of its population');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sample_exclusions_of BEFORE INSERT ON sample_exclusions
WHEN NOT EXISTS (SELECT 1 FROM sample_items i WHERE i.id = NEW.item_id AND i.sample_id = NEW.sample_id AND i.population_id = NEW.population_id) BEGIN
  SELECT RAISE(ABORT, 'an exclusion is of an item of its sample');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sample_extensions_of BEFORE INSERT ON sample_extensions
WHEN NOT EXISTS (SELECT 1 FROM samples s WHERE s.id = NEW.sample_id AND s.population_id = NEW.population_id AND s.method = 'random' AND s.size < NEW.size) OR EXISTS (SELECT 1 FROM sample_extensions x WHERE x.sample_id = NEW.sample_id AND x.size >= NEW.size) BEGIN
  SELECT RAISE(ABORT, 'an extension is of a random sample, and longer than it was');
END;
-- +goose StatementEnd
