-- An exception can begin from a row that a population omitted, and that its next version has.
-- +goose Up
ALTER TABLE finding_cells ADD COLUMN population_id BIGINT REFERENCES populations (id); -- the version that has the omitted row, item_key
DROP INDEX finding_cells_cell;
CREATE UNIQUE INDEX finding_cells_at ON finding_cells (test_id, item_id, letter) WHERE ended_at IS NULL AND population_id IS NULL;
-- One omitted row, one exception.
CREATE UNIQUE INDEX finding_cells_omitted ON finding_cells (population_id, item_key) WHERE ended_at IS NULL AND population_id IS NOT NULL;
CREATE INDEX finding_cells_test ON finding_cells (test_id, item_id, letter) WHERE ended_at IS NULL;
