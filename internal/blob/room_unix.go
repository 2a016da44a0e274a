//go:build linux || darwin

package blob

import "syscall"

// Room asks for what is free to this user, not to the superuser.
func (d disk) Room() (free, total uint64, err error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(d.root.Name(), &s); err != nil {
		return 0, 0, err
	}
	return s.Bavail * uint64(s.Bsize), s.Blocks * uint64(s.Bsize), nil
}
