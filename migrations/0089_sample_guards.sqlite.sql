-- What is selected belongs to the engagement of its population and to one of its auditors;
-- the record is accepted once, after the lock, and a draw follows it.
-- +goose Up
-- +goose StatementBegin
CREATE TRIGGER population_acceptances_kept BEFORE UPDATE ON population_acceptances
BEGIN
  SELECT RAISE(ABORT, 'an acceptance never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER population_acceptances_stay BEFORE DELETE ON population_acceptances
BEGIN
  SELECT RAISE(ABORT, 'an acceptance never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER samples_within BEFORE INSERT ON samples
WHEN NEW.engagement_id <> 0 AND NOT EXISTS (SELECT 1 FROM populations p WHERE p.id = NEW.population_id AND p.engagement_id = NEW.engagement_id) BEGIN
  SELECT RAISE(ABORT, 'what is selected belongs to the engagement of its population');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sample_items_within BEFORE INSERT ON sample_items
WHEN NEW.engagement_id <> 0 AND NOT EXISTS (SELECT 1 FROM populations p WHERE p.id = NEW.population_id AND p.engagement_id = NEW.engagement_id) BEGIN
  SELECT RAISE(ABORT, 'what is selected belongs to the engagement of its population');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sample_exclusions_within BEFORE INSERT ON sample_exclusions
WHEN NEW.engagement_id <> 0 AND NOT EXISTS (SELECT 1 FROM populations p WHERE p.id = NEW.population_id AND p.engagement_id = NEW.engagement_id) BEGIN
  SELECT RAISE(ABORT, 'what is selected belongs to the engagement of its population');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sample_extensions_within BEFORE INSERT ON sample_extensions
WHEN NEW.engagement_id <> 0 AND NOT EXISTS (SELECT 1 FROM populations p WHERE p.id = NEW.population_id AND p.engagement_id = NEW.engagement_id) BEGIN
  SELECT RAISE(ABORT, 'what is selected belongs to the engagement of its population');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sample_exclusions_of_auditors BEFORE INSERT ON sample_exclusions
WHEN NOT EXISTS (SELECT 1 FROM populations p JOIN engagement_auditors a ON a.engagement_id = p.engagement_id WHERE p.id = NEW.population_id AND a.person_id = NEW.auditor_id) BEGIN
  SELECT RAISE(ABORT, 'a sample is an auditor''s of the engagement');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sample_extensions_of_auditors BEFORE INSERT ON sample_extensions
WHEN NOT EXISTS (SELECT 1 FROM populations p JOIN engagement_auditors a ON a.engagement_id = p.engagement_id WHERE p.id = NEW.population_id AND a.person_id = NEW.auditor_id) BEGIN
  SELECT RAISE(ABORT, 'a sample is an auditor''s of the engagement');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER population_acceptances_of_auditors BEFORE INSERT ON population_acceptances
WHEN NOT EXISTS (SELECT 1 FROM populations p JOIN engagement_auditors a ON a.engagement_id = p.engagement_id WHERE p.id = NEW.population_id AND a.person_id = NEW.auditor_id) BEGIN
  SELECT RAISE(ABORT, 'a sample is an auditor''s of the engagement');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER samples_accepted BEFORE INSERT ON samples
WHEN NEW.engagement_id <> 0 AND NOT EXISTS (SELECT 1 FROM population_acceptances a WHERE a.population_id = NEW.population_id AND a.accepted_at <= NEW.drawn_at) BEGIN
  SELECT RAISE(ABORT, 'a sample is drawn after the record was accepted');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER population_acceptances_locked BEFORE INSERT ON population_acceptances
WHEN NOT EXISTS (SELECT 1 FROM populations p WHERE p.id = NEW.population_id AND p.engagement_id = NEW.engagement_id AND p.status = 'locked' AND p.text_digest = NEW.digest AND p.locked_at <= NEW.accepted_at) BEGIN
  SELECT RAISE(ABORT, 'an auditor accepts what was locked');
END;
-- +goose StatementEnd
