package connect

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aggrun/aggrun/embedded/testcluster"
	"github.com/aggrun/aggrun/spec"
)

// A secret is in no form of printing.
func TestValue(t *testing.T) {
	v := value("canary")
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "v", v, "in", struct{ V Value }{v})
	slog.New(slog.NewTextHandler(&log, nil)).Info("m", "v", v, "in", struct{ V Value }{v}, "p", &v, "hidden", struct{ v Value }{v})
	text, err := json.Marshal(map[string]any{"v": v, "p": &v})
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T %[1]v"} {
		fmt.Fprintf(&log, verb, v)
		fmt.Fprintf(&log, verb, &v)
		fmt.Fprintf(&log, verb, []Value{v})
		fmt.Fprintf(&log, verb, struct{ V Value }{v})
		fmt.Fprintf(&log, verb, struct{ v Value }{v})
		fmt.Fprintf(&log, verb, &struct{ v *Value }{&v})
		fmt.Fprintf(&log, verb, map[string]struct{ v []Value }{"a": {[]Value{v}}})
	}
	all := log.String() + string(text)
	if strings.Contains(all, "canary") || strings.Contains(strings.ToLower(all), fmt.Sprintf("%x", "canary")) {
		t.Errorf("told: %s", all)
	}
	if v.Reveal() != "canary" || (Value{}).Reveal() != "" {
		t.Error("not revealed")
	}
}

// authority makes one, anew, with certificates of these names.
func authority(t *testing.T, dir string, names ...string) *testcluster.Authority {
	t.Helper()
	a, err := testcluster.NewAuthority(dir, "ca")
	for _, name := range names {
		if err == nil {
			err = a.Issue(name, time.Hour)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// A renewed authority, certificate and password are in use for the next connection,
// half of a renewal is not, and the registry's answers go on meanwhile.
func TestRotation(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	password := file("password")
	write(t, password, "first")
	var current *tls.Config
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, p, _ := r.BasicAuth()
		fmt.Fprintf(w, "%s %s", r.TLS.PeerCertificates[0].Subject.CommonName, p)
	}))
	server.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return current, nil }}
	renew := func(names ...string) {
		config, err := authority(t, dir, append(names, "server")...).Server("server", tls.RequireAndVerifyClientCert)
		if err != nil {
			t.Fatal(err)
		}
		current = config
	}
	renew("mine")
	server.StartTLS()
	defer server.Close()
	r := &Registry{Name: "source", Registry: spec.Registry{
		URL: server.URL, Username: spec.Name{Text: "u"}, Password: spec.Secret{File: password},
		TLS: &spec.TLS{CA: file("ca.pem"), Cert: file("mine.pem"), Key: file("mine.key")},
	}}
	client := &http.Client{Transport: r.Transport(http.DefaultTransport.(*http.Transport).Clone())}
	ask := func() string {
		resp, err := client.Get(server.URL)
		if err != nil {
			return r.Explain(err).Error()
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	if got := ask(); got != "mine first" {
		t.Errorf("at first %s", got)
	}
	write(t, password, "second\n")
	server.CloseClientConnections()
	write(t, file("mine.key"), "half of a")
	if got := ask(); got != "mine second" {
		t.Errorf("amid a renewal %s", got)
	}
	renew("mine")
	server.CloseClientConnections()
	if got := ask(); got != "mine second" {
		t.Errorf("after a renewal %s", got)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A redirect takes our login nowhere else, and no answer is endless.
func TestRegistryAnswers(t *testing.T) {
	var seen []string
	stranger := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Get("Authorization"))
	}))
	defer stranger.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, stranger.URL, http.StatusFound)
		case "/here":
			http.Redirect(w, r, "/echo", http.StatusTemporaryRedirect)
		case "/long":
			_, _ = io.CopyN(w, zeros{}, MaxAnswer+1)
		case "/echo":
			w.WriteHeader(http.StatusTeapot)
			fmt.Fprint(w, r.Header)
		}
	}))
	defer server.Close()
	r := &Registry{Name: "sink", Registry: spec.Registry{URL: server.URL, Token: spec.Secret{Env: "T"}}}
	r.Env = func(string) (string, bool) { return "canary-token", true }
	client := &http.Client{Transport: r.Transport(http.DefaultTransport.(*http.Transport).Clone())}
	get := func(path string) (string, error) {
		resp, err := client.Get(server.URL + path)
		if err != nil {
			return "", err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		return string(body), err
	}
	if _, err := get("/away"); err != nil || len(seen) != 1 || seen[0] != "" {
		t.Errorf("%v, the stranger saw %q", err, seen)
	}
	if text, err := get("/here"); err != nil || !strings.Contains(text, "Bearer ***") || strings.Contains(text, "canary") {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := get("/long"); err == nil || !strings.Contains(err.Error(), "the registry's answer is larger than 8 MiB") {
		t.Error(err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// Encrypted keys are those that openssl pkcs8 -topk8 writes; testdata/keys holds one key
// by several parameters, and (old-) by forms that are refused.
func TestEncryptedKeys(t *testing.T) {
	files, err := filepath.Glob("testdata/keys/*.pem")
	if err != nil || len(files) < 4 {
		t.Fatal("keys", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		old := strings.Contains(file, "old-")
		if !isEncrypted(text) {
			t.Errorf("%s is not encrypted", file)
		}
		_, err = decrypt(text, value("canary"))
		if old != (err == errKeyForm) || !old && err != nil {
			t.Errorf("%s: %v", file, err)
		}
		if _, err := decrypt(text, value("wrong")); err == nil || strings.Contains(err.Error(), "wrong") {
			t.Errorf("%s by another password: %v", file, err)
		}
	}
}

// What does not go together is refused.
func TestCheck(t *testing.T) {
	password := spec.Secret{File: "p"}
	for want, c := range map[string]interface{ Check() error }{
		"kafka.tls: cert and key go together":    &Cluster{TLS: &spec.TLS{Cert: "c"}},
		"kafka.tls.password: is that of a key":   &Cluster{TLS: &spec.TLS{Password: password}},
		"kafka.sasl.mechanism: OAUTHBEARER send": &Cluster{SASL: &spec.SASL{Mechanism: spec.OAuthBearer, Token: password}},
		"kafka.sasl: SCRAM-SHA-256 needs a user": &Cluster{SASL: &spec.SASL{Mechanism: spec.SCRAM256, Password: password}},
		"kafka.sasl: PLAIN needs a password":     &Cluster{TLS: &spec.TLS{}, SASL: &spec.SASL{Mechanism: spec.Plain, Username: spec.Name{Text: "u"}}},
		"registries.a: username and password go": &Registry{Name: "a", Registry: spec.Registry{URL: "https://a", Password: password}},
		"registries.b: a login over http://":     &Registry{Name: "b", Registry: spec.Registry{URL: "http://b", Token: password}},
		"registries.d.tls: is of connections by": &Registry{Name: "d", Registry: spec.Registry{URL: "http://d", TLS: &spec.TLS{CA: "ca.pem"}}},
		"<nil>":                                  &Registry{Name: "c", Registry: spec.Registry{URL: "http://127.0.0.1:1", Token: password}},
	} {
		if err := c.Check(); !strings.HasPrefix(fmt.Sprint(err), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
