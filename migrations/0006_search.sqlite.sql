-- Full text: words cut in Go, found here.
-- +goose Up
CREATE VIRTUAL TABLE controls_search USING fts5 (words, content = '', contentless_delete = 1, prefix = '2 3', tokenize = 'unicode61 remove_diacritics 0');
CREATE VIRTUAL TABLE evidence_search USING fts5 (words, content = '', contentless_delete = 1, prefix = '2 3', tokenize = 'unicode61 remove_diacritics 0');
CREATE VIRTUAL TABLE findings_search USING fts5 (words, content = '', contentless_delete = 1, prefix = '2 3', tokenize = 'unicode61 remove_diacritics 0');
