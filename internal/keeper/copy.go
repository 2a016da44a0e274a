package keeper

import (
	"context"
	"errors"
	"fmt"

	"assay/internal/blob"
)

// A Copied is what came of moving blobs to another store.
type Copied struct {
	Copied, There, Failed int
	Bytes                 int64
}

// errAltered refuses bytes whose digest is not the name they had.
var errAltered = errors.New("the bytes in the source do not match their digest")

// Copy brings every blob of one store into another. What is there already, in its full
// length, is not read again, so that a copy which was cut off goes on where it was. Bytes
// that no longer match their digest are not copied; failed is told of each.
func Copy(ctx context.Context, from, to blob.Store, failed func(digest string, err error)) (c Copied, err error) {
	want := ""
	to.Before(func(_ context.Context, digest string, _ int64) error {
		if digest != want {
			return errAltered
		}
		return nil
	})
	for info, err := range from.List(ctx) {
		if err != nil {
			return c, fmt.Errorf("list the source: %w", err)
		}
		if ctx.Err() != nil {
			return c, context.Cause(ctx)
		}
		want = info.Digest
		copied, err := copyOne(ctx, from, to, info)
		switch {
		case errors.Is(err, blob.ErrUnavailable), errors.Is(err, blob.ErrFull), ctx.Err() != nil:
			return c, err
		case err != nil:
			c.Failed++
			failed(info.Digest, err)
		case copied:
			c.Copied++
			c.Bytes += info.Size
		default:
			c.There++
		}
	}
	return c, nil
}

func copyOne(ctx context.Context, from, to blob.Store, info blob.Info) (copied bool, err error) {
	switch there, err := to.Stat(ctx, info.Digest); {
	case err == nil && there.Size == info.Size:
		return false, nil
	case err != nil && !errors.Is(err, blob.ErrNotFound):
		return false, err
	}
	r, _, err := from.Open(ctx, info.Digest)
	if err != nil {
		return false, err
	}
	defer r.Close()
	_, err = to.Put(ctx, r, info.Size)
	return err == nil, err
}
