package intake

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// line is one physical line, without its end.
type line struct {
	number int // from 1
	text   string
	cut    bool // it was longer than a row may be, and its rest is gone
}

// lines reads lines and takes some back. It holds one line in memory and what
// it took back.
type lines struct {
	r      *bufio.Reader
	number int
	back   []line // in reverse
}

func newLines(r io.Reader) *lines { return &lines{r: bufio.NewReaderSize(r, 64<<10)} }

// next returns the next line, or io.EOF.
func (l *lines) next() (line, error) {
	if n := len(l.back); n > 0 {
		last := l.back[n-1]
		l.back = l.back[:n-1]
		return last, nil
	}
	var b strings.Builder
	cut := false
	for {
		part, err := l.r.ReadSlice('\n')
		if room := maxRow - b.Len(); len(part) > room {
			part, cut = part[:room], true
		}
		b.Write(part)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && b.Len() == 0:
			return line{}, io.EOF
		case err != nil && !errors.Is(err, io.EOF):
			return line{}, fmt.Errorf("reading records: %w", err)
		}
		l.number++
		text := strings.TrimSuffix(strings.TrimSuffix(b.String(), "\n"), "\r")
		return line{number: l.number, text: text, cut: cut}, nil
	}
}

// unread gives lines back, to be read again in their order.
func (l *lines) unread(again []line) {
	for _, line := range slices.Backward(again) {
		l.back = append(l.back, line)
	}
}
