-- A binder holds no earlier checkpoints any more, and nothing else asks for them by their time.
-- +goose Up
DROP INDEX checkpoints_at;
