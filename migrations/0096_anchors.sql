-- Where outside of this installation it is known what the log held, and since when.
-- +goose Up
CREATE TABLE anchors (
  id    ID_KEY,
  rev   BIGINT NOT NULL,
  kind  TEXT NOT NULL CHECK (kind IN ('mail', 'witness', 'timestamp')),
  place TEXT NOT NULL CHECK (place <> ''), -- the witness, the authority, or whose mailbox
  size  BIGINT NOT NULL CHECK (size > 0),  -- leaves
  note  TEXT NOT NULL CHECK (note <> ''),  -- the checkpoint, with the witness's line
  token BYTES,                             -- of an authority: the time stamp, DER
  at    INSTANT NOT NULL,                  -- as the outside says
  CHECK ((kind = 'timestamp') = (token IS NOT NULL))
);
CREATE INDEX anchors_at ON anchors (at, id);
CREATE INDEX anchors_place ON anchors (kind, place, id);
