package main

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// lineEvery is how often progress is told in plain lines.
const lineEvery = 5 * time.Second

// progress shows how far something is: by a bar where somebody looks at a
// terminal, else by a line every few seconds.
type progress struct {
	say   func(format string, args ...any)
	bar   *progressbar.ProgressBar // nil without a terminal
	total int64                    // below 1 when it is not known
	next  time.Time                // when the next line is due
}

// progress begins to show how far something is that has total parts. Call end
// before anything else is said.
func (f *face) progress(total int64, what string) *progress {
	p := &progress{say: f.say, total: total, next: time.Now().Add(time.Second)}
	if terminal(f.stderr) && terminal(f.talk()) {
		p.bar = newBar(f.stderr, total, what)
	}
	return p
}

func newBar(w io.Writer, total int64, what string) *progressbar.ProgressBar {
	return progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetDescription(what),
		progressbar.OptionSetWidth(30),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
	)
}

// of says that there are total parts: that may change on the way.
func (p *progress) of(total int64) {
	if p.bar != nil && total > 0 && total != p.total {
		p.bar.ChangeMax64(total)
	}
	p.total = total
}

// show says that done parts are done; line says it in words, and leaves the
// percentage to it.
func (p *progress) show(done int64, line string) {
	if p.bar != nil {
		p.bar.Describe(line)
		_ = p.bar.Set64(done) // a bar that cannot be drawn is no trouble
		return
	}
	if now := time.Now(); now.After(p.next) {
		p.next = now.Add(lineEvery)
		if p.total > 0 {
			line = fmt.Sprintf("%d %%: %s", done*100/p.total, line)
		}
		p.say("  %s", line)
	}
}

// end takes the bar away.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish() // stops what turns it, too
	}
}
