package lint

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// TestAlertsAreGoodPromQL holds what Prometheus would refuse when it starts, which
// is the wrong moment to learn of it. That what they ask for exists is held where
// the service is, in deploy.
func TestAlertsAreGoodPromQL(t *testing.T) {
	t.Parallel()

	var file struct {
		Groups []struct {
			Rules []struct {
				Alert string `json:"alert"`
				Expr  string `json:"expr"`
			} `json:"rules"`
		} `json:"groups"`
	}
	require.NoError(t, yaml.Unmarshal(read(t, "deploy/alerts/lockstep.yaml"), &file))
	found := 0
	for _, group := range file.Groups {
		for _, rule := range group.Rules {
			found++
			parses(t, rule.Alert, rule.Expr)
		}
	}
	require.NotZero(t, found)
}

func TestDashboardAsksGoodPromQL(t *testing.T) {
	t.Parallel()

	var board struct {
		Panels []struct {
			Title   string `json:"title"`
			Targets []struct {
				Expr string `json:"expr"`
			} `json:"targets"`
		} `json:"panels"`
	}
	require.NoError(t, json.Unmarshal(read(t, "deploy/grafana/lockstep.json"), &board))
	found := 0
	for _, panel := range board.Panels {
		for _, target := range panel.Targets {
			found++
			parses(t, panel.Title, strings.ReplaceAll(target.Expr, "$__rate_interval", "5m"))
		}
	}
	require.NotZero(t, found)
}

func parses(t *testing.T, name, query string) {
	t.Helper()

	_, err := parser.NewParser(parser.Options{}).ParseExpr(query)
	require.NoError(t, err, "%s: %s", name, query)
}
