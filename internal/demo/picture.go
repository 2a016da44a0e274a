package demo

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math/rand/v2"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

var (
	white = color.RGBA{255, 255, 255, 255}
	ink   = color.RGBA{32, 38, 46, 255}
	faint = color.RGBA{226, 230, 235, 255}
	deep  = color.RGBA{24, 92, 128, 255}
)

// dashboard is a paper of a screenshot: a heading and a bar for each of thirty days.
func dashboard(title, system string) paper {
	return func(d days, r *rand.Rand) []byte {
		m := image.NewPaletted(image.Rect(0, 0, 720, 360), color.Palette{white, ink, faint, deep})
		fill(m, image.Rect(0, 0, 720, 44), ink)
		write(m, 20, 27, system, white)
		write(m, 20, 76, title+", "+d.label(), ink)
		for y := 120; y <= 320; y += 40 {
			fill(m, image.Rect(20, y, 700, y+1), faint)
		}
		for i := range 30 {
			x := 24 + i*22
			fill(m, image.Rect(x, 320-60-r.IntN(130), x+14, 320), deep)
		}
		write(m, 20, 346, "exported "+string(d.to)+" 07:00 UTC", ink)
		var b bytes.Buffer
		if err := png.Encode(&b, m); err != nil {
			panic(err) // a buffer takes everything
		}
		return b.Bytes()
	}
}

func fill(m draw.Image, area image.Rectangle, c color.Color) {
	draw.Draw(m, area, image.NewUniform(c), image.Point{}, draw.Src)
}

func write(m draw.Image, x, y int, text string, c color.Color) {
	d := font.Drawer{Dst: m, Src: image.NewUniform(c), Face: basicfont.Face7x13, Dot: fixed.P(x, y)}
	d.DrawString(text)
}
