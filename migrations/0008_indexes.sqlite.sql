-- Which words there are, so that a search says in full what begins as was typed.
-- +goose Up
CREATE TABLE controls_words (word TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE evidence_words (word TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE findings_words (word TEXT PRIMARY KEY) WITHOUT ROWID;

-- What was found so far is read from the indexes themselves.
CREATE VIRTUAL TABLE temp.controls_seen USING fts5vocab(main, controls_search, 'row');
CREATE VIRTUAL TABLE temp.evidence_seen USING fts5vocab(main, evidence_search, 'row');
CREATE VIRTUAL TABLE temp.findings_seen USING fts5vocab(main, findings_search, 'row');
INSERT INTO controls_words (word) SELECT term FROM temp.controls_seen;
INSERT INTO evidence_words (word) SELECT term FROM temp.evidence_seen;
INSERT INTO findings_words (word) SELECT term FROM temp.findings_seen;
DROP TABLE temp.controls_seen;
DROP TABLE temp.evidence_seen;
DROP TABLE temp.findings_seen;
