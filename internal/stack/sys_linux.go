package stack

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// capDacOverride passes file permissions; see capabilities(7).
const capDacOverride = 1

// attributes makes a child die with its parent and keeps a terminal's signals
// from it.
func attributes(as *account) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if as != nil {
		attr.Credential = &syscall.Credential{Uid: as.uid, Gid: as.gid}
		if as.everywhere {
			attr.AmbientCaps = []uintptr{capDacOverride}
		}
	}
	return attr
}

// peakRSS returns the most memory that a running process has had resident, in
// bytes, or 0.
func peakRSS(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(status, []byte("\nVmHWM:"))
	fields := bytes.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kilobytes, err := strconv.ParseInt(string(fields[0]), 10, 64)
	if err != nil {
		return 0
	}
	return kilobytes << 10
}
