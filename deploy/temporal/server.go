package main

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"time"

	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/primitives"
	sqliteschema "go.temporal.io/server/schema/sqlite"
	"go.temporal.io/server/temporal"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"google.golang.org/protobuf/types/known/durationpb"
)

const (
	clusterName = "active"

	// retention is how long a closed run can be looked at. The server's default
	// for a new namespace is a day, too short for an operator who comes back on
	// Monday.
	retention = 7 * 24 * time.Hour

	// patience bounds a start, which takes well under a second on an idle
	// machine.
	patience = time.Minute
)

// where is what the program says of itself when it is ready.
type where struct {
	Address string `json:"address"`
	UI      string `json:"ui"`
}

// serve starts the server and its Web UI and returns when the namespace can be
// used and the Web UI answers. Both go on until the process ends.
func serve(ctx context.Context, s settings, db *database) (where, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()

	p, err := choosePorts(s)
	if err != nil {
		return where{}, err
	}
	if err := createNamespace(db.sql, s.namespace); err != nil {
		return where{}, err
	}
	level := startLevel(s.logLevel)
	if err := startServer(db.sql, p, level); err != nil {
		return where{}, err
	}
	ui := startUI(p, s.namespace)
	if err := awaitNamespace(ctx, p.frontend, s.namespace); err != nil {
		return where{}, err
	}
	if err := awaitUI(ctx, ui); err != nil {
		return where{}, err
	}
	level.SetLevel(log.ParseZapLevel(s.logLevel))
	return where{Address: p.frontend.String(), UI: ui}, nil
}

// startLevel is the level to log from until the server is ready. It would warn
// of parts that are left out here on purpose, and says nothing else of use below
// an error; who wants to see all of it asks for info or debug.
func startLevel(asked string) zap.AtomicLevel {
	level := log.ParseZapLevel(asked)
	if level == zap.WarnLevel {
		level = zap.ErrorLevel
	}
	return zap.NewAtomicLevelAt(level)
}

func startServer(db *config.SQL, p ports, level zap.AtomicLevel) error {
	logger := zap.New(zapcore.NewCore(
		zapcore.NewConsoleEncoder(log.DefaultZapEncoderConfig), zapcore.Lock(os.Stderr), level))
	server, err := temporal.NewServer(
		temporal.WithConfig(serverConfig(db, p)),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithStaticHosts(map[primitives.ServiceName]static.Hosts{
			primitives.FrontendService: static.SingleLocalHost(p.frontend.String()),
			primitives.HistoryService:  static.SingleLocalHost(p.history.String()),
			primitives.MatchingService: static.SingleLocalHost(p.matching.String()),
			primitives.WorkerService:   static.SingleLocalHost(p.worker.String()),
		}),
		temporal.WithDynamicConfigClient(dynamicConfig()),
		temporal.WithAuthorizer(authorization.NewNoopAuthorizer()),
		temporal.WithClaimMapper(func(*config.Config) authorization.ClaimMapper {
			return authorization.NewNoopClaimMapper()
		}),
		temporal.WithLogger(log.NewZapLogger(logger)),
	)
	if err != nil {
		return fmt.Errorf("building the server: %w", err)
	}
	if err := server.Start(); err != nil {
		return fmt.Errorf("starting the server: %w", err)
	}
	return nil
}

// createNamespace writes the namespace and its search attributes straight into
// the database, so that they are there when the server begins to serve. It
// leaves an existing namespace as it is.
func createNamespace(db *config.SQL, namespace string) error {
	ns, err := sqliteschema.NewNamespaceConfig(clusterName, namespace, false, searchAttributes())
	if err != nil {
		return fmt.Errorf("describing namespace %q: %w", namespace, err)
	}
	ns.Detail.Config.Retention = durationpb.New(retention)
	if err := sqliteschema.CreateNamespaces(db, ns); err != nil {
		return fmt.Errorf("creating namespace %q: %w", namespace, err)
	}
	return nil
}

func serverConfig(db *config.SQL, p ports) *config.Config {
	const store, disabled = "sqlite", "disabled"
	service := func(at netip.AddrPort) config.Service {
		return config.Service{RPC: config.RPC{GRPCPort: int(at.Port()), BindOnIP: at.Addr().String()}}
	}
	return &config.Config{
		Persistence: config.Persistence{
			DefaultStore:     store,
			VisibilityStore:  store,
			NumHistoryShards: 1,
			DataStores:       map[string]config.DataStore{store: {SQL: db}},
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10,
			MasterClusterName:        clusterName,
			CurrentClusterName:       clusterName,
			ClusterInformation: map[string]cluster.ClusterInformation{
				clusterName: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: p.frontend.String()},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Services: map[string]config.Service{
			string(primitives.FrontendService): service(p.frontend),
			string(primitives.HistoryService):  service(p.history),
			string(primitives.MatchingService): service(p.matching),
			string(primitives.WorkerService):   service(p.worker),
		},
		Archival: config.Archival{
			History:    config.HistoryArchival{State: disabled},
			Visibility: config.VisibilityArchival{State: disabled},
		},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: disabled},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: disabled},
		}},
		PublicClient: config.PublicClient{HostPort: p.frontend.String()},
	}
}

// dynamicConfig is what differs from the server's defaults, which are made for
// a cluster.
func dynamicConfig() dynamicconfig.StaticClient {
	return dynamicconfig.StaticClient{
		// Tasks of all workspaces take turns by their fairness key. The server
		// ignores the keys unless told otherwise.
		dynamicconfig.MatchingEnableFairness.Key(): true,
		// One process gains nothing from four partitions but the forwarding
		// between them, and fairness holds within a partition only.
		dynamicconfig.MatchingNumTaskqueueReadPartitions.Key():  1,
		dynamicconfig.MatchingNumTaskqueueWritePartitions.Key(): 1,
		// A search attribute added later is known at once.
		dynamicconfig.ForceSearchAttributesCacheRefreshOnRead.Key(): true,
		// The Web UI, the API and the tests share one namespace; ten look-ups a
		// second, the default, are soon spent.
		dynamicconfig.FrontendMaxNamespaceVisibilityRPSPerInstance.Key(): 100,
		// The default holds 128,000 runs in memory.
		dynamicconfig.HistoryCacheHostLevelMaxSize.Key(): 8192,
		// No calls to the outside.
		dynamicconfig.EnableServerVersionCheck.Key(): false,
	}
}
