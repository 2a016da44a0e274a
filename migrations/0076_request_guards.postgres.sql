-- A request goes step by step, and its steps stay. What is asked is settled once it is being
-- answered; an answer stays once auditors were shown it, and none is shown whose evidence
-- was not accepted; what was said stays said, to those it was said to.
-- +goose Up
CREATE TRIGGER requests_follow BEFORE INSERT ON requests FOR EACH ROW WHEN (NEW.status <> 'draft' OR NEW.steps <> 0)
  EXECUTE FUNCTION assay_refuse('a request begins as a draft');
-- +goose StatementBegin
CREATE FUNCTION assay_requests_steps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status <> OLD.status AND NOT EXISTS (SELECT 1 FROM request_steps s WHERE s.request_id = NEW.id AND s.place = NEW.steps AND NEW.steps = OLD.steps + 1 AND s.from_status = OLD.status AND s.to_status = NEW.status) THEN
    RAISE EXCEPTION 'a request goes step by step' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER requests_steps BEFORE UPDATE ON requests FOR EACH ROW EXECUTE FUNCTION assay_requests_steps();
CREATE TRIGGER requests_same BEFORE UPDATE ON requests FOR EACH ROW WHEN (NEW.engagement_id <> OLD.engagement_id OR NEW.side <> OLD.side OR NEW.requester_id <> OLD.requester_id OR NEW.entered_by <> OLD.entered_by OR NEW.created_at <> OLD.created_at)
  EXECUTE FUNCTION assay_refuse('who asked stays');
CREATE TRIGGER requests_over BEFORE UPDATE ON requests FOR EACH ROW WHEN (OLD.status IN ('accepted', 'cancelled'))
  EXECUTE FUNCTION assay_refuse('a request that is over never changes');
-- +goose StatementBegin
CREATE FUNCTION assay_requests_checked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status = 'released' AND OLD.status <> 'released' AND EXISTS (SELECT 1 FROM request_answers a JOIN evidence e ON e.id = a.evidence_id WHERE a.request_id = NEW.id AND a.released_at IS NULL AND e.status NOT IN ('accepted', 'superseded')) THEN
    RAISE EXCEPTION 'only accepted evidence is released' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER requests_checked BEFORE UPDATE ON requests FOR EACH ROW EXECUTE FUNCTION assay_requests_checked();
CREATE TRIGGER requests_stay BEFORE DELETE ON requests FOR EACH ROW WHEN (OLD.status <> 'draft')
  EXECUTE FUNCTION assay_refuse('only a draft is discarded');
-- +goose StatementBegin
CREATE FUNCTION assay_request_items_asked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM requests r WHERE r.id = NEW.request_id AND r.engagement_id = NEW.engagement_id AND r.status IN ('draft', 'open')) THEN
    RAISE EXCEPTION 'what is asked is settled once it is being answered' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER request_items_asked BEFORE INSERT ON request_items FOR EACH ROW EXECUTE FUNCTION assay_request_items_asked();
CREATE TRIGGER request_items_kept BEFORE UPDATE ON request_items FOR EACH ROW
  EXECUTE FUNCTION assay_refuse('an item never changes');
-- +goose StatementBegin
CREATE FUNCTION assay_request_items_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM requests r WHERE r.id = OLD.request_id AND r.status IN ('draft', 'open')) THEN
    RAISE EXCEPTION 'what is asked is settled once it is being answered' USING ERRCODE = 'check_violation';
  END IF;
  RETURN OLD;
END $$;
-- +goose StatementEnd
CREATE TRIGGER request_items_stay BEFORE DELETE ON request_items FOR EACH ROW EXECUTE FUNCTION assay_request_items_stay();
-- +goose StatementBegin
CREATE FUNCTION assay_request_answers_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.released_at IS NOT NULL OR NOT EXISTS (SELECT 1 FROM requests r JOIN request_items i ON i.request_id = r.id WHERE r.id = NEW.request_id AND i.id = NEW.item_id AND r.engagement_id = NEW.engagement_id AND r.status = 'in_progress') THEN
    RAISE EXCEPTION 'an answer is given while the request is in progress' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER request_answers_added BEFORE INSERT ON request_answers FOR EACH ROW EXECUTE FUNCTION assay_request_answers_added();
-- +goose StatementBegin
CREATE FUNCTION assay_request_answers_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.released_at IS NOT NULL OR NEW.released_at IS NULL OR NEW.words <> OLD.words OR NEW.item_id <> OLD.item_id OR NEW.request_id <> OLD.request_id OR COALESCE(NEW.evidence_id, 0) <> COALESCE(OLD.evidence_id, 0) OR NEW.added_by <> OLD.added_by OR NOT EXISTS (SELECT 1 FROM requests r WHERE r.id = NEW.request_id AND r.status = 'released') THEN
    RAISE EXCEPTION 'an answer never changes but for its release' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER request_answers_kept BEFORE UPDATE ON request_answers FOR EACH ROW EXECUTE FUNCTION assay_request_answers_kept();
-- +goose StatementBegin
CREATE FUNCTION assay_request_answers_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.released_at IS NOT NULL OR NOT EXISTS (SELECT 1 FROM requests r WHERE r.id = OLD.request_id AND r.status = 'in_progress') THEN
    RAISE EXCEPTION 'what auditors were shown stays' USING ERRCODE = 'check_violation';
  END IF;
  RETURN OLD;
END $$;
-- +goose StatementEnd
CREATE TRIGGER request_answers_stay BEFORE DELETE ON request_answers FOR EACH ROW EXECUTE FUNCTION assay_request_answers_stay();
-- +goose StatementBegin
CREATE FUNCTION assay_request_messages_said() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM requests r WHERE r.id = NEW.request_id AND r.engagement_id = NEW.engagement_id) OR (NEW.audience <> 'both' AND (NEW.audience = 'firm') <> EXISTS (SELECT 1 FROM engagement_auditors a WHERE a.engagement_id = NEW.engagement_id AND a.person_id = NEW.author_id)) THEN
    RAISE EXCEPTION 'a side speaks to itself or to both' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER request_messages_said BEFORE INSERT ON request_messages FOR EACH ROW EXECUTE FUNCTION assay_request_messages_said();
CREATE TRIGGER request_messages_kept BEFORE UPDATE ON request_messages FOR EACH ROW
  EXECUTE FUNCTION assay_refuse('a message never changes');
CREATE TRIGGER request_messages_stay BEFORE DELETE ON request_messages FOR EACH ROW
  EXECUTE FUNCTION assay_refuse('a message never changes');
-- +goose StatementBegin
CREATE FUNCTION assay_request_steps_next() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM requests r WHERE r.id = NEW.request_id AND r.engagement_id = NEW.engagement_id AND r.status = NEW.from_status AND r.steps + 1 = NEW.place) THEN
    RAISE EXCEPTION 'a step begins where the request stands' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER request_steps_next BEFORE INSERT ON request_steps FOR EACH ROW EXECUTE FUNCTION assay_request_steps_next();
-- +goose StatementBegin
CREATE FUNCTION assay_request_steps_auditors() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.auditor_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM engagement_auditors a WHERE a.engagement_id = NEW.engagement_id AND a.person_id = NEW.auditor_id) THEN
    RAISE EXCEPTION 'a decision is an auditor''s of the engagement' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER request_steps_auditors BEFORE INSERT ON request_steps FOR EACH ROW EXECUTE FUNCTION assay_request_steps_auditors();
CREATE TRIGGER request_steps_kept BEFORE UPDATE ON request_steps FOR EACH ROW
  EXECUTE FUNCTION assay_refuse('a step never changes');
CREATE TRIGGER request_steps_stay BEFORE DELETE ON request_steps FOR EACH ROW
  EXECUTE FUNCTION assay_refuse('a step never changes');
