-- Results about a full population are of one draw of it: drawn again, all of it is tested again.
-- +goose Up
ALTER TABLE test_samples ADD COLUMN whole_item BIGINT NOT NULL DEFAULT 0 CHECK (whole_item = 0 OR whole_item = -sample_id); -- the item_id of what is found in all of a full population; 0 of a sample, and of a link from before
