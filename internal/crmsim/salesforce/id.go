package salesforce

import "strings"

const (
	digits62   = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	suffixes   = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
	idLength   = 18
	shortID    = 15
	countDigit = 9 // digits of an id that number the record
)

// makeID returns the 18 characters that number the nth record of a kind:
// key prefix, instance, nine digits to the base 62, and the suffix.
func makeID(prefix, instance string, n int) string {
	var id [shortID]byte
	copy(id[:], prefix+instance)
	for i := shortID - 1; i >= shortID-countDigit; i-- {
		id[i] = digits62[n%62]
		n /= 62
	}
	return string(id[:]) + suffix(string(id[:]))
}

// suffix returns the three characters that make a 15-character id safe for
// those who ignore case: each spells, low bit first, which of five characters
// are capitals.
func suffix(id string) string {
	var out [3]byte
	for i := range out {
		bits := 0
		for j := range 5 {
			if c := id[i*5+j]; c >= 'A' && c <= 'Z' {
				bits |= 1 << j
			}
		}
		out[i] = suffixes[bits]
	}
	return string(out[:])
}

// longID returns the 18 characters of an id given in 15 or 18. It reports
// whether id is well formed, suffix included.
func longID(id string) (string, bool) {
	if len(id) != shortID && len(id) != idLength {
		return "", false
	}
	for i := range len(id) {
		c := id[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return "", false
		}
	}
	short := id[:shortID]
	full := short + suffix(short)
	return full, len(id) == shortID || full == id
}

// number returns the n of makeID, or -1 for an id of another kind or instance.
func number(id, prefix, instance string) int {
	rest, ok := strings.CutPrefix(id, prefix+instance)
	if !ok || len(id) != idLength {
		return -1
	}
	n := 0
	for i := range countDigit {
		n = n*62 + strings.IndexByte(digits62, rest[i])
	}
	return n
}
