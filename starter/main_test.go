package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// cli runs a command line in an environment and returns its exit code and what
// it printed.
func cli(t *testing.T, env map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return answered(t, env, "", args...)
}

// answered is cli with something on stdin.
func answered(t *testing.T, env map[string]string, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, func(name string) string { return env[name] }, strings.NewReader(stdin), &out, &errs)
	return code, out.String(), errs.String()
}

func TestCommandLinesThatMakeNoSense(t *testing.T) {
	t.Parallel()

	env := map[string]string{"LOCKSTEP_API_KEY": "lsk_test"}
	for line, problem := range map[string]string{
		"frobnicate":                        `there is no command "starter frobnicate"`,
		"improt":                            `did you mean "starter import"?`,
		"records laod":                      `did you mean "starter records load"?`,
		"workspace":                         "",
		"import --fast":                     "unknown flag: --fast",
		"runs a b":                          `starter runs does not take "b"`,
		"cancel":                            "starter cancel needs RUN",
		"cancel 12":                         `"12" is no run's id`,
		"connect":                           "starter connect needs VENDOR",
		"workspace create":                  "starter workspace create needs NAME",
		"workspace create x":                "DATABASE_URL is not set",
		"migrate":                           "DATABASE_URL is not set",
		"records load":                      "starter records load needs FILE",
		"records load x --object deal":      "it is contact or company",
		"events --limit 0":                  "--limit takes a number above 0",
		"failed --limit 0":                  "--limit takes a number above 0",
		"failed --outcome created":          "it is failed, waiting or skipped",
		"test-contact --times 0":            "--times takes a number above 0",
		"settings --off deals":              "\"deals\" cannot be switched",
		"settings --sync-every 5s":          "--sync-every takes whole seconds from 1m to 24h",
		"mapping --object deal":             "it is contact or company",
		"mapping aprove x":                  `starter mapping does not take "x"`,
		"keys":                              "",
		"keys rotate":                       "LOCKSTEP_KEYSET_FILE is not set",
		"grants rotate-key":                 "DATABASE_URL is not set",
		"status --api nowhere":              "which is no web address",
		"up now":                            `starter up does not take "now"`,
		"up --crm pipedrive":                "there are hubspot and salesforce",
		"up --keep":                         "--keep goes with --once",
		"up --once --kill-worker -1":        "--kill-worker takes a number from 0 on",
		"up --once --workers 0":             "--workers takes a number from 1 on",
		"up --once --latency -1s":           "--latency takes a duration",
		"up --once --contacts /nowhere.csv": "--contacts /nowhere.csv cannot be read",
		"up --once --contacts /":            "--contacts / cannot be read",
		"up --once --dir .":                 "--dir . is not empty",
	} {
		code, stdout, stderr := cli(t, env, strings.Fields(line)...)
		if problem == "" {
			require.Equal(t, exitOK, code, line)
			require.Contains(t, stdout, "Usage:", line)
			continue
		}
		require.Equal(t, exitUsage, code, line)
		require.Contains(t, stderr, problem, line)
		require.Contains(t, stderr, "\nUsage: ", line)
		require.Empty(t, stdout, line)
	}
}

func TestKeyIsAskedFor(t *testing.T) {
	t.Parallel()

	code, _, stderr := cli(t, nil, "status")
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "set LOCKSTEP_API_KEY, or give --key")
}

func TestAbsentAPIIsToldApart(t *testing.T) {
	t.Parallel()

	code, _, stderr := cli(t, nil, "status", "--key", "lsk_test", "--api", "http://127.0.0.1:1")
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, "the API at http://127.0.0.1:1 does not answer")
	require.Contains(t, stderr, "starter up")
}

func TestNumbersAreWrittenForPeople(t *testing.T) {
	t.Parallel()

	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000"} {
		require.Equal(t, want, thousands(n))
	}
	require.Equal(t, "1 row", plural(1, "row"))
	require.Equal(t, "10,000 rows", plural(10000, "row"))
}
