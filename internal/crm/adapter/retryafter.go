package adapter

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// RetryAfter returns how long a vendor asks to wait, or zero when it does not
// say. A date is read by the vendor's own clock, the answer's Date.
func RetryAfter(h http.Header) time.Duration {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0
	}
	return max(0, until.Sub(now))
}
