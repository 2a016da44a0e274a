-- What was agreed, frozen, issued or added says for ever what it said. The scope changes in
-- fieldwork only by what both sides agreed on, and after issue only the access window does.
-- +goose Up
-- +goose StatementBegin
CREATE TRIGGER engagement_moves BEFORE UPDATE ON engagements
WHEN OLD.status <> NEW.status AND NOT ((OLD.status = 'setup' AND NEW.status IN ('planning', 'cancelled')) OR (OLD.status = 'planning' AND NEW.status IN ('fieldwork', 'cancelled')) OR (OLD.status = 'fieldwork' AND NEW.status IN ('reporting', 'cancelled')) OR (OLD.status = 'reporting' AND NEW.status IN ('issued', 'cancelled')) OR (OLD.status = 'issued' AND NEW.status = 'archived')) BEGIN
  SELECT RAISE(ABORT, 'an engagement moves along its states');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER engagement_over BEFORE UPDATE ON engagements
WHEN OLD.status IN ('archived', 'cancelled') BEGIN
  SELECT RAISE(ABORT, 'an archived or cancelled engagement never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER engagement_stays BEFORE DELETE ON engagements
BEGIN
  SELECT RAISE(ABORT, 'an engagement is cancelled, never removed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER engagement_issued_kept BEFORE UPDATE ON engagements
WHEN OLD.status = 'issued' AND (OLD.kind IS NOT NEW.kind OR OLD.criteria IS NOT NEW.criteria OR OLD.period_start IS NOT NEW.period_start OR OLD.period_end IS NOT NEW.period_end OR OLD.zone IS NOT NEW.zone OR OLD.systems IS NOT NEW.systems OR OLD.boundary IS NOT NEW.boundary OR OLD.slug IS NOT NEW.slug OR OLD.name IS NOT NEW.name OR OLD.firm IS NOT NEW.firm OR OLD.created_by IS NOT NEW.created_by OR OLD.created_at IS NOT NEW.created_at OR OLD.prior_id IS NOT NEW.prior_id) BEGIN
  SELECT RAISE(ABORT, 'after issue only the access window changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER engagement_scope_frozen BEFORE UPDATE ON engagements
WHEN OLD.status = 'reporting' AND (OLD.kind IS NOT NEW.kind OR OLD.criteria IS NOT NEW.criteria OR OLD.period_start IS NOT NEW.period_start OR OLD.period_end IS NOT NEW.period_end OR OLD.zone IS NOT NEW.zone OR OLD.systems IS NOT NEW.systems OR OLD.boundary IS NOT NEW.boundary) BEGIN
  SELECT RAISE(ABORT, 'the scope is frozen');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER engagement_scope_agreed BEFORE UPDATE ON engagements
WHEN OLD.status = 'fieldwork' AND (OLD.kind IS NOT NEW.kind OR OLD.criteria IS NOT NEW.criteria OR OLD.period_start IS NOT NEW.period_start OR OLD.period_end IS NOT NEW.period_end OR OLD.zone IS NOT NEW.zone OR OLD.systems IS NOT NEW.systems OR OLD.boundary IS NOT NEW.boundary) AND NOT EXISTS (SELECT 1 FROM scope_proposals p WHERE p.engagement_id = OLD.id AND p.subject = 'terms' AND p.status = 'agreed' AND p.applied_rev = OLD.rev) BEGIN
  SELECT RAISE(ABORT, 'after fieldwork starts both sides agree on the scope');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER engagement_reported BEFORE UPDATE ON engagements
WHEN OLD.status <> 'issued' AND NEW.status = 'issued' AND NEW.kind <> 'readiness' AND NOT EXISTS (SELECT 1 FROM engagement_reports r WHERE r.engagement_id = OLD.id) BEGIN
  SELECT RAISE(ABORT, 'issuing registers the report');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER scope_proposals_begin BEFORE INSERT ON scope_proposals
WHEN NEW.status <> 'open' OR NOT EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id AND e.status IN ('fieldwork')) BEGIN
  SELECT RAISE(ABORT, 'a scope change is proposed during fieldwork');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER scope_proposals_agree BEFORE UPDATE ON scope_proposals
WHEN NEW.status = 'agreed' AND NOT EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id AND e.status IN ('fieldwork')) BEGIN
  SELECT RAISE(ABORT, 'a scope change is agreed during fieldwork');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER scope_proposals_lead BEFORE UPDATE ON scope_proposals
WHEN NEW.status = 'agreed' AND NOT EXISTS (SELECT 1 FROM engagement_auditors a WHERE a.engagement_id = NEW.engagement_id AND a.person_id = NEW.auditor_id AND a.part = 'lead') BEGIN
  SELECT RAISE(ABORT, 'the lead auditor agrees for the firm');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER scope_proposals_kept BEFORE UPDATE ON scope_proposals
WHEN OLD.status <> 'open' OR (OLD.engagement_id IS NOT NEW.engagement_id OR OLD.side IS NOT NEW.side OR OLD.subject IS NOT NEW.subject OR OLD.subject_id IS NOT NEW.subject_id OR OLD.becomes IS NOT NEW.becomes OR OLD.changes IS NOT NEW.changes OR OLD.reason IS NOT NEW.reason OR OLD.proposed_at IS NOT NEW.proposed_at) BEGIN
  SELECT RAISE(ABORT, 'a proposal is answered once, as it was made');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER scope_proposals_stay BEFORE DELETE ON scope_proposals
BEGIN
  SELECT RAISE(ABORT, 'a proposal is answered, never removed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER engagement_rounds_insert BEFORE INSERT ON engagement_rounds
WHEN NOT EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id AND e.status IN ('setup', 'planning', 'fieldwork')) BEGIN
  SELECT RAISE(ABORT, 'rounds of fieldwork are fixed once it is over');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER engagement_rounds_update BEFORE UPDATE ON engagement_rounds
WHEN NOT EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id AND e.status IN ('setup', 'planning', 'fieldwork')) BEGIN
  SELECT RAISE(ABORT, 'rounds of fieldwork are fixed once it is over');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER engagement_rounds_delete BEFORE DELETE ON engagement_rounds
WHEN NOT EXISTS (SELECT 1 FROM engagements e WHERE e.id = OLD.engagement_id AND e.status IN ('setup', 'planning', 'fieldwork')) BEGIN
  SELECT RAISE(ABORT, 'rounds of fieldwork are fixed once it is over');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER engagement_reports_when BEFORE INSERT ON engagement_reports
WHEN NOT EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id AND e.status IN ('reporting')) BEGIN
  SELECT RAISE(ABORT, 'a report is registered when it is issued');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER engagement_reports_kept BEFORE UPDATE ON engagement_reports
BEGIN
  SELECT RAISE(ABORT, 'a registered report never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER engagement_reports_stay BEFORE DELETE ON engagement_reports
BEGIN
  SELECT RAISE(ABORT, 'a registered report never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER engagement_addenda_when BEFORE INSERT ON engagement_addenda
WHEN NOT EXISTS (SELECT 1 FROM engagements e WHERE e.id = NEW.engagement_id AND e.status IN ('issued', 'archived')) BEGIN
  SELECT RAISE(ABORT, 'an addendum follows the issued report');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER engagement_addenda_kept BEFORE UPDATE ON engagement_addenda
BEGIN
  SELECT RAISE(ABORT, 'an addendum never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER engagement_addenda_stay BEFORE DELETE ON engagement_addenda
BEGIN
  SELECT RAISE(ABORT, 'an addendum never changes');
END;
-- +goose StatementEnd
