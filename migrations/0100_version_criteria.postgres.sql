-- Which criteria each approved version of a control helped to meet, and on which days:
-- what was in scope of a period follows the versions of its days, not today's.
-- Derived from control_versions and kept in step by the database itself, since a hold
-- and an auditor's sight rest on it.
-- +goose Up
CREATE TABLE version_criteria (
  version_id     BIGINT NOT NULL REFERENCES control_versions (id),
  control_id     BIGINT NOT NULL REFERENCES controls (id),
  framework      TEXT NOT NULL,
  code           TEXT NOT NULL,
  effective_from TEXT NOT NULL,
  effective_to   TEXT NOT NULL,    -- '' while nothing has ended it
  begun          BOOLEAN NOT NULL, -- false: approved, and its day has not come
  PRIMARY KEY (version_id, framework, code)
);
CREATE INDEX version_criteria_code ON version_criteria (framework, code, control_id);
CREATE INDEX version_criteria_control ON version_criteria (control_id, framework, code);
INSERT INTO version_criteria (version_id, control_id, framework, code, effective_from, effective_to, begun)
  SELECT DISTINCT v.id, v.control_id, r ->> 'Framework', r ->> 'Code', v.effective_from, v.effective_to, v.status <> 'approved'
  FROM control_versions v, json_array_elements(CASE WHEN v.criteria LIKE '[%' THEN v.criteria::json ELSE '[]'::json END) r
  WHERE v.status NOT IN ('draft', 'in_review');
-- +goose StatementBegin
CREATE FUNCTION version_criteria_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM version_criteria WHERE version_id = NEW.id;
  INSERT INTO version_criteria (version_id, control_id, framework, code, effective_from, effective_to, begun)
    SELECT DISTINCT NEW.id, NEW.control_id, r ->> 'Framework', r ->> 'Code', NEW.effective_from, NEW.effective_to, NEW.status <> 'approved'
    FROM json_array_elements(CASE WHEN NEW.criteria LIKE '[%' THEN NEW.criteria::json ELSE '[]'::json END) r;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER version_criteria_added AFTER INSERT ON control_versions
  FOR EACH ROW WHEN (NEW.status NOT IN ('draft', 'in_review')) EXECUTE FUNCTION version_criteria_follow();
CREATE TRIGGER version_criteria_follow AFTER UPDATE OF status, effective_from, effective_to ON control_versions
  FOR EACH ROW WHEN (NEW.status NOT IN ('draft', 'in_review')) EXECUTE FUNCTION version_criteria_follow();
