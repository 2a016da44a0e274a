-- Which versions of controls rest on a calendar is asked before a day of it changes.
-- +goose Up
CREATE INDEX control_versions_calendar ON control_versions (calendar_id, effective_from) WHERE calendar_id IS NOT NULL;
