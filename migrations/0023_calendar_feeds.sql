-- Calendars that people subscribe to what they owe with.
-- +goose Up
CREATE TABLE calendar_feeds (
  person_id  BIGINT PRIMARY KEY REFERENCES people (id),
  token_hash TEXT NOT NULL UNIQUE,
  created_at INSTANT NOT NULL,
  seen_at    INSTANT
);
