package adapter_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm/adapter"
)

func TestRetryAfter(t *testing.T) {
	t.Parallel()

	const now = "Fri, 03 Dec 2021 17:59:45 GMT"
	for name, tc := range map[string]struct {
		value, date string
		want        time.Duration
	}{
		"absent":              {},
		"seconds":             {value: "10", want: 10 * time.Second},
		"negative":            {value: "-10"},
		"date":                {value: "Fri, 03 Dec 2021 18:00:00 GMT", date: now, want: 15 * time.Second},
		"date past":           {value: "Fri, 03 Dec 2021 17:00:00 GMT", date: now},
		"date, clock unknown": {value: "Fri, 03 Dec 2021 18:00:00 GMT"},
		"neither":             {value: "soon", date: now},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			h := http.Header{}
			h.Set("Retry-After", tc.value)
			h.Set("Date", tc.date)
			require.Equal(t, tc.want, adapter.RetryAfter(h))
		})
	}
}
