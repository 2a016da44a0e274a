-- Which subservice organisations there are, what they do and by which method is scope: from
-- fieldwork on both sides agree, each change once. From the freeze on nothing changes.
-- +goose Up
-- +goose StatementBegin
CREATE TRIGGER subservice_organisations_begin BEFORE INSERT ON subservice_organisations
WHEN NOT (EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id AND e.status IN ('setup', 'planning')) AND NEW.proposal_id IS NULL AND NEW.left_at IS NULL OR EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id AND e.status IN ('fieldwork')) AND EXISTS (SELECT 1 FROM scope_proposals p WHERE p.id = NEW.proposal_id AND p.engagement_id = NEW.engagement_id AND p.subject = 'subservice' AND p.status = 'agreed' AND p.subject_id IS NULL AND json_extract(p.becomes, '$.Name') = NEW.name AND json_extract(p.becomes, '$.Services') = NEW.services AND json_extract(p.becomes, '$.Method') = NEW.method AND json_extract(p.becomes, '$.Out') = (NEW.left_at IS NOT NULL))) BEGIN
  SELECT RAISE(ABORT, 'a subservice organisation is part of the scope: once fieldwork has started both sides agree');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER subservice_organisations_scope BEFORE UPDATE ON subservice_organisations
WHEN (OLD.name IS NOT NEW.name OR OLD.services IS NOT NEW.services OR OLD.method IS NOT NEW.method OR OLD.left_at IS NOT NEW.left_at OR OLD.proposal_id IS NOT NEW.proposal_id) AND NOT (EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id AND e.status IN ('setup', 'planning')) AND NEW.proposal_id IS NULL AND NEW.left_at IS NULL OR EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id AND e.status IN ('fieldwork')) AND OLD.left_at IS NULL AND NEW.proposal_id IS NOT OLD.proposal_id AND EXISTS (SELECT 1 FROM scope_proposals p WHERE p.id = NEW.proposal_id AND p.engagement_id = NEW.engagement_id AND p.subject = 'subservice' AND p.status = 'agreed' AND p.subject_id = OLD.id AND json_extract(p.becomes, '$.Name') = NEW.name AND json_extract(p.becomes, '$.Services') = NEW.services AND json_extract(p.becomes, '$.Method') = NEW.method AND json_extract(p.becomes, '$.Out') = (NEW.left_at IS NOT NULL))) BEGIN
  SELECT RAISE(ABORT, 'a subservice organisation is part of the scope: once fieldwork has started both sides agree');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER subservice_organisations_kept BEFORE UPDATE ON subservice_organisations
WHEN OLD.engagement_id IS NOT NEW.engagement_id OR OLD.slug IS NOT NEW.slug OR OLD.created_by IS NOT NEW.created_by OR OLD.created_at IS NOT NEW.created_at OR NOT EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id AND e.status IN ('setup', 'planning', 'fieldwork')) BEGIN
  SELECT RAISE(ABORT, 'what was examined is frozen');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER subservice_organisations_stay BEFORE DELETE ON subservice_organisations
WHEN NOT EXISTS (SELECT 1 FROM engagements e WHERE e.id = OLD.engagement_id AND e.status IN ('setup', 'planning')) BEGIN
  SELECT RAISE(ABORT, 'a subservice organisation is left out by both sides, once fieldwork has started');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER complementary_controls_begin BEFORE INSERT ON complementary_controls
WHEN NOT EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id AND e.status IN ('setup', 'planning', 'fieldwork')) OR NEW.organisation_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM subservice_organisations o WHERE o.id = NEW.organisation_id AND o.engagement_id = NEW.engagement_id AND o.method = 'carve_out' AND o.left_at IS NULL) BEGIN
  SELECT RAISE(ABORT, 'complementary controls are listed until the freeze, those of a subservice organisation where it is carved out');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER complementary_controls_kept BEFORE UPDATE ON complementary_controls
WHEN OLD.engagement_id IS NOT NEW.engagement_id OR OLD.slug IS NOT NEW.slug OR OLD.created_by IS NOT NEW.created_by OR OLD.created_at IS NOT NEW.created_at OR OLD.kind IS NOT NEW.kind OR OLD.organisation_id IS NOT NEW.organisation_id OR OLD.number IS NOT NEW.number OR NOT EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id AND e.status IN ('setup', 'planning', 'fieldwork')) BEGIN
  SELECT RAISE(ABORT, 'what was examined is frozen');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER complementary_controls_stay BEFORE DELETE ON complementary_controls
WHEN NOT EXISTS (SELECT 1 FROM engagements e WHERE e.id = OLD.engagement_id AND e.status IN ('setup', 'planning', 'fieldwork')) BEGIN
  SELECT RAISE(ABORT, 'what was examined is frozen');
END;
-- +goose StatementEnd
