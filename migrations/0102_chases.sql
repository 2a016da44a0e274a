-- The forms whose chasing letters were sent, so that the same form sent twice does one thing.
-- +goose Up
CREATE TABLE chases (
  sending   TEXT PRIMARY KEY CHECK (sending <> ''),
  person_id BIGINT NOT NULL REFERENCES people (id),
  at        INSTANT NOT NULL
);
