-- What a malware scanner said of stored bytes. Bytes without a row have not been scanned yet.
-- +goose Up
CREATE TABLE scans (
  id          ID_KEY,
  rev         BIGINT NOT NULL,
  digest      TEXT NOT NULL UNIQUE CHECK (length(digest) = 64),
  evidence_id BIGINT NOT NULL REFERENCES evidence (id), -- the item the bytes first came with
  verdict     TEXT NOT NULL CHECK (verdict IN ('clean', 'infected', 'unscanned')),
  finding     TEXT NOT NULL, -- infected: the signature; unscanned: why
  scanner     TEXT NOT NULL,
  scanned_at  INSTANT NOT NULL,
  CHECK ((verdict = 'clean') = (finding = ''))
);
CREATE INDEX scans_verdict ON scans (verdict, id) WHERE verdict <> 'clean';
