-- The signature of a binder is kept with the key that checks it: another signing key later
-- makes no other binder of a frozen engagement.
-- +goose Up
ALTER TABLE binders ADD COLUMN verifier_key TEXT NOT NULL DEFAULT '';
ALTER TABLE binders ADD COLUMN signature TEXT NOT NULL DEFAULT '';
