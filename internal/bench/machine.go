package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
)

// machine says what all of this ran on, in one line. What the system does not
// tell is left out.
func (b *bench) machine(ctx context.Context) string {
	parts := []string{fmt.Sprintf("%d cores", runtime.NumCPU())}
	if model := proc("/proc/cpuinfo", "model name"); model != "" {
		parts[0] += " of " + model
	}
	if kib, err := strconv.Atoi(strings.TrimSuffix(proc("/proc/meminfo", "MemTotal"), " kB")); err == nil {
		parts = append(parts, fmt.Sprintf("%.0f GB of memory", float64(kib)*1024/1e9))
	}
	parts = append(parts, runtime.GOOS, "Go "+strings.TrimPrefix(runtime.Version(), "go"))
	if version, err := exec.CommandContext(ctx, "node", "--version").Output(); err == nil {
		parts = append(parts, "Node.js "+strings.TrimPrefix(strings.TrimSpace(string(version)), "v"))
	}
	return strings.Join(parts, ", ")
}

// proc returns what a file of "name: value" lines says first of a name, or
// nothing.
func proc(file, name string) string {
	f, err := os.Open(file) //nolint:gosec // named above
	if err != nil {
		return ""
	}
	defer f.Close() //nolint:errcheck // read only
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
