-- When the contact data of somebody who left was replaced by a pseudonym.
-- +goose Up
ALTER TABLE people ADD COLUMN erased_at INSTANT;
