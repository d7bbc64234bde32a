package conformance

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
)

// report is what was checked, in counts, and what was not, with the reason. It
// is safe for concurrent use.
type report struct {
	mu      sync.Mutex
	checked map[string]map[string]int      // part → what → how many
	skipped map[string]map[string][]string // part → reason → what
}

func newReport() *report {
	return &report{checked: make(map[string]map[string]int), skipped: make(map[string]map[string][]string)}
}

// count adds n of what was checked.
func (r *report) count(part, what string, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.checked[part] == nil {
		r.checked[part] = make(map[string]int)
	}
	r.checked[part][what] += n
}

// leaveOut notes what was not checked, and why.
func (r *report) leaveOut(part, why, what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.skipped[part] == nil {
		r.skipped[part] = make(map[string][]string)
	}
	if !slices.Contains(r.skipped[part][why], what) {
		r.skipped[part][why] = append(r.skipped[part][why], what)
	}
}

// print writes the report: the counts, then what was left out.
func (r *report) print(w io.Writer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }
	line("\nChecked\n")
	for _, part := range slices.Sorted(maps.Keys(r.checked)) {
		line("  %s\n", part)
		for _, what := range slices.Sorted(maps.Keys(r.checked[part])) {
			line("    %5d  %s\n", r.checked[part][what], what)
		}
	}
	line("Not checked\n")
	for _, part := range slices.Sorted(maps.Keys(r.skipped)) {
		line("  %s\n", part)
		for _, why := range slices.Sorted(maps.Keys(r.skipped[part])) {
			all := r.skipped[part][why]
			slices.Sort(all)
			line("    %5d  %s: %s\n", len(all), why, abridged(all))
		}
	}
}

// abridged joins names, the middle ones left out where there are many.
func abridged(names []string) string {
	const most = 4
	switch {
	case len(names) == 1:
		return names[0]
	case len(names) <= most:
		return fmt.Sprint(names)
	}
	return fmt.Sprintf("%s … %s", names[0], names[len(names)-1])
}
