-- +goose Up
-- Whether evidence was missing for an item is asked before it is excluded from its sample.
CREATE INDEX test_results_missing ON test_results (item_id) WHERE missing;
