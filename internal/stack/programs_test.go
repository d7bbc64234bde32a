package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestMain plays one of the programs below when its first argument, or the name
// that it is called by, says so. Otherwise it runs the tests, which start them.
func TestMain(m *testing.M) {
	name, args := filepath.Base(os.Args[0]), os.Args[1:]
	play, ok := programs()[name]
	if !ok && len(args) > 0 {
		play, ok = programs()[args[0]]
		args = args[1:]
	}
	if !ok {
		os.Exit(m.Run())
	}
	if err := play(args); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func programs() map[string]func(args []string) error {
	return map[string]func([]string) error{
		"obedient": obedient, "stubborn": stubborn, "broken": broken, "silent": silent, "hungry": hungry,
		"holder": holder, "parent": parent, "keeper": keeper,
		"worker": worker, "api": api, "crmsim": crmsim, "temporal": temporal, "listeners": listeners,
	}
}

// obedient announces its argument and ends when asked.
func obedient(args []string) error {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM)
	announce(args[0])
	fmt.Println("more on standard output")
	fmt.Fprintln(os.Stderr, "standard error")
	<-asked
	return nil
}

// stubborn does not end when asked.
func stubborn([]string) error {
	signal.Ignore(syscall.SIGTERM)
	announce("")
	return stay()
}

func broken([]string) error {
	return errors.New("one thing\nis wrong")
}

func silent([]string) error { return stay() }

// hungry holds as many megabytes as its argument has letters.
func hungry(args []string) error {
	held := make([]byte, len(args[0])<<20)
	for i := range held {
		held[i] = 1
	}
	announce(string(held[:1]))
	return stay()
}

// holder holds the lock of the file that its argument names.
func holder(args []string) error {
	f, err := os.Create(args[0])
	if err != nil {
		return err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	announce(f.Name())
	return stay()
}

// parent starts a holder and stays.
func parent(args []string) error {
	var said string
	_, err := Start(context.Background(), Command{
		Name: "holder", Path: os.Args[0], Args: []string{"holder", args[0]}, Log: args[0] + ".log", Announces: &said,
	})
	if err != nil {
		return err
	}
	announce(said)
	return stay()
}

// keeper starts a PostgreSQL in the directory that its argument names, and stays.
func keeper(args []string) error {
	pg, err := StartPostgres(context.Background(), PostgresConfig{Dir: args[0]})
	if err != nil {
		return err
	}
	announce(pg.AdminURL("postgres"))
	return stay()
}

func worker([]string) error {
	announce(map[string]bool{"ready": true})
	return stay()
}

// api tells in its answers what it was told in its environment.
func api([]string) error {
	env := os.Environ() //nolint:forbidigo // it is a program of its own
	i := slices.IndexFunc(env, func(s string) bool { return strings.HasPrefix(s, "LOCKSTEP_ADDRESS=") })
	return serve(strings.TrimPrefix(env[i], "LOCKSTEP_ADDRESS="), strings.Join(env, "\n"), func(at string) any {
		return map[string]string{"api": "http://" + at}
	})
}

// crmsim tells in its answers what its arguments are.
func crmsim(args []string) error {
	return serve(after(args, "--admin"), strings.Join(args, "\n"), func(at string) any {
		return map[string]string{"admin": "http://" + at, "salesforce": "http://127.0.0.1:9"}
	})
}

// listeners listens on the address behind each flag, as the sandbox does.
func listeners(args []string) error {
	at := make(map[string]string)
	for flag := range slices.Chunk(args, 2) {
		l, err := net.Listen("tcp", flag[1]) //nolint:noctx // until it is killed
		if err != nil {
			return err
		}
		at[strings.TrimPrefix(flag[0], "--")] = "http://" + l.Addr().String()
	}
	announce(at)
	return stay()
}

func temporal(args []string) error {
	return serve(after(args, "--ui"), strings.Join(args, "\n"), func(at string) any {
		return map[string]string{"address": "127.0.0.1:9", "ui": "http://" + at}
	})
}

func after(args []string, flag string) string {
	if i := slices.Index(args, flag); i >= 0 {
		return args[i+1]
	}
	return "127.0.0.1:0"
}

// serve answers body to everything at address.
func serve(address, body string, says func(at string) any) error {
	l, err := net.Listen("tcp", address) //nolint:noctx // until it is killed
	if err != nil {
		return err
	}
	announce(says(l.Addr().String()))
	return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, body)
	}))
}

// stay waits for what never comes.
func stay() error {
	never := make(chan os.Signal, 1)
	signal.Notify(never, syscall.SIGUSR1)
	<-never
	return nil
}

func announce(v any) { _ = json.NewEncoder(os.Stdout).Encode(v) }
