package sample

import (
	"encoding/binary"
	"io"
)

// sinkBytes is how much of a text is passed on at a time.
const sinkBytes = 64 << 10

// A sink writes a text while the next part of it is made. What fits into one part is
// written by close.
type sink struct {
	to     io.Writer
	buffer []byte // the part being made
	full   chan []byte
	empty  chan written
}

// written is a part that was written, to be used again.
type written struct {
	buffer []byte
	err    error
}

func newSink(to io.Writer) *sink { return &sink{to: to, buffer: make([]byte, 0, 4<<10)} }

// pass takes a part and gives the room for the next one.
func (s *sink) pass(part []byte) ([]byte, error) {
	if s.full == nil {
		s.full, s.empty = make(chan []byte), make(chan written, 2)
		s.empty <- written{buffer: make([]byte, 0, len(part)+sinkBytes/16)}
		go s.write()
	}
	next := <-s.empty
	if s.buffer = nil; next.err != nil {
		return nil, next.err
	}
	s.full <- part
	return next.buffer[:0], nil
}

func (s *sink) write() {
	var err error
	for part := range s.full {
		if err == nil {
			_, err = s.to.Write(part)
		}
		s.empty <- written{part, err}
	}
	close(s.empty)
}

// close writes the last part and waits for all of them.
func (s *sink) close() error {
	if s.full == nil {
		_, err := s.to.Write(s.buffer)
		return err
	}
	close(s.full)
	for w := range s.empty {
		if w.err != nil {
			return w.err
		}
	}
	_, err := s.to.Write(s.buffer)
	return err
}

// hexPairs are the two digits of every byte, the first one in the lower half.
var hexPairs = func() (out [256]uint16) {
	const digits = "0123456789abcdef"
	for i := range out {
		out[i] = uint16(digits[i>>4]) | uint16(digits[i&15])<<8
	}
	return out
}()

// appendHex is hex.AppendEncode for a digest, of which there are millions.
func appendHex(to, digest []byte) []byte {
	at := len(to)
	to = append(to, make([]byte, 2*len(digest))...)
	for i, b := range digest {
		binary.LittleEndian.PutUint16(to[at+2*i:], hexPairs[b])
	}
	return to
}
