//go:build !linux

package stack

import "syscall"

// attributes keeps a terminal's signals from a child. Elsewhere than on Linux no
// child dies with a parent that is killed; it has to be stopped.
func attributes(as *account) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if as != nil {
		attr.Credential = &syscall.Credential{Uid: as.uid, Gid: as.gid}
	}
	return attr
}

func peakRSS(int) int64 { return 0 }
