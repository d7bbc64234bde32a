package main

import (
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

func TestHelpNamesWhatAFlagTakesInAWord(t *testing.T) {
	t.Parallel()

	var check func(cmd *cobra.Command)
	check = func(cmd *cobra.Command) {
		cmd.Flags().VisitAll(func(flag *pflag.Flag) {
			takes, _ := pflag.UnquoteUsage(flag)
			require.NotContains(t, takes, " ", "%s --%s", cmd.CommandPath(), flag.Name)
			require.NotContains(t, []string{"strings", "stringArray"}, takes, "%s --%s", cmd.CommandPath(), flag.Name)
		})
		for _, sub := range cmd.Commands() {
			check(sub)
		}
	}
	check((&face{getenv: func(string) string { return "" }}).command())
}

func TestDurationsAndTimesAreWrittenForPeople(t *testing.T) {
	t.Parallel()

	for d, want := range map[time.Duration]string{
		24 * time.Hour: "24h", 5 * time.Minute: "5m", 90 * time.Minute: "1h30m", 61 * time.Second: "1m1s", time.Hour + time.Second: "1h0m1s",
		10 * time.Minute: "10m", 40 * time.Second: "40s", 0: "0s",
	} {
		require.Equal(t, want, span(d))
	}
	zone, _ := time.Now().Zone()
	require.Contains(t, moment(time.Now()), " "+zone)
}
