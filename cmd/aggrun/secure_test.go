package main

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/embedded/testcluster"
	"github.com/aggrun/aggrun/pipeline/kafka"
)

// secured is a stage whose cluster asks who one is, and whose registries want a login
// over TLS. The commands of the stage itself are the administrator's.
type secured struct {
	*stage
	at       *testcluster.Secure
	password string // of our own user
	ready    bool   // the user has permissions, and there is something to read
}

// The users of registries.
const (
	registryUser     = "reader"
	registryPassword = "canary-registry-password"
	registryToken    = "canary-registry-token"
)

func newSecured(t *testing.T) *secured {
	t.Helper()
	t.Parallel()
	c := testcluster.NewSecure(t)
	s := &secured{stage: newStageOn(t, c.Cluster), at: c, password: "canary-kafka-password"}
	s.env = c.Env
	for _, m := range []kadm.ScramMechanism{kadm.ScramSha256, kadm.ScramSha512} {
		answers, err := s.admin.AlterUserSCRAMs(s.context(), nil, []kadm.UpsertSCRAM{{User: s.user(), Mechanism: m, Iterations: 4096, Password: s.password}})
		if err == nil {
			err = answers.Error()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	// Brokers learn of a user a moment later.
	testcluster.Eventually(t, func() bool {
		o := s.as(nil, "list", "-f", s.spec(securedSpec))
		return o.code == 0
	})
	return s
}

// user is ours: of this test alone, since its permissions are.
func (s *secured) user() string { return strings.TrimSuffix(s.Prefix, "-") }

const securedSpec = `
pipelines:
  MY-p:
    source: {topics: [MY-mount-000]}
    window: 1s
    operations: [mean]
    sink: {topic: MY-out, config: {retention.ms: -1}}
`

// as runs a command as our user would, with variables changed; "" takes one away.
func (s *secured) as(change map[string]string, args ...string) outcome {
	s.t.Helper()
	return s.login(change).run(args...)
}

// login is the stage as our user meets it.
func (s *secured) login(change map[string]string) *stage {
	mine := *s.stage
	mine.env = map[string]string{
		"AGGRUN_BROKERS":        s.at.Login,
		"AGGRUN_TLS_CA":         s.at.File("ca.pem"),
		"AGGRUN_SASL_MECHANISM": "SCRAM-SHA-512",
		"AGGRUN_SASL_USERNAME":  s.user(),
		"AGGRUN_SASL_PASSWORD":  s.password,
	}
	maps.Copy(mine.env, change)
	return &mine
}

// behind stands before a registry, over TLS, and asks for a login. Whom it refuses it
// tells what they sent, as careless servers do.
func (s *secured) behind(registry string) string {
	s.t.Helper()
	target, err := url.Parse(registry)
	if err != nil {
		s.t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Header.Del("Authorization")
	}}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if r.Header.Get("Authorization") != "Bearer "+registryToken && (user != registryUser || password != registryPassword) {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprintf(w, `{"error_code":401,"message":"no such login: %s, %s"}`, r.Header.Get("Authorization"), password)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	pair, err := tls.LoadX509KeyPair(s.at.File("broker.pem"), s.at.File("broker.key"))
	if err != nil {
		s.t.Fatal(err)
	}
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	s.t.Cleanup(server.Close)
	return server.URL
}

// registries are those of the cluster, secured, as variables.
func (s *secured) registries() map[string]string {
	s.t.Helper()
	token := filepath.Join(s.t.TempDir(), "token")
	if err := os.WriteFile(token, []byte(registryToken+"\n"), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return map[string]string{
		"AGGRUN_SOURCE_REGISTRY": s.behind(s.SourceRegistry), "AGGRUN_SOURCE_REGISTRY_CA": s.at.File("ca.pem"),
		"AGGRUN_SOURCE_REGISTRY_USERNAME": registryUser, "AGGRUN_SOURCE_REGISTRY_PASSWORD": registryPassword,
		"AGGRUN_SINK_REGISTRY": s.behind(s.SinkRegistry), "AGGRUN_SINK_REGISTRY_CA": s.at.File("ca.pem"),
		"AGGRUN_SINK_REGISTRY_TOKEN_FILE": token,
	}
}

// allowed are the permissions that aggrun acls prints for a spec.
func (s *secured) allowed(path string) []kafka.ACL {
	s.t.Helper()
	var printed struct{ ACLs []kafka.ACL }
	text := s.must("acls", "-f", path, "--format", "json", "--principal", "User:"+s.user()).stdout
	if err := json.Unmarshal([]byte(text), &printed); err != nil {
		s.t.Fatal(err)
	}
	return printed.ACLs
}

// builder is an ACL as the administrator's client has it.
func (s *secured) builder(a kafka.ACL) *kadm.ACLBuilder {
	operations := map[string]kadm.ACLOperation{
		"Read": kadm.OpRead, "Write": kadm.OpWrite, "Describe": kadm.OpDescribe,
		"DescribeConfigs": kadm.OpDescribeConfigs, "Create": kadm.OpCreate,
	}
	pattern := kadm.ACLPatternLiteral
	if a.Prefixed {
		pattern = kadm.ACLPatternPrefixed
	}
	b := kadm.NewACLs().Allow("User:" + s.user()).AllowHosts().Operations(operations[a.Operation]).ResourcePatternType(pattern)
	switch a.Resource {
	case "topic":
		return b.Topics(a.Name)
	case "group":
		return b.Groups(a.Name)
	}
	return b.TransactionalIDs(a.Name)
}

func (s *secured) grant(acls ...kafka.ACL) {
	s.t.Helper()
	for _, a := range acls {
		answers, err := s.admin.CreateACLs(s.context(), s.builder(a))
		if err != nil {
			s.t.Fatal(err)
		}
		for _, r := range answers {
			if r.Err != nil {
				s.t.Fatalf("%+v: %v", a, r.Err)
			}
		}
	}
}

func (s *secured) revoke(a kafka.ACL) {
	s.t.Helper()
	answers, err := s.admin.DeleteACLs(s.context(), s.builder(a))
	if err != nil {
		s.t.Fatal(err)
	}
	for _, r := range answers {
		if r.Err != nil || len(r.Deleted) != 1 {
			s.t.Fatalf("%+v: %v, %d deleted", a, r.Err, len(r.Deleted))
		}
	}
}

// past fills the source topic.
func (s *secured) past() {
	s.t.Helper()
	s.history("mount", 1, "1", "--start", "2024-01-01T00:00:00Z", "--rate", "max", "--frequency", "10", "--max-messages", "200")
}

// clear takes away what a pipeline has left; kept keeps its results, of which there is
// one then.
func (s *secured) clear(kept bool) {
	s.t.Helper()
	ctx := s.context()
	group := s.Prefix + "group." + s.Prefix + "p"
	testcluster.Eventually(s.t, func() bool {
		_, err := s.admin.DeleteGroup(ctx, group)
		return err == nil || errors.Is(err, kerr.GroupIDNotFound)
	})
	topics := []string{s.Prefix + "p-dead-letter", s.Prefix + "out"}
	if kept {
		topics = topics[:1]
	}
	if _, err := s.admin.DeleteTopics(ctx, topics...); err != nil {
		s.t.Fatal(err)
	}
	testcluster.Eventually(s.t, func() bool {
		left, err := s.admin.ListTopics(ctx, topics...)
		return err == nil && left.Error() != nil
	})
}

// A pipeline runs by SCRAM over TLS, with the permissions that aggrun acls prints and
// no other, and with registries that want a login.
func TestEndToEndSecureRun(t *testing.T) {
	s := newSecured(t)
	s.past()
	path := s.spec(securedSpec)
	s.grant(s.allowed(path)...)
	o := s.as(s.registries(), "run", "--until-end", "-f", path)
	if o.code != 0 {
		t.Fatalf("exit code %d\n%s", o.code, o.stderr)
	}
	if got := summaryOf(o.stderr, s.Prefix+"p"); got != "200 0 0 0 0 19" {
		t.Errorf("the summary says %s", got)
	}
}

// waits holds that a pipeline which may not write its dead letters waits, and says so.
func (s *secured) waits(a kafka.ACL, path string) {
	s.t.Helper()
	w := s.login(nil).start("run", "--until-end", "-f", path)
	testcluster.Eventually(s.t, func() bool {
		said := w.stderr.String()
		return strings.Contains(said, "no permission") && strings.Contains(said, a.Name)
	})
	if o := w.end(); strings.Contains(o.stderr, "has stopped") {
		s.t.Errorf("it does not wait:\n%s", o.stderr)
	}
}

// Each permission is needed: without it something stops, or waits, and says so. Describe comes
// with Read and Write, and that of a dead letter is needed when there is one.
func TestEndToEndSecureACLs(t *testing.T) {
	s := newSecured(t)
	s.past()
	s.produce(&kgo.Record{Topic: s.Prefix + "mount-000", Value: []byte("no Avro")})
	path := s.spec(securedSpec)
	all := s.allowed(path)
	s.grant(all...)
	for _, a := range all {
		implied := a.Operation == "Describe" && slices.ContainsFunc(all, func(b kafka.ACL) bool {
			return b.Resource == a.Resource && b.Name == a.Name && (b.Operation == "Read" || b.Operation == "Write")
		})
		t.Run(a.Resource+" "+strings.TrimPrefix(a.Name, s.Prefix)+" "+a.Operation, func(t *testing.T) {
			s.clear(false)
			if a.Operation == "Read" && strings.HasSuffix(a.Name, "out") { // asked for where there are results
				s.as(nil, "run", "--until-end", "-f", path)
				s.clear(true)
			}
			s.revoke(a)
			defer s.grant(a)
			if a.Operation == "Write" && strings.HasSuffix(a.Name, "dead-letter") {
				s.waits(a, path)
				return
			}
			o := s.as(nil, "run", "--until-end", "-f", path, "--log-level", "error")
			t.Logf("exit code %d: %s", o.code, firstLine(o.stderr))
			if implied {
				if o.code != 0 {
					t.Errorf("exit code %d, and Describe comes with Read and Write\n%s", o.code, o.stderr)
				}
				return
			}
			if o.code == 0 || !strings.Contains(o.stderr, "no permission") || !strings.Contains(o.stderr, a.Name) {
				t.Errorf("exit code %d, and want a word about %s in\n%s", o.code, a.Name, o.stderr)
			}
		})
	}
}
