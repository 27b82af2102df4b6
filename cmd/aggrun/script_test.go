package main

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/pflag"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/aggrun/aggrun/embedded"
)

var update = flag.Bool("update", false, "write what commands print into the scripts")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"aggrun": main})
}

// TestScript runs testdata/script, named by their command. In a script, cluster
// starts an embedded cluster and points the environment at it, clean tells that
// nothing is left on it, and EXAMPLES is the folder of examples.
func TestScript(t *testing.T) {
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		UpdateScripts:       *update,
		Setup: func(env *testscript.Env) error {
			env.Setenv("EXAMPLES", examples)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"cluster": startCluster, "clean": clean},
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

// clean fails where the cluster has a topic, a group or a subject.
func clean(ts *testscript.TestScript, _ bool, _ []string) {
	client, err := kgo.NewClient(kgo.SeedBrokers(ts.Getenv("AGGRUN_BROKERS")))
	ts.Check(err)
	defer client.Close()
	topics, err := kadm.NewClient(client).ListTopics(context.Background())
	ts.Check(err)
	groups, err := kadm.NewClient(client).ListGroups(context.Background())
	ts.Check(err)
	left := append(topics.Names(), groups.Groups()...)
	for _, url := range []string{"AGGRUN_SOURCE_REGISTRY", "AGGRUN_SINK_REGISTRY"} {
		registry, err := sr.NewClient(sr.URLs(ts.Getenv(url)))
		ts.Check(err)
		subjects, err := registry.Subjects(sr.WithParams(context.Background(), sr.ShowDeleted))
		ts.Check(err)
		left = append(left, subjects...)
	}
	if len(left) > 0 {
		ts.Fatalf("still there: %q", left)
	}
}

// Every command says what it does, shows how, and has a script.
func TestCommands(t *testing.T) {
	for _, c := range commands() {
		if c.doc == "" || !strings.Contains(c.long, "\taggrun "+c.name) && !strings.Contains(c.long, "(aggrun "+c.name) {
			t.Errorf("%s: want a line, and help with an example", c.name)
		}
		if _, err := os.Stat(filepath.Join("testdata/script", c.name+".txtar")); err != nil {
			t.Error(err)
		}
		seen := map[string]bool{}
		eachFlag(c, func(f *pflag.Flag) {
			if f.Usage == "" || seen[f.Name] {
				t.Errorf("%s --%s: want one flag of the name, with its use", c.name, f.Name)
			}
			seen[f.Name] = true
		})
	}
}

// The specs that README.md shows are good ones.
func TestReadmeSpecs(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(readme, -1)
	if len(blocks) == 0 {
		t.Error("README.md shows no spec")
	}
	for _, block := range blocks {
		path := filepath.Join(t.TempDir(), "spec.yaml")
		if err := os.WriteFile(path, block[1], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := (&specs{paths: []string{path}}).load(); err != nil {
			t.Errorf("%s\n%v", block[1], err)
		}
	}
}

// Every example has its line in README.md.
func TestExamples(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../../examples/*")
	if err != nil || len(files) == 0 {
		t.Fatal("no examples", err)
	}
	for _, file := range files {
		if link := "(examples/" + filepath.Base(file) + ")"; !strings.Contains(string(readme), link) {
			t.Errorf("README.md does not link to %s", link)
		}
	}
}
