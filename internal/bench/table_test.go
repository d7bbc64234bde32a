package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheTableTellsFiguresRatiosAndFailures(t *testing.T) {
	t.Parallel()

	f := findings{
		contacts: 100_000, fewer: 10_000, fewerMB: 61.2,
		contests: []contest{
			{task: "Salesforce", own: own{actions: 14, loading: 9_440 * time.Millisecond}, entries: []entry{
				{who: "Lockstep", seconds: 16, peakMB: 66.6, traffic: traffic{calls: 501}},
				{who: "quick", seconds: 8, peakMB: 300, traffic: traffic{calls: 500}},
				{who: "lossy", seconds: 1, traffic: traffic{calls: 499}, fault: errors.New("99,800 of 100,000 contacts landed")},
			}},
			{task: "HubSpot", entries: []entry{
				{who: "Lockstep", fault: errors.New("starting it")},
				{who: "slow", seconds: 111.16, peakMB: 490, traffic: traffic{calls: 1005, throttled: 5}},
			}},
		},
		test: trial{Times: 50},
	}
	f.test.RoundTrip.P50, f.test.RoundTrip.P95 = 195.4, 243

	var b strings.Builder
	require.NoError(t, f.print(&b, "a machine"))
	require.Equal(t, `100,000 contacts from a CSV into an empty CRM. A row has figures if the sandbox then held every contact once, with all of its
values; × is a client's figure divided by Lockstep's.

| | seconds | contacts/s | calls | 429s | peak MB | × seconds | × calls |
|---|--:|--:|--:|--:|--:|--:|--:|
| **Salesforce** | | | | | | | |
| Lockstep | 16.0 | 6,250 | 501 | 0 | 67 | | |
| quick | 8.0 | 12,500 | 500 | 0 | 300 | 0.50 | 1.00 |
| lossy | failed | | | | | | |
| **HubSpot** | | | | | | | |
| Lockstep | failed | | | | | | |
| slow | 111.2 | 900 | 1,005 | 5 | 490 | | |

* Loading the CSV: 9.4 s, before Lockstep's seconds begin; the others read it within theirs.
* Temporal: 14 billable actions for the 100,000 contacts.
* Worker memory: 67 MB at most with 100,000 contacts, 61 MB with 10,000. PostgreSQL and Temporal, beside it, are not in it.
* Test contact, 50 times into a HubSpot at 100 ms a call: p50 195 ms, p95 243 ms.
* `+strings.Join(lacks(), "\n* ")+`

Measured on a machine.
`, b.String())
}
