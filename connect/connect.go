// Package connect is how clusters and registries are reached: TLS, whom we trust,
// our own certificate, logins and secrets, and what a refused connection means.
//
//	Cluster  -> Options:   of kgo's clients
//	Registry -> Transport: of an HTTP client
//	either   -> Explain:   an error in our words, a *Refusal where trying again does not help
//
// Secrets and files are read when a connection is made, and so again for the next
// one: whoever renews them need not restart anything. Nothing here keeps a secret,
// and what is read is a Value until it is handed to a library.
package connect

import (
	"log/slog"
	"net"
	"net/url"
	"os"

	"github.com/aggrun/aggrun/spec"
)

// Cluster is how to reach brokers.
type Cluster struct {
	Brokers []string // host:port
	TLS     *spec.TLS
	SASL    *spec.SASL
	Surroundings
}

// Registry is how to reach a schema registry.
type Registry struct {
	Name string
	spec.Registry
	Surroundings
}

// Surroundings are what a connection knows beside itself.
type Surroundings struct {
	// Place is where a setting was made, for messages to begin with, by its path in a
	// spec: "kafka.tls.ca". nil gives the path.
	Place func(path string) string
	Env   func(string) (string, bool) // variables; nil: the process's
	Log   *slog.Logger                // nil: none
}

func (s Surroundings) at(path string) string {
	if s.Place == nil {
		return path
	}
	return s.Place(path)
}

func (s Surroundings) env(name string) (string, bool) {
	if s.Env == nil {
		return os.LookupEnv(name)
	}
	return s.Env(name)
}

func (s Surroundings) log() *slog.Logger {
	if s.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.Log
}

// path is where a spec has the registry.
func (r *Registry) path() string { return "registries." + r.Name }

// Refusal is why a connection cannot be had, in words that say what to do.
type Refusal struct {
	Msg string
	// Doubtful tells that a broker which is starting or stopping might seem to say the
	// same: it closed the connection.
	Doubtful bool
}

func (r *Refusal) Error() string { return r.Msg }

// Check refuses settings that do not go together, or would show a secret to whoever
// listens.
func (c *Cluster) Check() error {
	if err := c.checkTLS("kafka", c.TLS); err != nil {
		return err
	}
	for _, b := range c.Brokers {
		if hasLogin(b) {
			return c.refuse("kafka.brokers", "want host:port, without user name and password, which go to kafka.sasl")
		}
	}
	s := c.SASL
	switch {
	case s == nil:
		return nil
	case c.TLS == nil && (s.Mechanism == spec.Plain || s.Mechanism == spec.OAuthBearer):
		return c.refuse("kafka.sasl.mechanism", "%s sends the secret itself, and goes over TLS alone: give kafka.tls ({} trusts what the machine trusts), or use SCRAM", s.Mechanism)
	case s.Mechanism == spec.OAuthBearer && s.Token.IsZero():
		return c.refuse("kafka.sasl", "OAUTHBEARER needs a token: give token as {file: PATH}, a file that something else keeps fresh")
	case s.Mechanism == spec.OAuthBearer:
		return nil
	case s.Username.IsZero():
		return c.refuse("kafka.sasl", "%s needs a user: give username", s.Mechanism)
	case s.Password.IsZero():
		return c.refuse("kafka.sasl", "%s needs a password: give password as {env: NAME} or {file: PATH}", s.Mechanism)
	}
	return nil
}

// Check refuses settings that do not go together, or would show a secret to whoever
// listens.
func (r *Registry) Check() error {
	u, err := url.Parse(r.URL)
	if err != nil || u.Host == "" || hasLogin(r.URL) {
		return r.refuse(r.path()+".url", "want the address of a schema registry, without user name and password, which go to username and password")
	}
	if err := r.checkTLS(r.path(), r.TLS); err != nil {
		return err
	}
	switch {
	case r.Username.IsZero() != r.Password.IsZero():
		return r.refuse(r.path(), "username and password go together: give both, or a token instead")
	case r.hasLogin() && u.Scheme != "https" && !isLocal(u.Hostname()):
		return r.refuse(r.path(), "a login over http:// would be read by whoever listens: use https://")
	case r.TLS != nil && u.Scheme != "https":
		return r.refuse(r.path()+".tls", "is of connections by https://, and the URL begins otherwise: nothing would be secured")
	}
	return nil
}

func (r *Registry) hasLogin() bool { return !r.Username.IsZero() || !r.Token.IsZero() }

func (s Surroundings) checkTLS(path string, t *spec.TLS) error {
	switch {
	case t == nil:
		return nil
	case (t.Cert == "") != (t.Key == ""):
		return s.refuse(path+".tls", "cert and key go together: give both")
	case t.Key == "" && !t.Password.IsZero():
		return s.refuse(path+".tls.password", "is that of a key: give cert and key too")
	}
	return nil
}

// isLocal tells that what is sent to host does not leave the machine.
func isLocal(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
