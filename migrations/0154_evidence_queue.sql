-- The queue of a reviewer is read in the order in which it waits. An index of what was submitted alone
-- is not taken when the state is an argument, and then all that waits is sorted for each page.
-- +goose Up
DROP INDEX evidence_queue;
CREATE INDEX evidence_waiting ON evidence (status, submitted_at, id);

-- What was recorded with evidence that did not stand is no performance. Few items are such, and each
-- performance is held against them.
CREATE INDEX evidence_refused ON evidence (id) WHERE status IN ('returned', 'withdrawn');

-- How much was returned to whom, since when.
CREATE INDEX evidence_returned ON evidence (control_id, decided_at, status) WHERE status = 'returned';
