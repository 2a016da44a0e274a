-- Requests are found by their words. What there is so far is cut by the index itself.
-- +goose Up
CREATE VIRTUAL TABLE requests_search USING fts5 (words, content = '', contentless_delete = 1, prefix = '2 3', tokenize = 'unicode61 remove_diacritics 2');
INSERT INTO requests_search (rowid, words)
  SELECT r.id, printf('R %03d', r.id) || ' ' || r.reference || ' ' || r.title || ' ' || r.detail || ' ' || r.control || ' ' ||
    COALESCE((SELECT group_concat(i.words, ' ') FROM request_items i WHERE i.request_id = r.id), '')
  FROM requests r;
CREATE TABLE requests_words (word TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE VIRTUAL TABLE temp.requests_seen USING fts5vocab(main, requests_search, 'row');
INSERT INTO requests_words (word) SELECT term FROM temp.requests_seen;
DROP TABLE temp.requests_seen;
