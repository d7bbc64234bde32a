package stack

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// access is who may connect: the superuser by the socket, which is in a closed
// directory, and the services by TCP with a password.
const access = `local all all trust
host ` + owner + ` ` + owner + ` 127.0.0.1/32 scram-sha-256
`

// cluster is a PostgreSQL cluster on disk.
type cluster struct {
	dir     string
	durable bool

	bin string   // of the server programs that fit it
	as  *account // whom they run as; nil as the caller
}

// prepare makes the cluster if it is not there yet, and readies its directory
// for a start.
func (c *cluster) prepare(ctx context.Context, bin string) error {
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return fmt.Errorf("making the directory of PostgreSQL: %w", err)
	}
	if err := c.chooseAccount(); err != nil {
		return err
	}
	major, err := os.ReadFile(c.data("PG_VERSION"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading the version of the cluster: %w", err)
	}
	if c.bin, err = findServer(ctx, bin, strings.TrimSpace(string(major))); err != nil {
		return fmt.Errorf("starting PostgreSQL in %s: %w", c.dir, err)
	}
	if len(major) == 0 {
		return c.create(ctx)
	}
	return c.dropStalePid()
}

// create makes the cluster beside its place and moves it there, so that one half
// made is never taken for one.
func (c *cluster) create(ctx context.Context) error {
	next := filepath.Join(c.dir, "data.next")
	if err := os.RemoveAll(next); err != nil {
		return fmt.Errorf("removing a half-made cluster: %w", err)
	}
	args := []string{
		"-D", next, "-U", admin, "--auth-local=trust", "--auth-host=scram-sha-256", "--no-instructions",
		// Sorting by bytes is fast and the same everywhere; upper and lower case
		// know all letters.
		"--encoding=UTF8", "--locale=C", "--lc-ctype=C.UTF-8",
	}
	if !c.durable {
		args = append(args, "--no-sync")
	}
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, "initdb"), args...) //nolint:gosec // the program was found here
	cmd.Env = clusterEnv()
	cmd.SysProcAttr = attributes(c.as)
	runtime.LockOSThread() // see child.run
	out, err := cmd.CombinedOutput()
	runtime.UnlockOSThread()
	if err != nil {
		return fmt.Errorf("making a PostgreSQL cluster: %w: %s", err, strings.TrimSpace(string(out)))
	}
	if err := os.WriteFile(filepath.Join(next, "pg_hba.conf"), []byte(access), 0o600); err != nil {
		return fmt.Errorf("setting who may connect: %w", err)
	}
	if err := os.Rename(next, c.data()); err != nil {
		return fmt.Errorf("making a PostgreSQL cluster: %w", err)
	}
	return nil
}

// chooseAccount finds whom root's cluster runs as, and gives that account the
// directory.
func (c *cluster) chooseAccount() error {
	if os.Geteuid() != 0 {
		return nil
	}
	u, err := user.Lookup(admin)
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		return fmt.Errorf("finding a user for PostgreSQL, which refuses to be root: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return fmt.Errorf("finding a user for PostgreSQL: %w", err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return fmt.Errorf("finding a user for PostgreSQL: %w", err)
	}
	if err := os.Chown(c.dir, int(uid), int(gid)); err != nil {
		return fmt.Errorf("giving its directory to PostgreSQL: %w", err)
	}
	c.as = &account{uid: uint32(uid), gid: uint32(gid), everywhere: closedAbove(c.dir)}
	return nil
}

// closedAbove reports whether a directory above dir is closed to some accounts.
func closedAbove(dir string) bool {
	for dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
		info, err := os.Stat(dir)
		if err != nil || info.Mode().Perm()&0o001 == 0 {
			return true
		}
	}
	return false
}

// socketDir returns a directory for the socket: the cluster's, or where its path
// would not fit into a socket's address, one of a name that depends on it among
// the temporary files.
func (c *cluster) socketDir(port int) (string, error) {
	path := filepath.Join(c.dir, ".s.PGSQL."+strconv.Itoa(port))
	if len(path) <= socketPath && !strings.ContainsAny(path, `,"`) { // which PostgreSQL gives a meaning
		return c.dir, nil
	}
	name := sha256.Sum256([]byte(c.dir))
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("lockstep-%x", name[:8]))
	if err := os.Mkdir(dir, 0o700); err == nil && c.as != nil {
		if err := os.Chown(dir, int(c.as.uid), int(c.as.gid)); err != nil {
			return "", fmt.Errorf("giving its socket's directory to PostgreSQL: %w", err)
		}
	} else if err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("making a directory for PostgreSQL's socket: %w", err)
	}

	// Anybody may make a directory there, and who owns it could be the server.
	uid := os.Geteuid()
	if c.as != nil {
		uid = int(c.as.uid)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return "", fmt.Errorf("making a directory for PostgreSQL's socket: %w", err)
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); !ok || int(stat.Uid) != uid || info.Mode() != fs.ModeDir|0o700 {
		return "", fmt.Errorf("%s belongs to somebody else: remove it", dir)
	}
	return dir, nil
}

// dropStalePid removes the note of a server that is gone when its process id
// belongs to another program by now, for instance after a reboot; PostgreSQL
// would take that one for itself. A note whose process is gone altogether is
// left: PostgreSQL learns more from it.
func (c *cluster) dropStalePid() error {
	path := c.data("postmaster.pid")
	note, err := os.ReadFile(path) //nolint:gosec // below the state directory
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading who runs the cluster: %w", err)
	}
	first, _, _ := strings.Cut(string(note), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || syscall.Kill(pid, 0) != nil {
		return nil //nolint:nilerr // no such process: PostgreSQL sees to it
	}
	command, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil || strings.Contains(string(command), c.data()) {
		return nil //nolint:nilerr // it may be the cluster's
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("removing the note of a server that is gone: %w", err)
	}
	return nil
}

// data returns the path of a file of the cluster.
func (c *cluster) data(name ...string) string {
	return filepath.Join(append([]string{c.dir, "data"}, name...)...)
}

// clusterEnv is the environment of PostgreSQL's programs: English, so that
// stillDying can read them.
func clusterEnv() []string { return []string{"LC_ALL=C", "TZ=UTC", "PATH=/usr/bin:/bin"} }

// findServer returns the directory of PostgreSQL's server programs: bin if
// given, else the first of PATH, else the newest that Debian installed. Only the
// same major version can run a cluster that exists; major names it then.
func findServer(ctx context.Context, bin, major string) (string, error) {
	candidates := []string{bin}
	if bin == "" {
		candidates = installed()
	}
	var found []string
	for _, dir := range candidates {
		version, err := serverVersion(ctx, dir)
		if err != nil {
			continue
		}
		if major == "" || version == major {
			return dir, nil
		}
		found = append(found, version)
	}
	switch {
	case len(found) > 0:
		return "", fmt.Errorf("its data are of PostgreSQL %s, and only %s is installed: install postgresql-%s, or remove the directory to start afresh",
			major, strings.Join(found, ", "), major)
	case bin != "":
		return "", fmt.Errorf("%s has no PostgreSQL server", bin)
	default:
		return "", errors.New("no PostgreSQL server in PATH or /usr/lib/postgresql: install it with: sudo apt-get install -y postgresql")
	}
}

func installed() []string {
	var dirs []string
	if path, err := exec.LookPath("postgres"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			dirs = append(dirs, filepath.Dir(path))
		}
	}
	debian, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is well formed
	version := func(dir string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
		return n
	}
	slices.SortFunc(debian, func(a, b string) int { return version(b) - version(a) })
	return append(dirs, debian...)
}

// serverVersion returns the major version of the server in dir, such as "15".
func serverVersion(ctx context.Context, dir string) (string, error) {
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return "", err
	}
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output() //nolint:gosec // the program was found here
	if err != nil {
		return "", err
	}
	fields := strings.Fields(string(out)) // postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)
	if len(fields) < 3 {
		return "", fmt.Errorf("reading the version of %s", dir)
	}
	major, _, _ := strings.Cut(fields[2], ".")
	return major, nil
}
