-- What an item says it answers of the evidence that its control expects. A version of a
-- control never changes, so a version and a number name an expectation for ever.
-- +goose Up
ALTER TABLE evidence ADD COLUMN answers TEXT NOT NULL DEFAULT '';
CREATE INDEX milestones_proof ON milestones (proof_id) WHERE proof_id IS NOT NULL;
-- How fresh a control's evidence is, is the newest day that accepted items cover.
CREATE INDEX evidence_newest ON evidence (control_id, covers_to) WHERE status = 'accepted';
