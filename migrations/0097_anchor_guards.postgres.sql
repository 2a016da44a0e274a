-- What the outside confirmed is not taken back.
-- +goose Up
CREATE TRIGGER anchors_kept BEFORE UPDATE ON anchors FOR EACH ROW
  EXECUTE FUNCTION assay_refuse('an anchor never changes');
CREATE TRIGGER anchors_stay BEFORE DELETE ON anchors FOR EACH ROW
  EXECUTE FUNCTION assay_refuse('an anchor never changes');
