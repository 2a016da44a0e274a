//go:build !linux

package blob

import "os"

func sendOn(*os.File, int64, int64) {}
