package intake

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// text is what was sent, as UTF-8.
type text struct {
	io.Reader

	encoding func() string // once it has been read
	binary   bool          // it begins like no text in any encoding that is read
}

// The first bytes of what is no text but is sent all the same.
var binaries = map[string]string{
	"PK\x03\x04":       "an Excel workbook or another zip archive",
	"\xd0\xcf\x11\xe0": "an old Excel workbook",
	"\x1f\x8b":         "a gzip archive",
	"%PDF":             "a PDF",
	"\x89PNG":          "an image",
	"\xff\xd8\xff":     "an image",
	"GIF8":             "an image",
}

// startSize is how much of a text is looked at to see what it is, in bytes.
const startSize = 1 << 10

// decode finds out how r is encoded, by its byte order mark where there is one.
// It returns an *Error when r is something else that people send.
func decode(r io.Reader) (*text, error) {
	buffered := bufio.NewReaderSize(r, 64<<10)
	start, err := buffered.Peek(startSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading records: %w", err)
	}
	for magic, what := range binaries {
		if bytes.HasPrefix(start, []byte(magic)) {
			return nil, notText("This is " + what + ".")
		}
	}
	switch {
	case bytes.HasPrefix(start, []byte("\xff\xfe")):
		return wide(buffered, unicode.LittleEndian, "utf-16le"), nil
	case bytes.HasPrefix(start, []byte("\xfe\xff")):
		return wide(buffered, unicode.BigEndian, "utf-16be"), nil
	case bytes.HasPrefix(start, []byte("\xef\xbb\xbf")):
		if _, err := buffered.Discard(3); err != nil {
			return nil, fmt.Errorf("reading records: %w", err)
		}
		start = start[3:]
	}
	if isPage(start) {
		return nil, &Error{
			Code: "not_text", Detail: "This is a web page, not a CSV.",
			Fix: "Look where the file is from: a page to sign in on is easily saved in its place. Export the records as CSV and load that.",
		}
	}
	lenient := &lenient{}
	return &text{Reader: transform.NewReader(buffered, lenient), encoding: lenient.encoding, binary: isBinary(start)}, nil
}

func notText(detail string) *Error {
	return &Error{Code: "not_text", Detail: detail, Fix: "Save or export it as CSV in UTF-8 and load that."}
}

// isPage tells whether what begins with start is HTML.
func isPage(start []byte) bool {
	start = bytes.ToLower(bytes.TrimSpace(start))
	return bytes.HasPrefix(start, []byte("<!doctype")) || bytes.HasPrefix(start, []byte("<html"))
}

// isBinary tells whether more than one in twenty of the characters of start are
// control characters: of random bytes it is one in nine, and a text has a few at
// most, each of which costs it one row.
func isBinary(start []byte) bool {
	decoded, _, _ := transform.Bytes(&lenient{}, start) // which takes all bytes
	controls := 0
	for _, r := range string(decoded) {
		if isForbidden(r) {
			controls++
		}
	}
	return controls*20 > utf8.RuneCount(decoded)
}

func wide(r io.Reader, order unicode.Endianness, name string) *text {
	decoder := unicode.UTF16(order, unicode.ExpectBOM).NewDecoder()
	return &text{Reader: transform.NewReader(r, decoder), encoding: func() string { return name }}
}

// lenient reads UTF-8, and each byte that cannot be as Windows-1252. Text in
// Windows-1252 is hardly ever UTF-8 by chance, so it need not be known
// beforehand which of the two it is.
type lenient struct {
	transform.NopResetter

	utf8, windows bool // what was met beyond ASCII
}

func (l *lenient) encoding() string {
	switch {
	case l.utf8 && l.windows:
		return "utf-8, partly windows-1252"
	case l.windows:
		return "windows-1252"
	}
	return "utf-8"
}

// Transform implements transform.Transformer.
func (l *lenient) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	for nSrc < len(src) {
		if !atEOF && !utf8.FullRune(src[nSrc:]) {
			return nDst, nSrc, transform.ErrShortSrc
		}
		r, size := utf8.DecodeRune(src[nSrc:])
		broken := r == utf8.RuneError && size == 1
		if broken {
			r = charmap.Windows1252.DecodeByte(src[nSrc])
		}
		if nDst+utf8.RuneLen(r) > len(dst) {
			return nDst, nSrc, transform.ErrShortDst
		}
		l.utf8 = l.utf8 || size > 1
		l.windows = l.windows || broken
		nDst += utf8.EncodeRune(dst[nDst:], r)
		nSrc += size
	}
	return nDst, nSrc, nil
}
