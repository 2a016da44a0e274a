package preview_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"assay/internal/confine"
	"assay/internal/preview"
)

// What small files can ask of a machine, a child is asked for: it takes at most its share
// and its time, and this process nothing to speak of.
func TestABombGoesOffInTheChild(t *testing.T) {
	rows := "<row/>"
	for name, c := range map[string]struct {
		sent []byte
		show func([]byte) error
	}{
		"40 million pixels of 64 bits": {hugePNG(8000, 5000), picture(t)},
		"one cell of 30 MiB":           {bookOf(`<row r="1"><c r="A1" t="inlineStr"><is><t>` + strings.Repeat("x", 30<<20) + `</t></is></c></row>`), table(t)},
		"5 million rows of nothing":    {bookOf(strings.Repeat(rows, 30<<20/len(rows))), table(t)},
	} {
		t.Run(name, func(t *testing.T) {
			before, start := memory(t, syscall.RUSAGE_SELF), time.Now()
			err := c.show(c.sent)
			took, grew, child := time.Since(start), memory(t, syscall.RUSAGE_SELF)-before, memory(t, syscall.RUSAGE_CHILDREN)
			t.Logf("%d KiB: %s, here +%d MiB, a child at most %d MiB", len(c.sent)>>10, took.Round(time.Millisecond), grew>>20, child>>20)
			if err != nil && !errors.Is(err, preview.ErrTooLarge) { // on a slow machine the time may be up
				t.Errorf("it ended with %v", err)
			}
			if took > confine.Deadline+3*time.Second || grew > 64<<20 || child > confine.Memory+300<<20 {
				t.Error("it took too much")
			}
		})
	}
}

func picture(t *testing.T) func([]byte) error {
	return func(sent []byte) error {
		_, err := preview.Image(t.Context(), bytes.NewReader(sent))
		return err
	}
}

func table(t *testing.T) func([]byte) error {
	return func(sent []byte) error {
		_, err := preview.XLSX(t.Context(), bytes.NewReader(sent), 0)
		return err
	}
}

func memory(t *testing.T, who int) int64 {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(who, &u); err != nil {
		t.Fatal(err)
	}
	return u.Maxrss << 10
}

// hugePNG is a black picture with 16 bits of each of four colours, packed to next to nothing.
func hugePNG(width, height int) []byte {
	var pixels bytes.Buffer
	pack, _ := zlib.NewWriterLevel(&pixels, zlib.BestSpeed)
	_, _ = io.Copy(pack, io.LimitReader(zeros{}, int64(height)*(int64(width)*8+1)))
	_ = pack.Close()
	var b bytes.Buffer
	b.WriteString("\x89PNG\r\n\x1a\n")
	chunk := func(kind string, data []byte) {
		_ = binary.Write(&b, binary.BigEndian, uint32(len(data)))
		sum := crc32.NewIEEE()
		_, _ = io.MultiWriter(&b, sum).Write(append([]byte(kind), data...))
		_ = binary.Write(&b, binary.BigEndian, sum.Sum32())
	}
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(width)), uint32(height))
	chunk("IHDR", append(head, 16, 6, 0, 0, 0))
	chunk("IDAT", pixels.Bytes())
	chunk("IEND", nil)
	return b.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
