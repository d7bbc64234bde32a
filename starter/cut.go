package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"

	"golang.org/x/text/encoding/unicode"
)

// The bounds of a part of a file. The API takes so many rows in one request;
// where they are large, a part ends sooner.
const (
	partRows  = 10_000
	partBytes = 16 << 20
	lineBytes = 32 << 20 // of one line, for the sake of memory
)

// part is a piece of a file that can be loaded by itself.
type part struct {
	body   []byte
	header int // lines at its start that each part repeats
	line   int // of the file, on which its first row begins
}

// lineOf returns the line of the file that a line of the part is.
func (p part) lineOf(line int) int {
	if line <= p.header {
		return line
	}
	return line - p.header + p.line - 1
}

// source is a file of records, to be read part by part. No record is cut in two.
type source struct {
	contentType string
	parts       iter.Seq2[part, error]
}

// cut returns what is in r, in parts of at most so many rows: a JSON array, an
// object a line, or else a CSV.
func cut(r io.Reader, rows int) (source, error) {
	text := bufio.NewReaderSize(r, 64<<10)
	mark, err := text.Peek(3)
	if err != nil && !errors.Is(err, io.EOF) {
		return source{}, fmt.Errorf("reading records: %w", err)
	}
	switch {
	case bytes.HasPrefix(mark, []byte("\xff\xfe")), bytes.HasPrefix(mark, []byte("\xfe\xff")):
		// UTF-16, as spreadsheets export it, has no bytes that end a line.
		text = bufio.NewReaderSize(unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Reader(text), 64<<10)
	case bytes.HasPrefix(mark, []byte("\xef\xbb\xbf")):
		if _, err := text.Discard(3); err != nil {
			return source{}, fmt.Errorf("reading records: %w", err)
		}
	}
	start, err := text.Peek(4 << 10)
	if err != nil && !errors.Is(err, io.EOF) {
		return source{}, fmt.Errorf("reading records: %w", err)
	}
	switch start = bytes.TrimSpace(start); {
	case bytes.HasPrefix(start, []byte("[")):
		return source{contentType: "application/json", parts: (&arrayCutter{r: text, most: rows, line: 1}).parts}, nil
	case bytes.HasPrefix(start, []byte("{")):
		return source{contentType: "application/x-ndjson", parts: (&ndjsonCutter{lines: &lines{r: text}, most: rows}).parts}, nil
	}
	return source{contentType: "text/csv", parts: (&csvCutter{lines: &lines{r: text}, most: rows}).parts}, nil
}

// heap is a part in the making.
type heap struct {
	part

	rows int
}

// add puts a row, or what lies between rows, onto the heap.
func (h *heap) add(line int, raw []byte, isRow bool) {
	if h.line == 0 {
		h.line = line
	}
	h.body = append(h.body, raw...)
	if isRow {
		h.rows++
	}
}

// full reports whether it is time for the next part.
func (h *heap) full(most int) bool { return h.rows >= most || len(h.body) >= partBytes }

// lines reads lines, ends included, and takes some back.
type lines struct {
	r      *bufio.Reader
	number int // of the line read last, from 1
	back   [][]byte
}

// next returns the next line, or io.EOF.
func (l *lines) next() ([]byte, error) {
	if len(l.back) > 0 {
		line := l.back[0]
		l.back = l.back[1:]
		l.number++
		return line, nil
	}
	var line []byte
	for {
		piece, err := l.r.ReadSlice('\n')
		line = append(line, piece...)
		switch {
		case len(line) > lineBytes:
			return nil, fmt.Errorf("reading records: line %d is longer than %d MB", l.number+1, lineBytes>>20)
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(line) == 0:
			return nil, io.EOF
		case err != nil && !errors.Is(err, io.EOF):
			return nil, fmt.Errorf("reading records: %w", err)
		}
		l.number++
		return line, nil
	}
}

// unread gives lines back, to be read again in their order.
func (l *lines) unread(again [][]byte) {
	l.back = append(append([][]byte{}, again...), l.back...)
	l.number -= len(again)
}

// ndjsonCutter cuts a file that has an object a line.
type ndjsonCutter struct {
	lines *lines
	most  int // rows of a part
}

func (c *ndjsonCutter) parts(yield func(part, error) bool) {
	var h heap
	for {
		line, err := c.lines.next()
		if err != nil {
			finish(&h, err, yield)
			return
		}
		h.add(c.lines.number, line, len(bytes.TrimSpace(line)) > 0)
		if h.full(c.most) {
			if !yield(h.part, nil) {
				return
			}
			h = heap{}
		}
	}
}

// finish hands out what is left when reading has ended with err.
func finish(h *heap, err error, yield func(part, error) bool) {
	if !errors.Is(err, io.EOF) {
		yield(part{}, err)
		return
	}
	if h.rows > 0 {
		yield(h.part, nil)
	}
}
