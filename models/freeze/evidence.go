package freeze

import (
	"context"
	"fmt"
	"path"
	"strings"

	"assay/internal/binder"
	"assay/models"
	"assay/models/evidence"
	"assay/models/scan"
)

// evidence writes every item that the auditors see, in groups, since there may be many.
func (s *snapshot) evidence(ctx context.Context) error {
	for after := int64(0); ; {
		list, err := models.Rows[evidence.Item](s.tx).Where("evidence.id > ?", after).Order("evidence.id").Limit(readAtOnce).Find(ctx)
		if err != nil || len(list) == 0 {
			return err
		}
		if err := s.items(ctx, list); err != nil {
			return err
		}
		after = list[len(list)-1].ID
	}
}

func (s *snapshot) items(ctx context.Context, list []evidence.Item) error {
	ids := make([]int64, len(list))
	for i, item := range list {
		ids[i] = item.ID
		if err := s.know(ctx, append(given(item.DecidedBy), item.UploadedBy)...); err != nil {
			return err
		}
	}
	rows, err := models.Rows[evidence.File](s.tx).Where("evidence_id IN ?", ids).Order("evidence_id, id").Find(ctx)
	if err != nil {
		return err
	}
	files := map[int64][]evidence.File{}
	digests := make([]string, len(rows))
	for i, f := range rows {
		files[f.EvidenceID] = append(files[f.EvidenceID], f)
		digests[i] = f.Digest
	}
	scans, err := scan.Of(ctx, s.tx, digests...)
	if err != nil {
		return err
	}
	sealed, err := evidence.Sealed(ctx, s.tx, digests...)
	if err != nil {
		return err
	}
	for _, item := range list {
		if err := s.item(ctx, item, files[item.ID], scans, sealed); err != nil {
			return err
		}
	}
	return nil
}

func (s *snapshot) item(ctx context.Context, i evidence.Item, files []evidence.File, scans map[string]scan.Scan, sealed map[string]bool) error {
	code := s.codes[i.ControlID]
	if code == "" { // a test rests on evidence for a control out of scope
		var err error
		if code, err = models.Value[string](ctx, s.tx, "SELECT code FROM controls WHERE id = ?", i.ControlID); err != nil {
			return err
		}
	}
	d := binder.Evidence{
		Code: i.Code(), Control: code, Title: i.Title, Kind: i.Kind, Source: i.Source, Location: i.Location, Extractor: i.Extractor,
		PerformedAt: utc(i.PerformedAt), CollectedAt: utc(i.CollectedAt), CoversFrom: string(i.CoversFrom), CoversTo: string(i.CoversTo),
		LateReason: i.LateReason, Status: string(i.Status), UploadedAt: i.UploadedAt.UTC(), Uploader: s.person(i.UploadedBy),
		ApprovedAt: utc(i.DecidedAt), Approver: s.maybe(i.DecidedBy), Files: []binder.EvidenceFile{}, Records: []binder.Record{record(i, i.Meta)},
	}
	if i.SupersedesID != nil {
		d.Replaces = fmt.Sprintf("E-%d", *i.SupersedesID)
	}
	dir := "evidence/" + code + "/" + i.Code() + "/"
	for n, f := range files {
		file := binder.EvidenceFile{ID: f.ID, Name: f.Name, Size: f.Size, SHA256: f.Digest, Redaction: f.Redaction, Withheld: withheld(f, sealed[f.Digest], scans[f.Digest])}
		if f.RedactsID != nil {
			file.Redacts = *f.RedactsID
		}
		if file.Withheld == "" {
			file.Path = dir + fmt.Sprintf("%02d-%s", n+1, SafeName(f.Name))
			s.counts.Files++
			s.counts.Bytes += f.Size
		} else {
			s.counts.Withheld++
		}
		d.Files = append(d.Files, file)
		d.Records = append(d.Records, record(f, f.Meta))
	}
	s.counts.Evidence++
	s.hasItem[i.ID] = true
	return s.add(ctx, dir+"item.json", false, d)
}

// withheld says why bytes are not in the binder, though their digest is.
func withheld(f evidence.File, sealed bool, s scan.Scan) string {
	switch {
	case f.RemovalID != nil:
		return "removed under the retention terms"
	case sealed:
		return "sealed; there is a redacted copy"
	case s.Verdict == scan.Infected:
		return "found to be malware"
	}
	return ""
}

// SafeName is a name that every system can unpack. The name as it came is in the document.
func SafeName(name string) string {
	const most = 80
	clean := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
			return r
		}
		return '_'
	}, name)
	clean = strings.TrimRight(clean, ".")
	if len(clean) > most {
		ext := path.Ext(clean)
		ext = ext[:min(len(ext), 12)]
		clean = clean[:most-len(ext)] + ext
	}
	if clean == "" {
		return "file"
	}
	return clean
}
