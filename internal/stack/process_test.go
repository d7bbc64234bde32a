package stack

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// command returns how to start one of the programs of programs_test.go.
func command(t *testing.T, args ...string) Command {
	t.Helper()

	var said any
	return Command{
		Name: args[0], Path: os.Args[0], Args: args,
		Log:       filepath.Join(t.TempDir(), "log", "a.log"),
		Announces: &said,
	}
}

func start(t *testing.T, c Command) *Process {
	t.Helper()

	p, err := Start(t.Context(), c)
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Kill() })
	return p
}

func logged(t *testing.T, c Command) string {
	t.Helper()

	text, err := os.ReadFile(c.Log)
	require.NoError(t, err)
	return string(text)
}

func TestStartReturnsTheAnnouncement(t *testing.T) {
	t.Parallel()

	var said string
	c := command(t, "obedient", "hello")
	c.Announces = &said
	p := start(t, c)
	require.Equal(t, "hello", said)
	require.NoError(t, p.Stop(t.Context()))

	// A restart awaits the line and leaves alone what others read.
	said = "read by others"
	pid := p.Pid()
	require.NoError(t, p.Restart(t.Context()))
	require.NotEqual(t, pid, p.Pid())
	require.Equal(t, "read by others", said)
}

func TestOutputGoesToTheLog(t *testing.T) {
	t.Parallel()

	c := command(t, "obedient", "hello")
	start(t, c)
	require.Eventually(t, func() bool {
		text := logged(t, c)
		return strings.Contains(text, "more on standard output") && strings.Contains(text, "standard error")
	}, 10*time.Second, tick)
	require.NotContains(t, logged(t, c), "hello")
}

func TestReadyIsRepeatedUntilItSucceeds(t *testing.T) {
	t.Parallel()

	looks := 0
	c := command(t, "silent")
	c.Announces = nil
	c.Ready = func(context.Context) error {
		if looks++; looks < 3 {
			return os.ErrNotExist
		}
		return nil
	}
	start(t, c)
	require.Equal(t, 3, looks)
}

func TestStartTellsWhyTheProcessEnded(t *testing.T) {
	t.Parallel()

	c := command(t, "broken")
	require.NoError(t, os.MkdirAll(filepath.Dir(c.Log), 0o700))
	require.NoError(t, os.WriteFile(c.Log, []byte("of a run before\n"), 0o600))
	_, err := Start(t.Context(), c)
	var exit *ExitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, &ExitError{Name: "broken", Status: "exit status 1", Said: "one thing\nis wrong", Log: c.Log}, exit)
	require.ErrorContains(t, err, "starting broken: broken ended (exit status 1), saying:\none thing\nis wrong")
}

func TestStartGivesUpAndLeavesNothing(t *testing.T) {
	t.Parallel()

	gone := errors.New("gave up")
	for name, test := range map[string]struct {
		patience time.Duration
		cancel   bool
		want     string
	}{
		"patience is short": {patience: 5 * tick, want: "starting holder: not ready after 100ms"},
		"context ends":      {patience: time.Hour, cancel: true, want: "starting holder: gave up"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			lock := filepath.Join(t.TempDir(), "lock")
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			c := command(t, "holder", lock)
			c.Patience = test.patience
			c.Ready = func(context.Context) error {
				if test.cancel {
					cancel(gone)
				}
				return os.ErrNotExist
			}
			_, err := Start(ctx, c)
			require.ErrorContains(t, err, test.want)
			requireFree(t, lock)
		})
	}
}

func TestStartTriesAgainWhenToldTo(t *testing.T) {
	t.Parallel()

	tries := 0
	c := command(t, "broken")
	c.Retry = func(said string) bool {
		require.Equal(t, "one thing\nis wrong", said)
		tries++
		return tries < 3
	}
	_, err := Start(t.Context(), c)
	require.Error(t, err)
	require.Equal(t, 3, tries)
}

func TestStopAsksBeforeItKills(t *testing.T) {
	t.Parallel()

	obeys := start(t, command(t, "obedient", "hello"))
	require.NoError(t, obeys.Stop(t.Context()))
	<-obeys.Done()
	require.NoError(t, obeys.Stop(t.Context()), "stopping again")

	c := command(t, "stubborn")
	c.Grace = 5 * tick
	stays := start(t, c)
	require.ErrorContains(t, stays.Stop(t.Context()), "stopping stubborn: still there after 100ms, killed")
	<-stays.Done()
}

func TestRestartGoesOnAfterAForcedEnd(t *testing.T) {
	t.Parallel()

	c := command(t, "stubborn")
	c.Grace = tick
	p := start(t, c)
	pid := p.Pid()
	require.NoError(t, p.Restart(t.Context()))
	require.NotEqual(t, pid, p.Pid())
}

func TestOnlyAnUnaskedEndIsTold(t *testing.T) {
	t.Parallel()

	told := make(chan *ExitError, 10)
	c := command(t, "obedient", "hello")
	c.Exited = func(e *ExitError) { told <- e }
	p := start(t, c)
	require.NoError(t, p.Kill())
	require.NoError(t, p.Restart(t.Context()))
	require.NoError(t, p.Stop(t.Context()))
	require.NoError(t, p.Restart(t.Context()))
	require.NoError(t, syscall.Kill(p.Pid(), syscall.SIGKILL))
	exit := <-told
	require.Equal(t, "obedient", exit.Name)
	require.Equal(t, "signal: killed", exit.Status)
	require.Empty(t, told)
}

func TestPeakRSSIsKeptOverRestarts(t *testing.T) {
	t.Parallel()

	c := command(t, "hungry", strings.Repeat("m", 100))
	p := start(t, c)
	require.Greater(t, p.PeakRSS(), int64(100<<20))
	require.NoError(t, p.Kill())
	require.Greater(t, p.PeakRSS(), int64(100<<20))
	p.command.Args = []string{"hungry", "m"}
	require.NoError(t, p.Restart(t.Context()))
	require.Greater(t, p.PeakRSS(), int64(100<<20))
	require.Less(t, peakRSS(p.Pid()), int64(100<<20))
}

func TestATerminalReachesTheParentAlone(t *testing.T) {
	t.Parallel()

	p := start(t, command(t, "obedient", "hello"))
	group, err := syscall.Getpgid(p.Pid())
	require.NoError(t, err)
	require.Equal(t, p.Pid(), group)
}

func TestChildrenDieWithTheirParent(t *testing.T) {
	t.Parallel()

	lock := filepath.Join(t.TempDir(), "lock")
	parent := exec.CommandContext(t.Context(), os.Args[0], "parent", lock)
	out, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	_, err = bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)

	requireHeld(t, lock)
	require.NoError(t, parent.Process.Kill())
	require.Error(t, parent.Wait())
	requireFree(t, lock)
}

func requireHeld(t *testing.T, lock string) {
	t.Helper()

	f, err := os.Open(lock)
	require.NoError(t, err)
	defer f.Close() //nolint:errcheck // its lock is tried
	require.ErrorIs(t, syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}

// requireFree waits until nobody holds a lock, which is when its holder is gone.
func requireFree(t *testing.T, lock string) {
	t.Helper()

	f, err := os.OpenFile(lock, os.O_CREATE, 0o600)
	require.NoError(t, err)
	defer f.Close() //nolint:errcheck // its lock is tried
	require.Eventually(t, func() bool {
		return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
	}, 10*time.Second, tick)
}
