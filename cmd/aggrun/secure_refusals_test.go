package main

import (
	"encoding/base64"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// file writes a file of the test.
func (s *secured) file(name, text string) string {
	s.t.Helper()
	path := filepath.Join(s.t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// What is wrong with a connection is told before anything else: which setting, where
// it was made, and what to do.
func TestEndToEndSecureRefusals(t *testing.T) {
	s := newSecured(t)
	for name, c := range map[string]struct {
		change     map[string]string
		kafka      string // of the spec, in place of the environment
		registries map[string]string
		want       string // parts, parted by ..., in this order
		embedded   string // of the embedded broker, which closes connections without a word
	}{
		"a wrong password": {
			change:   map[string]string{"AGGRUN_SASL_PASSWORD": "canary-wrong"},
			want:     "kafka.sasl.password: the broker refuses the login of user MY by SCRAM-SHA-512: user or password is wrong",
			embedded: "the broker closed the connection during the login: user or password may be wrong",
		},
		"a wrong password of the spec": {
			kafka:    "kafka: {sasl: {mechanism: SCRAM-SHA-512, username: USER, password: {env: WRONG}}, tls: {ca: CA}}",
			want:     "spec.yaml:1:...: kafka.sasl.password: the broker refuses the login of user MY by SCRAM-SHA-512",
			embedded: "the broker closed the connection during the login: user or password may be wrong",
		},
		"an unknown user": {
			change:   map[string]string{"AGGRUN_SASL_USERNAME": "nobody"},
			want:     "the broker refuses the login of user nobody",
			embedded: "the broker closed the connection during the login: user or password may be wrong",
		},
		"a wrong password of PLAIN": {
			change:   map[string]string{"AGGRUN_SASL_MECHANISM": "PLAIN", "AGGRUN_SASL_USERNAME": s.at.Plain[0], "AGGRUN_SASL_PASSWORD": "canary-wrong"},
			want:     "the broker refuses the login of user plain by PLAIN",
			embedded: "the broker closed the connection during the login: user or password may be wrong",
		},
		"no login": {
			change: map[string]string{"AGGRUN_SASL_MECHANISM": "", "AGGRUN_SASL_USERNAME": "", "AGGRUN_SASL_PASSWORD": ""},
			want:   "kafka.sasl: the broker closed the connection at the first request: its listener may want a login",
		},
		"an unset variable": {
			kafka: "kafka: {sasl: {mechanism: SCRAM-SHA-512, username: USER, password: {env: UNSET}}, tls: {ca: CA}}",
			want:  "spec.yaml:1:...: kafka.sasl.password: the variable UNSET is not set",
		},
		"a missing file of a secret": {
			change: map[string]string{"AGGRUN_SASL_PASSWORD_FILE": "/nowhere/password"},
			want:   "--sasl-password-file (or AGGRUN_SASL_PASSWORD_FILE): cannot be read: ",
		},
		"an empty file of a secret": {
			change: map[string]string{"AGGRUN_SASL_PASSWORD_FILE": s.file("empty", "\n")},
			want:   "empty is empty",
		},
		"PLAIN in the clear": {
			change: map[string]string{"AGGRUN_SASL_MECHANISM": "PLAIN", "AGGRUN_TLS_CA": ""},
			want:   "(or AGGRUN_SASL_MECHANISM): PLAIN sends the secret itself, and goes over TLS alone",
		},
		"TLS to an open port": {
			change: map[string]string{"AGGRUN_BROKERS": s.open()},
			want:   "kafka.brokers: the broker closed the connection at the beginning of TLS: it may not speak TLS at this port",
		},
		"no TLS": {
			change: map[string]string{"AGGRUN_TLS_CA": ""},
			want:   "kafka.tls: ",
		},
		"no TLS and no login": {
			change: map[string]string{"AGGRUN_TLS_CA": "", "AGGRUN_SASL_MECHANISM": "", "AGGRUN_SASL_USERNAME": "", "AGGRUN_SASL_PASSWORD": ""},
			want:   "kafka.tls: ",
		},
		"an unknown authority": {
			change: map[string]string{"AGGRUN_TLS_CA": s.at.File("stranger.pem")},
			want:   "--tls-ca (or AGGRUN_TLS_CA): the broker shows a certificate of an authority (CN=aggrun test ca) that " + s.at.File("stranger.pem") + " does not hold",
		},
		"an authority that the machine does not know": {
			change: map[string]string{"AGGRUN_TLS_CA": "", "AGGRUN_TLS": "true"},
			want:   "kafka.tls.ca: the broker shows a certificate of an authority that this machine does not trust (CN=aggrun test ca)",
		},
		"an expired certificate": {
			change: map[string]string{"AGGRUN_BROKERS": s.at.Expired},
			want:   "and not now: the broker has to renew it",
		},
		"another name": {
			change: map[string]string{"AGGRUN_TLS_SERVER_NAME": "kafka.example"},
			want:   "(or AGGRUN_TLS_SERVER_NAME): the certificate of the broker is for localhost, 127.0.0.1, and not for kafka.example",
		},
		"a file that is no certificate": {
			change: map[string]string{"AGGRUN_TLS_CA": s.at.File("ca.key")},
			want:   "holds no certificate: want PEM",
		},
		"a certificate with another's key": {
			change: map[string]string{"AGGRUN_TLS_CERT": s.at.File("aggrun.pem"), "AGGRUN_TLS_KEY": s.at.File("ca.key")},
			want:   "private key does not match public key",
		},
		"no certificate of ours": {
			change: map[string]string{"AGGRUN_BROKERS": s.at.Mutual, "AGGRUN_SASL_MECHANISM": "", "AGGRUN_SASL_USERNAME": "", "AGGRUN_SASL_PASSWORD": ""},
			want:   "it may want our certificate: give cert and key",
		},
		"a certificate of ours that has expired": {
			change: map[string]string{
				"AGGRUN_BROKERS": s.at.Mutual, "AGGRUN_SASL_MECHANISM": "", "AGGRUN_SASL_USERNAME": "", "AGGRUN_SASL_PASSWORD": "",
				"AGGRUN_TLS_CERT": s.at.File("expired.pem"), "AGGRUN_TLS_KEY": s.at.File("expired.key"),
			},
			want: "may have expired, or be of an authority that it does not trust",
		},
		"a login where none is wanted": {
			change: map[string]string{
				"AGGRUN_BROKERS": s.at.Mutual, "AGGRUN_TLS_CERT": s.at.File("aggrun.pem"), "AGGRUN_TLS_KEY": s.at.File("aggrun.key"),
			},
			want:     "kafka.sasl: the broker's listener takes no login",
			embedded: "the broker closed the connection during the login: user or password may be wrong",
		},
		"a login to an open port": {
			change:   map[string]string{"AGGRUN_BROKERS": s.open(), "AGGRUN_TLS_CA": ""},
			want:     "kafka.sasl: the broker's listener takes no login",
			embedded: "the broker closed the connection during the login: user or password may be wrong",
		},
		"a registry's wrong password": {
			registries: map[string]string{"AGGRUN_SOURCE_REGISTRY_PASSWORD": "canary-wrong"},
			want:       "registries.source.password: the source registry refuses the login of user reader (401)",
		},
		"a registry's wrong token": {
			registries: map[string]string{"AGGRUN_SINK_REGISTRY_TOKEN_FILE": s.file("token", "canary-wrong")},
			want:       "(or AGGRUN_SINK_REGISTRY_TOKEN_FILE): the sink registry refuses the token (401)",
		},
		"a registry without a login": {
			registries: map[string]string{"AGGRUN_SOURCE_REGISTRY_USERNAME": "", "AGGRUN_SOURCE_REGISTRY_PASSWORD": ""},
			want:       "registries.source: the source registry wants a login (401): give username and password, or token",
		},
		"a registry's unknown authority": {
			registries: map[string]string{"AGGRUN_SOURCE_REGISTRY_CA": ""},
			want:       "registries.source.tls.ca: the source registry shows a certificate of an authority that this machine does not trust",
		},
		"a registry without TLS": {
			registries: map[string]string{"AGGRUN_SOURCE_REGISTRY": strings.Replace(s.SourceRegistry, "http:", "https:", 1)},
			want:       "the source registry does not speak TLS at this port",
		},
		"a registry with TLS": {
			registries: map[string]string{"AGGRUN_SOURCE_REGISTRY": strings.Replace(s.behind(s.SourceRegistry), "https:", "http:", 1), "AGGRUN_SOURCE_REGISTRY_CA": ""},
			want:       "the source registry speaks TLS at this port: begin the URL with https://",
		},
		"a registry's login in the clear": {
			registries: map[string]string{"AGGRUN_SOURCE_REGISTRY": "http://registry.example:8081"},
			want:       "registries.source: a login over http:// would be read by whoever listens: use https://",
		},
		"a registry's TLS without any": {
			registries: map[string]string{"AGGRUN_SOURCE_REGISTRY": "http://127.0.0.1:1"},
			want:       "registries.source.tls: is of connections by https://, and the URL begins otherwise",
		},
		"TLS and none": {
			change: map[string]string{"AGGRUN_TLS": "false"},
			want:   "--tls=false (or AGGRUN_TLS) connects in the clear, and --tls-ca (or AGGRUN_TLS_CA) says how to connect by TLS",
		},
		"a registry's login in its URL": {
			registries: map[string]string{"AGGRUN_SOURCE_REGISTRY": "http://reader:canary-url@registry.example:8081"},
			want:       "registries.source.url: want the address of a schema registry, without user name and password",
		},
		"a broker's login in its address": {
			change: map[string]string{"AGGRUN_BROKERS": "SASL_SSL://aggrun:canary-url@kafka.example:9093"},
			want:   "kafka.brokers: want host:port, without user name and password",
		},
		"a mechanism that there is not": {
			change: map[string]string{"AGGRUN_SASL_MECHANISM": "GSSAPI"},
			want:   "--sasl-mechanism GSSAPI: want PLAIN, SCRAM-SHA-256",
		},
	} {
		t.Run(name, func(t *testing.T) {
			change := s.registries()
			for k, v := range c.registries {
				change[k] = v
			}
			for k, v := range c.change {
				change[k] = v
			}
			text := securedSpec
			if c.kafka != "" {
				text = strings.NewReplacer("USER", s.user(), "CA", s.at.File("ca.pem")).Replace(c.kafka) + "\n" + securedSpec
				change["WRONG"] = "canary-wrong"
				for _, name := range []string{"AGGRUN_TLS_CA", "AGGRUN_SASL_MECHANISM", "AGGRUN_SASL_USERNAME", "AGGRUN_SASL_PASSWORD"} {
					change[name] = ""
				}
			}
			if len(c.registries) > 0 {
				s.readied()
			}
			o := s.as(change, "run", "--until-end", "--log-level", "debug", "-f", s.spec(text))
			want := strings.ReplaceAll(c.want, "MY", s.user())
			if c.embedded != "" && !s.Real {
				want = c.embedded
			}
			if o.code != 1 || !inOrder(o.stderr, want) {
				t.Errorf("exit code %d, and want an error with %q in\n%s", o.code, want, o.stderr)
			}
			if strings.Contains(o.stdout+o.stderr, "canary") {
				t.Errorf("a secret is told:\n%s%s", o.stdout, o.stderr)
			}
			t.Log(last(o.stderr))
		})
	}
}

// open is a broker in the clear. Of the embedded ones, which wait for the rest of what
// looks like a very long request, something stands in that closes the connection.
func (s *secured) open() string {
	s.t.Helper()
	if s.Real {
		return s.Brokers[0]
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 4))
			_ = c.Close()
		}
	}()
	return l.Addr().String()
}

// inOrder tells that text has the parts of want.
func inOrder(text, want string) bool {
	for part := range strings.SplitSeq(want, "...") {
		_, rest, ok := strings.Cut(text, part)
		if !ok {
			return false
		}
		text = rest
	}
	return true
}

func last(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// readied gives our user what a run needs to come as far as the registries, once.
func (s *secured) readied() {
	if s.ready {
		return
	}
	s.ready = true
	s.past()
	s.grant(s.allowed(s.spec(securedSpec))...)
}

// Every way to log in that the cluster offers; one that it does not is told.
func TestEndToEndSecureMechanisms(t *testing.T) {
	s := newSecured(t)
	token := s.file("token", unsignedToken(s.user()))
	for name, change := range map[string]map[string]string{
		"SCRAM-SHA-256": {"AGGRUN_SASL_MECHANISM": "SCRAM-SHA-256"},
		"SCRAM-SHA-512": {},
		"from a file":   {"AGGRUN_SASL_PASSWORD": "canary-wrong", "AGGRUN_SASL_PASSWORD_FILE": s.file("password", s.password+"\n")},
		"PLAIN":         {"AGGRUN_SASL_MECHANISM": "plain", "AGGRUN_SASL_USERNAME": s.at.Plain[0], "AGGRUN_SASL_PASSWORD": s.at.Plain[1]},
		"OAUTHBEARER":   {"AGGRUN_SASL_MECHANISM": "OAUTHBEARER", "AGGRUN_SASL_TOKEN_FILE": token},
		"mTLS": {
			"AGGRUN_BROKERS": s.at.Mutual, "AGGRUN_TLS_CERT": s.at.File("aggrun.pem"), "AGGRUN_TLS_KEY": s.at.File("aggrun.key"),
			"AGGRUN_SASL_MECHANISM": "", "AGGRUN_SASL_USERNAME": "", "AGGRUN_SASL_PASSWORD": "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := s.as(change, "list", "-f", s.spec(securedSpec))
			if name == "OAUTHBEARER" && !s.Real {
				if !strings.Contains(o.stderr, "(or AGGRUN_SASL_MECHANISM): the broker does not offer OAUTHBEARER: take one that its sasl.enabled.mechanisms names") {
					t.Errorf("exit code %d\n%s", o.code, o.stderr)
				}
				return
			}
			if o.code != 0 {
				t.Errorf("exit code %d\n%s", o.code, o.stderr)
			}
		})
	}
}

// A token that has expired is told as one.
func TestEndToEndSecureToken(t *testing.T) {
	s := newSecured(t)
	if !s.Real {
		server := httptest.NewServer(nil)
		server.Close() // nobody there: what is wrong is found without a broker
		o := s.as(map[string]string{"AGGRUN_BROKERS": strings.TrimPrefix(server.URL, "http://"), "AGGRUN_SASL_MECHANISM": "OAUTHBEARER"}, "list", "-f", s.spec(securedSpec))
		if !strings.Contains(o.stderr, "OAUTHBEARER needs a token: give token as {file: PATH}") {
			t.Errorf("exit code %d\n%s", o.code, o.stderr)
		}
		return
	}
	o := s.as(map[string]string{"AGGRUN_SASL_MECHANISM": "OAUTHBEARER", "AGGRUN_SASL_TOKEN_FILE": s.file("token", "canary")}, "list", "-f", s.spec(securedSpec))
	if o.code == 0 || !strings.Contains(o.stderr, "the broker refuses the token: it may have expired") || strings.Contains(o.stderr, "canary") {
		t.Errorf("exit code %d\n%s", o.code, o.stderr)
	}
}

// unsignedToken is good for an hour.
func unsignedToken(user string) string {
	encode := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	now := time.Now().Unix()
	return encode(`{"alg":"none"}`) + "." + encode(fmt.Sprintf(`{"sub":%q,"iat":%d,"exp":%d}`, user, now, now+3600)) + "."
}
