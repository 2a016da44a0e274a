-- Requests are found by their words. What there is so far is cut as Go cuts it.
-- +goose Up
CREATE TABLE requests_search (id BIGINT PRIMARY KEY, words tsvector NOT NULL);
INSERT INTO requests_search (id, words)
  SELECT r.id, array_to_tsvector(array_remove(string_to_array(trim(regexp_replace(regexp_replace(normalize(lower('R ' || lpad(r.id::text, 3, '0') || ' ' || r.reference || ' ' || r.title || ' ' || r.detail || ' ' || r.control || ' ' ||
    COALESCE((SELECT string_agg(i.words, ' ') FROM request_items i WHERE i.request_id = r.id), '')), NFKD), '[\u0300-\u036f]', '', 'g'), '[^[:alnum:]]+', ' ', 'g')), ' '), ''))
  FROM requests r;
CREATE INDEX requests_search_words ON requests_search USING gin (words);
