package preview

import (
	"bytes"
	"context"
	"image"
	_ "image/gif"  // decoders for what filetype lets in
	_ "image/jpeg" //
	"image/png"
	"io"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp"

	"assay/internal/confine"
)

const (
	maxPixels = 40_000_000
	maxFile   = 64 << 20
	maxWidth  = 1600
	maxHeight = 4 * maxWidth // the screenshot of a long page stays legible

	// Up to here each pixel is weighed, which keeps small writing readable and takes 32
	// bytes for each pixel of a strip; larger pictures are photographs.
	carefulPixels = 16_000_000
)

// Image draws a picture again as PNG, at most 1600 pixels wide and 6400 high. Nothing but
// the pixels of its first frame survives: no metadata, no script, no second file behind
// the first. More than 40 million pixels is ErrTooLarge, judged by the header before a
// pixel is unpacked.
func Image(ctx context.Context, r io.Reader) ([]byte, error) {
	picture, err := picture.Do(ctx, struct{}{}, r)
	return picture, refused(err)
}

var picture = confine.Register("picture", maxFile, redraw)

func redraw(_ struct{}, file []byte) ([]byte, error) {
	config, _, err := image.DecodeConfig(bytes.NewReader(file))
	if err != nil || config.Width < 1 || config.Height < 1 {
		return nil, ErrBroken
	}
	if config.Width > maxPixels/config.Height {
		return nil, ErrTooLarge
	}
	src, _, err := image.Decode(bytes.NewReader(file))
	if err != nil {
		return nil, ErrBroken
	}
	from := src.Bounds()
	dst := image.NewNRGBA(fit(from.Dx(), from.Dy()))
	switch {
	case dst.Bounds().Size() == from.Size():
		draw.Draw(dst, dst.Bounds(), src, from.Min, draw.Src)
	case from.Dx()*from.Dy() > carefulPixels:
		draw.ApproxBiLinear.Scale(dst, dst.Bounds(), src, from, draw.Src, nil)
	default:
		draw.BiLinear.Scale(dst, dst.Bounds(), src, from, draw.Src, nil)
	}
	var out bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&out, dst)
	return out.Bytes(), err
}

// fit keeps the proportions, and at least one pixel each way.
func fit(width, height int) image.Rectangle {
	shrink := max(1, float64(width)/maxWidth, float64(height)/maxHeight)
	return image.Rect(0, 0, max(1, int(float64(width)/shrink)), max(1, int(float64(height)/shrink)))
}
