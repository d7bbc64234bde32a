package hubspot

import "time"

// journal remembers what records were like before they were written, for as
// long as the search index has not heard of it. It is guarded by the portal's
// lock.
type journal struct {
	entries []entry // oldest first
}

type entry struct {
	at     time.Time
	record *record
	was    record // without an id it was not there
}

// add notes that r is about to be written, and forgets what the index has
// caught up with.
func (j *journal) add(now time.Time, lag time.Duration, r *record, was record) {
	j.forget(now, lag)
	if lag > 0 {
		j.entries = append(j.entries, entry{at: now, record: r, was: was})
	}
}

func (j *journal) forget(now time.Time, lag time.Duration) {
	old := 0
	for old < len(j.entries) && now.Sub(j.entries[old].at) >= lag {
		old++
	}
	if old == len(j.entries) {
		j.entries = nil
		return
	}
	j.entries = j.entries[old:]
}

// stale returns what the index takes records for that have been written within
// the lag.
func (j *journal) stale(now time.Time, lag time.Duration) map[*record]record {
	was := make(map[*record]record)
	for _, e := range j.entries {
		if _, known := was[e.record]; !known && now.Sub(e.at) < lag {
			was[e.record] = e.was
		}
	}
	return was
}
