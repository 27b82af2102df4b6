package main

import (
	"flag"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/aggrun/aggrun/embedded"
)

var update = flag.Bool("update", false, "write what commands print into the scripts")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"aggrun": main})
}

// TestScript runs testdata/script, named by their command. In a script, cluster
// starts an embedded cluster and points the environment at it.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		UpdateScripts:       *update,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"cluster": startCluster},
	})
}

func startCluster(ts *testscript.TestScript, _ bool, _ []string) {
	c, err := embedded.Start(embedded.Options{})
	ts.Check(err)
	ts.Defer(func() { ts.Check(c.Close()) })
	ts.Setenv("AGGRUN_BROKERS", strings.Join(c.Brokers(), ","))
	ts.Setenv("AGGRUN_SOURCE_REGISTRY", c.SourceRegistry())
	ts.Setenv("AGGRUN_SINK_REGISTRY", c.SinkRegistry())
}
