-- Who answers for a control, by name: the list is sorted by it, and no index goes across
-- two tables. Nobody sorts first. Derived from the controls and the people.
-- +goose Up
CREATE TABLE control_owners (
  control_id BIGINT PRIMARY KEY REFERENCES controls (id),
  owner_name TEXT NOT NULL,
  owner_id   BIGINT NOT NULL, -- keeps people of one name apart; 0 is nobody
  code       TEXT NOT NULL
);
INSERT INTO control_owners (control_id, owner_name, owner_id, code)
  SELECT c.id, COALESCE(p.name, ''), COALESCE(c.owner_id, 0), c.code FROM controls c LEFT JOIN people p ON p.id = c.owner_id;
CREATE INDEX control_owners_name ON control_owners (lower(owner_name), owner_id, code);
