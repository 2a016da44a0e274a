// Package clamd asks a ClamAV daemon whether bytes are malware, by its INSTREAM command.
package clamd

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"
)

// ErrTooLarge is a stream longer than the daemon is set up to read (StreamMaxLength).
var ErrTooLarge = errors.New("the file is larger than the scanner reads")

// A Scanner is where a daemon listens.
type Scanner struct{ network, address string }

// Parse reads tcp://127.0.0.1:3310 or unix:///run/clamav/clamd.ctl.
func Parse(address string) (*Scanner, error) {
	u, err := url.Parse(address)
	if err == nil {
		switch {
		case u.Scheme == "tcp" && u.Port() != "" && u.Path == "":
			return &Scanner{"tcp", u.Host}, nil
		case u.Scheme == "unix" && u.Host == "" && strings.HasPrefix(u.Path, "/"):
			return &Scanner{"unix", u.Path}, nil
		}
	}
	return nil, fmt.Errorf("the scanner's address %q must look like tcp://127.0.0.1:3310 or unix:///run/clamav/clamd.ctl", address)
}

// patience is how long the daemon may take between two signs of life.
const patience = time.Minute

// Version is how the daemon names itself and its signatures.
func (s *Scanner) Version(ctx context.Context) (string, error) {
	conn, err := s.dial(ctx)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "zVERSION\x00"); err != nil {
		return "", fmt.Errorf("the scanner: %w", err)
	}
	return answer(conn)
}

// Scan reads r to its end and says which malware it is, or "". An error means that nobody
// looked: the bytes are neither clean nor infected.
func (s *Scanner) Scan(ctx context.Context, r io.Reader) (signature string, err error) {
	conn, err := s.dial(ctx)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	sent := send(ctx, conn, r)
	var unreadable sourceError
	if errors.As(sent, &unreadable) {
		return "", unreadable.error
	}
	said, err := answer(conn) // a daemon that has had enough says why before it hangs up
	switch {
	case strings.HasSuffix(said, "size limit exceeded. ERROR"):
		return "", ErrTooLarge
	case sent != nil:
		return "", fmt.Errorf("the scanner: %w", sent)
	case err != nil:
		return "", err
	case said == "stream: OK":
		return "", nil
	}
	if name, ok := strings.CutSuffix(strings.TrimPrefix(said, "stream: "), " FOUND"); ok {
		return name, nil
	}
	return "", fmt.Errorf("the scanner answered %q", said)
}

func (s *Scanner) dial(ctx context.Context) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, s.network, s.address)
	if err != nil {
		return nil, fmt.Errorf("the scanner does not answer: %w", err)
	}
	return conn, conn.SetDeadline(time.Now().Add(patience))
}

// A sourceError is trouble with what was to be scanned, not with the scanner.
type sourceError struct{ error }

// send writes the stream in pieces, each after its length; a length of 0 ends it.
func send(ctx context.Context, conn net.Conn, r io.Reader) error {
	if _, err := io.WriteString(conn, "zINSTREAM\x00"); err != nil {
		return err
	}
	piece := make([]byte, 4+64<<10)
	for {
		n, err := io.ReadFull(r, piece[4:])
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return sourceError{err}
		}
		if ctx.Err() != nil {
			return sourceError{context.Cause(ctx)}
		}
		binary.BigEndian.PutUint32(piece, uint32(n)) //nolint:gosec // at most 64 KiB
		if _, err := conn.Write(piece[:4+n]); err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
		if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
			return err
		}
	}
}

func answer(conn net.Conn) (string, error) {
	said, err := bufio.NewReader(io.LimitReader(conn, 1<<10)).ReadString(0)
	if err != nil {
		return strings.TrimSpace(said), fmt.Errorf("the scanner hung up: %w", err)
	}
	return strings.TrimSpace(strings.TrimSuffix(said, "\x00")), nil
}
