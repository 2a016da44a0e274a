-- What must never change is refused by the database as well, whoever asks. Whoever may
-- drop these triggers can still change a row; `assay verify` then finds it.
-- +goose Up

-- Who owned or backed up a control before, and until which day: none of them decides on
-- evidence of their own time. And who had a hand in a plan or a step of it.
ALTER TABLE controls ADD COLUMN former TEXT NOT NULL DEFAULT '';
ALTER TABLE remediation_plans ADD COLUMN hands TEXT NOT NULL DEFAULT '';
ALTER TABLE milestones ADD COLUMN hands TEXT NOT NULL DEFAULT '';

-- The log only grows.
-- +goose StatementBegin
CREATE TRIGGER log_leaves_kept BEFORE UPDATE ON log_leaves BEGIN
  SELECT RAISE(ABORT, 'a leaf of the log never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER log_leaves_stay BEFORE DELETE ON log_leaves BEGIN
  SELECT RAISE(ABORT, 'a leaf of the log is never removed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER checkpoints_kept BEFORE UPDATE ON checkpoints BEGIN
  SELECT RAISE(ABORT, 'a checkpoint never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER checkpoints_stay BEFORE DELETE ON checkpoints BEGIN
  SELECT RAISE(ABORT, 'a checkpoint is never removed');
END;
-- +goose StatementEnd

-- A version that was approved says for ever what it said; only its end is still open.
-- +goose StatementBegin
CREATE TRIGGER control_versions_kept BEFORE UPDATE ON control_versions
WHEN OLD.status NOT IN ('draft', 'in_review') AND (
  NEW.status IN ('draft', 'in_review')
  OR (OLD.status IN ('superseded', 'retired') AND NEW.status <> OLD.status)
  OR (OLD.effective_to <> '' AND NEW.effective_to <> OLD.effective_to)
  OR (OLD.ended_reason <> '' AND NEW.ended_reason <> OLD.ended_reason)
  OR (NEW.control_id, NEW.code, NEW.number, NEW.editorial, NEW.title, NEW.statement, NEW.category, NEW.kind, NEW.nature, NEW.frequency, NEW.anchor_month,
      NEW.event_trigger, NEW.event_direction, NEW.event_limit, NEW.owner_function, NEW.population, NEW.evidence, NEW.tests_design, NEW.tests_operating,
      NEW.parameters, NEW.criteria, NEW.ai, NEW.change_note, NEW.author_id, NEW.writers, NEW.authored_at, NEW.submitted_at, NEW.approver_id, NEW.approved_at, NEW.effective_from)
  IS NOT
     (OLD.control_id, OLD.code, OLD.number, OLD.editorial, OLD.title, OLD.statement, OLD.category, OLD.kind, OLD.nature, OLD.frequency, OLD.anchor_month,
      OLD.event_trigger, OLD.event_direction, OLD.event_limit, OLD.owner_function, OLD.population, OLD.evidence, OLD.tests_design, OLD.tests_operating,
      OLD.parameters, OLD.criteria, OLD.ai, OLD.change_note, OLD.author_id, OLD.writers, OLD.authored_at, OLD.submitted_at, OLD.approver_id, OLD.approved_at, OLD.effective_from)
) BEGIN
  SELECT RAISE(ABORT, 'an approved version of a control never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER control_versions_stay BEFORE DELETE ON control_versions WHEN OLD.status <> 'draft' BEGIN
  SELECT RAISE(ABORT, 'only a draft of a control is discarded');
END;
-- +goose StatementEnd

-- Where evidence came from never changes; what is said about it not once it was submitted,
-- unless it was returned; a decision not once it is taken; a withdrawal ends everything.
-- +goose StatementBegin
CREATE TRIGGER evidence_kept BEFORE UPDATE ON evidence
WHEN (NEW.control_id, NEW.uploaded_by, NEW.uploaded_at, NEW.form_key) IS NOT (OLD.control_id, OLD.uploaded_by, OLD.uploaded_at, OLD.form_key)
  OR (OLD.status NOT IN ('stored', 'returned') AND
    (NEW.title, NEW.kind, NEW.source, NEW.location, NEW.extractor, NEW.description, NEW.performed_at, NEW.collected_at, NEW.covers_from, NEW.covers_to,
     NEW.late_reason, NEW.supersedes_id, NEW.submitted_at)
    IS NOT
    (OLD.title, OLD.kind, OLD.source, OLD.location, OLD.extractor, OLD.description, OLD.performed_at, OLD.collected_at, OLD.covers_from, OLD.covers_to,
     OLD.late_reason, OLD.supersedes_id, OLD.submitted_at))
  OR (OLD.status IN ('accepted', 'superseded', 'withdrawn') AND
    (NEW.owner_id, NEW.backup_id, NEW.decided_by, NEW.decided_at, NEW.decision_note) IS NOT (OLD.owner_id, OLD.backup_id, OLD.decided_by, OLD.decided_at, OLD.decision_note))
  OR (OLD.status = 'withdrawn' AND
    (NEW.status, NEW.withdrawn_by, NEW.withdrawn_at, NEW.withdrawn_note) IS NOT (OLD.status, OLD.withdrawn_by, OLD.withdrawn_at, OLD.withdrawn_note))
BEGIN
  SELECT RAISE(ABORT, 'evidence that was submitted never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER evidence_stays BEFORE DELETE ON evidence BEGIN
  SELECT RAISE(ABORT, 'evidence is never removed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER evidence_files_added BEFORE INSERT ON evidence_files
WHEN EXISTS (SELECT 1 FROM evidence WHERE id = NEW.evidence_id AND status NOT IN ('stored', 'returned') AND submitted_at < NEW.added_at) BEGIN
  SELECT RAISE(ABORT, 'evidence that was submitted takes no more files');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER evidence_files_kept BEFORE UPDATE ON evidence_files
WHEN (NEW.evidence_id, NEW.digest, NEW.name, NEW.size, NEW.added_by, NEW.added_at) IS NOT (OLD.evidence_id, OLD.digest, OLD.name, OLD.size, OLD.added_by, OLD.added_at) BEGIN
  SELECT RAISE(ABORT, 'a file of evidence never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER evidence_files_stay BEFORE DELETE ON evidence_files BEGIN
  SELECT RAISE(ABORT, 'a file of evidence is never removed');
END;
-- +goose StatementEnd

-- A cycle of a finding that ended stays as it ended, with its plan and the steps of it.
-- +goose StatementBegin
CREATE TRIGGER finding_cycles_kept BEFORE UPDATE ON finding_cycles WHEN OLD.closed_at IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'a closed cycle of a finding never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER finding_cycles_stay BEFORE DELETE ON finding_cycles BEGIN
  SELECT RAISE(ABORT, 'a cycle of a finding is never removed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER finding_responses_kept BEFORE UPDATE ON finding_responses BEGIN
  SELECT RAISE(ABORT, 'a management response never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER finding_responses_stay BEFORE DELETE ON finding_responses BEGIN
  SELECT RAISE(ABORT, 'a management response is never removed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER remediation_plans_kept BEFORE UPDATE ON remediation_plans
WHEN OLD.status = 'verified' OR (SELECT closed_at FROM finding_cycles WHERE finding_id = OLD.finding_id AND number = OLD.cycle) IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'the plan of a closed cycle never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER remediation_plans_judged BEFORE UPDATE ON remediation_plans
WHEN NEW.decided_by IS NOT OLD.decided_by AND NEW.decided_by = NEW.created_by BEGIN
  SELECT RAISE(ABORT, 'nobody decides on a plan they drew up');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER remediation_plans_stay BEFORE DELETE ON remediation_plans BEGIN
  SELECT RAISE(ABORT, 'a plan is never removed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER milestones_kept BEFORE UPDATE ON milestones
WHEN OLD.status IN ('verified', 'cancelled') OR (SELECT c.closed_at FROM remediation_plans p JOIN finding_cycles c ON c.finding_id = p.finding_id AND c.number = p.cycle WHERE p.id = OLD.plan_id) IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'a step that is over never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER milestones_stay BEFORE DELETE ON milestones BEGIN
  SELECT RAISE(ABORT, 'a step of a plan is never removed');
END;
-- +goose StatementEnd
