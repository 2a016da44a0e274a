-- An exception of a firm that only reads is dismissed by the auditor, too: a compliance manager
-- brings that in, and it says so.
-- +goose Up
ALTER TABLE finding_cycles ADD COLUMN closed_entry BIGINT REFERENCES people (id); -- the auditor, or who brought it in
