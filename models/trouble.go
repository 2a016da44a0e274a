package models

import (
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Away reports whether err comes from a database that cannot be reached: it was stopped,
// it starts, or the line to it is dead. Later it may answer.
func Away(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return strings.HasPrefix(pg.Code, "08") || strings.HasPrefix(pg.Code, "57P") // connection exceptions, operator interventions
	}
	var connect *pgconn.ConnectError
	var line *net.OpError
	if errors.Is(err, io.ErrUnexpectedEOF) { // what pgx says of a line that ends in the middle of an answer
		return true
	}
	return errors.As(err, &connect) || errors.As(err, &line) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, net.ErrClosed) ||
		err != nil && strings.Contains(err.Error(), "conn closed") // pgx has no name for it
}

// NoRoom reports whether err comes from a database whose disk is full.
func NoRoom(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "53100" // disk_full
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		// A write into the shared memory or the log of SQLite says I/O error instead.
		return lite.Code() == sqlite3.SQLITE_FULL || lite.Code()&0xff == sqlite3.SQLITE_IOERR
	}
	return errors.Is(err, syscall.ENOSPC)
}
