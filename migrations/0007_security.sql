-- What a session knows of its sign-in, and what bounds an upload.
-- +goose Up
-- When the provider last saw the person prove who they are; what it gave us to ask again
-- whether they still may, sealed with a key that is not in the database; and when it was
-- asked, and is to be asked next. Without check_at it cannot be asked.
ALTER TABLE sessions ADD COLUMN auth_at INSTANT;
ALTER TABLE sessions ADD COLUMN sealed BYTES;
ALTER TABLE sessions ADD COLUMN checked_at INSTANT;
ALTER TABLE sessions ADD COLUMN check_at INSTANT;
CREATE INDEX sessions_check ON sessions (check_at) WHERE ended_at IS NULL AND check_at IS NOT NULL;
CREATE INDEX sessions_checked ON sessions (issuer, checked_at);

-- How much somebody stored today, and how much there is.
CREATE INDEX evidence_files_day ON evidence_files (added_by, added_at);
CREATE INDEX evidence_files_size ON evidence_files (size);
