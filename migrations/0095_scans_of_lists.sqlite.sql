-- Lists are scanned for malware like evidence: an auditor can download them.
-- +goose Up
CREATE TABLE scans_of_all (
  id          ID_KEY,
  rev         BIGINT NOT NULL,
  digest      TEXT NOT NULL UNIQUE CHECK (length(digest) = 64),
  evidence_id BIGINT REFERENCES evidence (id), -- the item the bytes first came with
  verdict     TEXT NOT NULL CHECK (verdict IN ('clean', 'infected', 'unscanned')),
  finding     TEXT NOT NULL, -- infected: the signature; unscanned: why
  scanner     TEXT NOT NULL,
  scanned_at  INSTANT NOT NULL,
  about       TEXT NOT NULL DEFAULT '', -- the address of what they came with when that is no evidence
  CHECK ((verdict = 'clean') = (finding = '')),
  CHECK ((evidence_id IS NULL) = (about <> ''))
);
INSERT INTO scans_of_all (id, rev, digest, evidence_id, verdict, finding, scanner, scanned_at)
  SELECT id, rev, digest, evidence_id, verdict, finding, scanner, scanned_at FROM scans;
DROP TABLE scans;
ALTER TABLE scans_of_all RENAME TO scans;
CREATE INDEX scans_verdict ON scans (verdict, id) WHERE verdict <> 'clean';
