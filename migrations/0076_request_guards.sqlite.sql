-- A request goes step by step, and its steps stay. What is asked is settled once it is being
-- answered; an answer stays once auditors were shown it, and none is shown whose evidence
-- was not accepted; what was said stays said, to those it was said to.
-- +goose Up
-- +goose StatementBegin
CREATE TRIGGER requests_follow BEFORE INSERT ON requests
WHEN NEW.status <> 'draft' OR NEW.steps <> 0 BEGIN
  SELECT RAISE(ABORT, 'a request begins as a draft');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER requests_steps BEFORE UPDATE ON requests
WHEN NEW.status <> OLD.status AND NOT EXISTS (SELECT 1 FROM request_steps s WHERE s.request_id = NEW.id AND s.place = NEW.steps AND NEW.steps = OLD.steps + 1 AND s.from_status = OLD.status AND s.to_status = NEW.status) BEGIN
  SELECT RAISE(ABORT, 'a request goes step by step');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER requests_same BEFORE UPDATE ON requests
WHEN NEW.engagement_id <> OLD.engagement_id OR NEW.side <> OLD.side OR NEW.requester_id <> OLD.requester_id OR NEW.entered_by <> OLD.entered_by OR NEW.created_at <> OLD.created_at BEGIN
  SELECT RAISE(ABORT, 'who asked stays');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER requests_over BEFORE UPDATE ON requests
WHEN OLD.status IN ('accepted', 'cancelled') BEGIN
  SELECT RAISE(ABORT, 'a request that is over never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER requests_checked BEFORE UPDATE ON requests
WHEN NEW.status = 'released' AND OLD.status <> 'released' AND EXISTS (SELECT 1 FROM request_answers a JOIN evidence e ON e.id = a.evidence_id WHERE a.request_id = NEW.id AND a.released_at IS NULL AND e.status NOT IN ('accepted', 'superseded')) BEGIN
  SELECT RAISE(ABORT, 'only accepted evidence is released');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER requests_stay BEFORE DELETE ON requests
WHEN OLD.status <> 'draft' BEGIN
  SELECT RAISE(ABORT, 'only a draft is discarded');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER request_items_asked BEFORE INSERT ON request_items
WHEN NOT EXISTS (SELECT 1 FROM requests r WHERE r.id = NEW.request_id AND r.engagement_id = NEW.engagement_id AND r.status IN ('draft', 'open')) BEGIN
  SELECT RAISE(ABORT, 'what is asked is settled once it is being answered');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER request_items_kept BEFORE UPDATE ON request_items
BEGIN
  SELECT RAISE(ABORT, 'an item never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER request_items_stay BEFORE DELETE ON request_items
WHEN NOT EXISTS (SELECT 1 FROM requests r WHERE r.id = OLD.request_id AND r.status IN ('draft', 'open')) BEGIN
  SELECT RAISE(ABORT, 'what is asked is settled once it is being answered');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER request_answers_added BEFORE INSERT ON request_answers
WHEN NEW.released_at IS NOT NULL OR NOT EXISTS (SELECT 1 FROM requests r JOIN request_items i ON i.request_id = r.id WHERE r.id = NEW.request_id AND i.id = NEW.item_id AND r.engagement_id = NEW.engagement_id AND r.status = 'in_progress') BEGIN
  SELECT RAISE(ABORT, 'an answer is given while the request is in progress');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER request_answers_kept BEFORE UPDATE ON request_answers
WHEN OLD.released_at IS NOT NULL OR NEW.released_at IS NULL OR NEW.words <> OLD.words OR NEW.item_id <> OLD.item_id OR NEW.request_id <> OLD.request_id OR COALESCE(NEW.evidence_id, 0) <> COALESCE(OLD.evidence_id, 0) OR NEW.added_by <> OLD.added_by OR NOT EXISTS (SELECT 1 FROM requests r WHERE r.id = NEW.request_id AND r.status = 'released') BEGIN
  SELECT RAISE(ABORT, 'an answer never changes but for its release');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER request_answers_stay BEFORE DELETE ON request_answers
WHEN OLD.released_at IS NOT NULL OR NOT EXISTS (SELECT 1 FROM requests r WHERE r.id = OLD.request_id AND r.status = 'in_progress') BEGIN
  SELECT RAISE(ABORT, 'what auditors were shown stays');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER request_messages_said BEFORE INSERT ON request_messages
WHEN NOT EXISTS (SELECT 1 FROM requests r WHERE r.id = NEW.request_id AND r.engagement_id = NEW.engagement_id) OR (NEW.audience <> 'both' AND (NEW.audience = 'firm') <> EXISTS (SELECT 1 FROM engagement_auditors a WHERE a.engagement_id = NEW.engagement_id AND a.person_id = NEW.author_id)) BEGIN
  SELECT RAISE(ABORT, 'a side speaks to itself or to both');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER request_messages_kept BEFORE UPDATE ON request_messages
BEGIN
  SELECT RAISE(ABORT, 'a message never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER request_messages_stay BEFORE DELETE ON request_messages
BEGIN
  SELECT RAISE(ABORT, 'a message never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER request_steps_next BEFORE INSERT ON request_steps
WHEN NOT EXISTS (SELECT 1 FROM requests r WHERE r.id = NEW.request_id AND r.engagement_id = NEW.engagement_id AND r.status = NEW.from_status AND r.steps + 1 = NEW.place) BEGIN
  SELECT RAISE(ABORT, 'a step begins where the request stands');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER request_steps_auditors BEFORE INSERT ON request_steps
WHEN NEW.auditor_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM engagement_auditors a WHERE a.engagement_id = NEW.engagement_id AND a.person_id = NEW.auditor_id) BEGIN
  SELECT RAISE(ABORT, 'a decision is an auditor''s of the engagement');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER request_steps_kept BEFORE UPDATE ON request_steps
BEGIN
  SELECT RAISE(ABORT, 'a step never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER request_steps_stay BEFORE DELETE ON request_steps
BEGIN
  SELECT RAISE(ABORT, 'a step never changes');
END;
-- +goose StatementEnd
