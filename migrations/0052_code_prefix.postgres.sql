-- Codes that begin as was typed. SQLite finds them in the index of the code itself.
-- +goose Up
CREATE INDEX controls_code_prefix ON controls (code text_pattern_ops);
