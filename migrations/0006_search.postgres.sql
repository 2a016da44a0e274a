-- Full text: words cut in Go, found here.
-- +goose Up
CREATE TABLE controls_search (id BIGINT PRIMARY KEY, words tsvector NOT NULL);
CREATE INDEX controls_search_words ON controls_search USING gin (words);
CREATE TABLE evidence_search (id BIGINT PRIMARY KEY, words tsvector NOT NULL);
CREATE INDEX evidence_search_words ON evidence_search USING gin (words);
CREATE TABLE findings_search (id BIGINT PRIMARY KEY, words tsvector NOT NULL);
CREATE INDEX findings_search_words ON findings_search USING gin (words);
