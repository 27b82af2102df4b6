package testcluster

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/aggrun/aggrun/embedded"
)

// Secure is a cluster whose brokers ask who a client is, and let it do what an ACL
// permits: the real one that testdata/real/secure starts, where AGGRUN_TEST_LOGIN and
// its like are set, else an embedded one. Cluster is the administrator's way in.
type Secure struct {
	*Cluster
	Login   string            // broker that takes logins over TLS
	Mutual  string            // that takes certificates
	Expired string            // that shows one which has expired
	Files   string            // folder of certificates: ca, broker, expired, aggrun, stranger
	Env     map[string]string // what the administrator's commands need beside brokers
	Plain   [2]string         // a user of PLAIN, and the password
}

// administrator is the one of embedded clusters.
const administrator, administratorPassword = "admin", "admin-secret"

// NewSecure gives the test such a cluster, until it ends.
func NewSecure(t testing.TB) *Secure {
	t.Helper()
	s := &Secure{
		Login: os.Getenv("AGGRUN_TEST_LOGIN"), Mutual: os.Getenv("AGGRUN_TEST_MUTUAL"), Expired: os.Getenv("AGGRUN_TEST_EXPIRED"),
		Files: os.Getenv("AGGRUN_TEST_TLS"), Plain: [2]string{"plain", "plain-secret"},
	}
	if s.Login != "" {
		s.Cluster = New(t)
		return s
	}
	s.embed(t)
	return s
}

// embed starts brokers in the process, one for each kind of listener.
func (s *Secure) embed(t testing.TB) {
	t.Helper()
	s.Files = t.TempDir()
	ca, err := NewAuthority(s.Files, "ca")
	if err == nil {
		_, err = NewAuthority(s.Files, "stranger")
	}
	for name, until := range map[string]time.Duration{"broker": time.Hour, "aggrun": time.Hour, "expired": -time.Hour} {
		if err == nil {
			err = ca.Issue(name, until)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	server := func(name string, clients tls.ClientAuthType) *tls.Config {
		config, err := ca.Server(name, clients)
		if err != nil {
			t.Fatal(err)
		}
		return config
	}
	login := server("broker", tls.NoClientCert)
	s.Cluster = &Cluster{Prefix: prefix(t)}
	s.start(t, embedded.Options{Broker: []kfake.Opt{
		kfake.TLS(login), kfake.EnableSASL(), kfake.EnableACLs(),
		kfake.Superuser("SCRAM-SHA-512", administrator, administratorPassword),
		kfake.User("PLAIN", s.Plain[0], s.Plain[1]),
	}})
	s.Login = s.Brokers[0]
	s.Mutual = listener(t, kfake.TLS(server("broker", tls.RequireAndVerifyClientCert)))
	s.Expired = listener(t, kfake.TLS(server("expired", tls.NoClientCert)))
	trusting := &tls.Config{RootCAs: login.ClientCAs, MinVersion: tls.VersionTLS12}
	s.Options = []kgo.Opt{kgo.DialTLSConfig(trusting), kgo.SASL(scram.Auth{User: administrator, Pass: administratorPassword}.AsSha512Mechanism())}
	s.Env = map[string]string{
		"AGGRUN_TLS_CA":         filepath.Join(s.Files, "ca.pem"),
		"AGGRUN_SASL_MECHANISM": "SCRAM-SHA-512",
		"AGGRUN_SASL_USERNAME":  administrator,
		"AGGRUN_SASL_PASSWORD":  administratorPassword,
	}
}

func listener(t testing.TB, opts ...kfake.Opt) string {
	t.Helper()
	c, err := kfake.NewCluster(append(opts, kfake.NumBrokers(1))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c.ListenAddrs()[0]
}

// File is the path of a certificate or key.
func (s *Secure) File(name string) string { return filepath.Join(s.Files, name) }
