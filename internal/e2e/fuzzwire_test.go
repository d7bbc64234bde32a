package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// fuzzRequest is a request as it goes over the wire. Nothing in it has to be
// sound: no library that keeps people from mistakes lies between.
type fuzzRequest struct {
	op     *operation // the operation that it is made from
	by     *party     // whose key it shows, or whose browser it is; nil for nobody's
	role   string     // of the key
	method string
	target string // path and query as they are sent
	header []headerLine
	body   []byte
	raw    []byte // what is sent instead of all that, when it is to be no HTTP

	wrong   []string // what was made wrong with it
	bodied  bool     // its body is wrong
	refused bool     // whatever the circumstances, it must not be carried out
	strange bool     // it is for no operation of the document
	stored  string   // the key under which it may be sent again
	again   bool     // it was sent before
}

type headerLine struct{ name, value string }

// name says what r is for.
func (r *fuzzRequest) name() string {
	if r.op == nil || r.strange {
		return "(none)"
	}
	return r.op.id
}

func (r *fuzzRequest) set(name, value string) {
	r.drop(name)
	r.header = append(r.header, headerLine{name, value})
}

func (r *fuzzRequest) drop(name string) {
	kept := r.header[:0:0]
	for _, h := range r.header {
		if !strings.EqualFold(h.name, name) {
			kept = append(kept, h)
		}
	}
	r.header = kept
}

func (r *fuzzRequest) get(name string) string {
	for _, h := range r.header {
		if strings.EqualFold(h.name, name) {
			return h.value
		}
	}
	return ""
}

// spoil notes what was made wrong with r, and whether it must be refused for it.
func (r *fuzzRequest) spoil(what string, refused bool) {
	r.wrong = append(r.wrong, what)
	r.refused = r.refused || refused
}

// asks returns what r asks for, which is the same of requests that differ in
// nothing but what is taken for granted.
func (r *fuzzRequest) asks() string {
	path, query, _ := strings.Cut(r.target, "?")
	asked, _ := url.ParseQuery(query) // as far as it can be read
	for _, p := range r.op.params {
		if fallback := p.Schema.Value.Default; fallback != nil && asked.Get(p.Name) == fmt.Sprint(fallback) {
			asked.Del(p.Name)
		}
	}
	return strings.Join([]string{r.method, path, asked.Encode(), r.get("Content-Type"), string(r.body)}, "\n")
}

// bytes returns r as it is sent.
func (r *fuzzRequest) bytes(host string) []byte {
	if r.raw != nil {
		return r.raw
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", r.method, r.target, host)
	for _, h := range r.header {
		fmt.Fprintf(&b, "%s: %s\r\n", h.name, h.value)
	}
	if len(r.body) > 0 || r.method != http.MethodGet && r.method != http.MethodHead {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(r.body))
	}
	b.WriteString("\r\n")
	b.Write(r.body)
	return b.Bytes()
}

// curl returns a line for a shell that sends r.
func (r *fuzzRequest) curl(host string) string {
	if r.raw != nil {
		return fmt.Sprintf("printf '%s' | nc %s", escaped(string(r.raw)), strings.Replace(host, ":", " ", 1))
	}
	var b strings.Builder
	data := ""
	switch {
	case len(r.body) > 4000:
		sum := sha256.Sum256(r.body)
		file := filepath.Join(os.TempDir(), "lockstep-fuzz-"+hex.EncodeToString(sum[:4]))
		if err := os.WriteFile(file, r.body, 0o600); err != nil {
			file = "a-body-of-" + strconv.Itoa(len(r.body))
		}
		data = " --data-binary @" + file
	case len(r.body) > 0:
		fmt.Fprintf(&b, "printf '%s' | ", escaped(string(r.body)))
		data = " --data-binary @-"
	}
	fmt.Fprintf(&b, "curl -sSi --path-as-is -X %s %s", quoted(r.method), quoted("http://"+host+r.target))
	if r.get("Content-Type") == "" && data != "" {
		data = " -H 'Content-Type:'" + data // of which curl has one of its own
	}
	for _, h := range r.header {
		b.WriteString(" -H " + quoted(h.name+": "+h.value))
	}
	return b.String() + data
}

// escaped returns s as printf's format writes it, between single quotes.
func escaped(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		switch {
		case c == '%':
			b.WriteString("%%")
		case c == '\\':
			b.WriteString(`\\`)
		case c >= ' ' && c < 0x7f && c != '\'':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, `\%03o`, c)
		}
	}
	return b.String()
}

// quoted returns s as a word of bash.
func quoted(s string) string {
	var b strings.Builder
	plain := true
	for _, c := range []byte(s) {
		if c < ' ' || c >= 0x7f || c == '\'' || c == '\\' {
			plain = false
			fmt.Fprintf(&b, `\x%02x`, c)
			continue
		}
		b.WriteByte(c)
	}
	if plain {
		return "'" + s + "'"
	}
	return "$'" + b.String() + "'"
}

// fuzzAnswer is what the API answered.
type fuzzAnswer struct {
	status int
	header http.Header
	body   []byte
	took   time.Duration
}

// line is a connection to the API, on which one request is sent after the other.
type line struct {
	ctx  context.Context //nolint:containedctx // a test's own
	host string
	conn net.Conn
	in   *bufio.Reader
}

// answerPatience is how long an answer is waited for: more than the API's own
// patience with a supervisor.
const answerPatience = 75 * time.Second

// ask sends r and returns what is answered. On a line that the API has closed
// meanwhile it is sent on a new one.
func (l *line) ask(r *fuzzRequest) (fuzzAnswer, error) {
	begun, fresh := time.Now(), l.conn == nil
	a, err := l.exchange(r)
	if err != nil && !fresh && a.status == 0 && (errors.Is(err, io.EOF) || isReset(err)) {
		l.close()
		a, err = l.exchange(r)
	}
	if err != nil {
		l.close()
	}
	a.took = time.Since(begun)
	return a, err
}

func isReset(err error) bool {
	_, ok := errors.AsType[*net.OpError](err)
	return ok && !errors.Is(err, os.ErrDeadlineExceeded)
}

func (l *line) close() {
	if l.conn != nil {
		_ = l.conn.Close() // nothing is lost with it
		l.conn = nil
	}
}

func (l *line) exchange(r *fuzzRequest) (fuzzAnswer, error) {
	if l.conn == nil {
		conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(l.ctx, "tcp", l.host)
		if err != nil {
			return fuzzAnswer{}, fmt.Errorf("reaching the API: %w", err)
		}
		l.conn, l.in = conn, bufio.NewReader(conn)
	}
	if err := l.conn.SetDeadline(time.Now().Add(answerPatience)); err != nil {
		return fuzzAnswer{}, fmt.Errorf("setting a deadline: %w", err)
	}
	_, written := l.conn.Write(r.bytes(l.host)) // whoever refuses a long body may answer before its end
	a, open, err := l.answer(r)
	if err != nil {
		return a, errors.Join(err, written)
	}
	if !open || r.raw != nil || written != nil {
		l.close()
	}
	return a, nil
}

// answer reads an answer, and tells whether the line stays open after it.
func (l *line) answer(r *fuzzRequest) (a fuzzAnswer, open bool, err error) {
	resp := new(http.Response)
	for resp.StatusCode < http.StatusOK { // what comes before is none
		if resp, err = http.ReadResponse(l.in, &http.Request{Method: r.method}); err != nil {
			return a, false, fmt.Errorf("reading an answer: %w", err)
		}
	}
	defer resp.Body.Close()
	a = fuzzAnswer{status: resp.StatusCode, header: resp.Header}
	if strings.HasPrefix(a.header.Get("Content-Type"), "text/event-stream") {
		a.body, err = firstEvent(resp.Body)
		return a, false, err // the rest may take long
	}
	if a.body, err = io.ReadAll(resp.Body); err != nil {
		return a, false, fmt.Errorf("reading an answer: %w", err)
	}
	return a, !resp.Close, nil
}

// firstEvent reads a stream of events up to the end of the first.
func firstEvent(r io.Reader) ([]byte, error) {
	in := bufio.NewReader(r)
	var event []byte
	for {
		text, err := in.ReadBytes('\n')
		event = append(event, text...)
		if err != nil || len(text) == 1 && len(event) > 1 {
			return event, err
		}
	}
}
