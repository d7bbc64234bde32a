package stack

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
)

// said is how much of its log an ExitError quotes.
const (
	saidLines = 5
	saidBytes = 2 << 10
)

// ExitError says that a process ended and nobody had asked it to.
type ExitError struct {
	Name   string // of the process
	Status string // as the system tells it, such as "exit status 1"
	Said   string // the last lines of its log
	Log    string // where the rest is
}

func (e *ExitError) Error() string {
	if e.Said == "" {
		return fmt.Sprintf("%s ended (%s)", e.Name, e.Status)
	}
	return fmt.Sprintf("%s ended (%s), saying:\n%s\n(all of it: %s)", e.Name, e.Status, e.Said, e.Log)
}

// account is whom a process runs as.
type account struct {
	uid, gid uint32
	// everywhere lets it pass directories that are closed to the account, such
	// as /root on the way to a checkout.
	everywhere bool
}

// child is one life of a process, from its start until it is reaped.
type child struct {
	name string
	pid  int
	cmd  *exec.Cmd
	log  string
	from int64 // where its part of the log begins

	announced chan error    // tells once what became of the first line
	done      chan struct{} // closed when it is reaped
	asked     atomic.Bool   // its end is wanted
	err       error         // of waiting for it; readable when done is closed
}

// spawn starts a child. Its first line of standard output is decoded into
// announces, unless that is nil.
func spawn(c Command, announces any) (*child, error) {
	log, err := openLog(c.Log)
	if err != nil {
		return nil, err
	}
	from, err := log.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, fmt.Errorf("opening the log: %w", err)
	}
	out, in, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("connecting its output: %w", err)
	}
	cmd := exec.Command(c.Path, c.Args...) //nolint:gosec,noctx // starting what it is told is its task; the child outlives the start
	cmd.Env = append([]string{}, c.Env...)
	cmd.Stdout, cmd.Stderr = in, log
	cmd.SysProcAttr = attributes(c.as)

	ch := &child{
		name: c.Name, cmd: cmd, log: c.Log, from: from,
		announced: make(chan error, 1), done: make(chan struct{}),
	}
	err = ch.run()
	_ = in.Close()
	if err != nil {
		_ = out.Close()
		_ = log.Close()
		return nil, err
	}
	go ch.read(out, announces, log)
	return ch, nil
}

// run starts the child and reaps it when it ends.
//
// The kernel sends the signal that makes a child die with its parent when the
// thread that forked it ends, even if the process lives on. So the goroutine
// that starts the child keeps its thread until the child is gone.
func (c *child) run() error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := c.cmd.Start()
		if err == nil {
			c.pid = c.cmd.Process.Pid
		}
		started <- err
		if err != nil {
			return
		}
		c.err = c.cmd.Wait()
		close(c.done)
	}()
	return <-started
}

// read takes the announcement from the child's standard output and sends the
// rest to log, until the child has closed it. It closes both.
func (c *child) read(out *os.File, announces any, log *os.File) {
	defer func() { _, _ = out.Close(), log.Close() }()
	lines := bufio.NewReader(out)
	if announces != nil {
		line, err := lines.ReadBytes('\n')
		if err == nil {
			if err = json.Unmarshal(line, announces); err != nil {
				err = fmt.Errorf("reading its announcement: %w", err)
			}
			c.announced <- err
		}
		// Else it ended without one, which done tells.
	}
	_, _ = io.Copy(log, lines)
}

// watch tells exited when the child ends unasked.
func (c *child) watch(exited func(*ExitError)) {
	if exited == nil {
		return
	}
	go func() {
		<-c.done
		if !c.asked.Load() {
			exited(c.exit())
		}
	}()
}

func (c *child) ended() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// peak returns the most memory that the child has had resident, in bytes, or 0
// when it has ended.
func (c *child) peak() int64 {
	if c.ended() {
		return 0 // the pid may be another's by now
	}
	return peakRSS(c.pid)
}

func (c *child) signal(s syscall.Signal) error {
	err := c.cmd.Process.Signal(s)
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

func (c *child) stop(ctx context.Context, command Command) error {
	ask, wait := command.StopSignal, command.Grace
	if ask == 0 {
		ask = syscall.SIGTERM
	}
	if wait == 0 {
		wait = grace
	}
	ctx, cancel := context.WithTimeoutCause(ctx, wait, fmt.Errorf("still there after %s", wait))
	defer cancel()
	if err := c.signal(ask); err != nil {
		return err
	}
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
	}
	if err := c.signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-c.done
	return fmt.Errorf("%w, killed", context.Cause(ctx))
}

// exit describes the end of a child that is done.
func (c *child) exit() *ExitError {
	status := "exit status 0"
	if c.err != nil {
		status = c.err.Error()
	}
	return &ExitError{Name: c.name, Status: status, Said: c.said(), Log: c.log}
}

// said returns the last lines that the child wrote to its log.
func (c *child) said() string {
	log, err := os.Open(c.log)
	if err != nil {
		return ""
	}
	defer log.Close() //nolint:errcheck // read only
	end, err := log.Seek(0, io.SeekEnd)
	if err != nil {
		return ""
	}
	text := make([]byte, min(max(0, end-c.from), saidBytes))
	if _, err := log.ReadAt(text, end-int64(len(text))); err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-saidLines):], "\n")
}
