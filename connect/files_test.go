package connect

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/aggrun/aggrun/spec"
)

// Regular files are read up to a bound, and links to them; nothing else is, for it may
// have no end.
func TestReadFile(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	write(t, in("fits"), strings.Repeat("x", mostSecret))
	write(t, in("long"), strings.Repeat("x", mostSecret+1))
	if err := os.Symlink("fits", in("link")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(in("fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, most := range map[string]int64{in("fits"): mostSecret, in("link"): mostSecret, in("long"): mostPEM} {
		if data, err := readFile(name, most); err != nil || len(data) < mostSecret {
			t.Errorf("%s: %d bytes, %v", name, len(data), err)
		}
	}
	for _, name := range []string{in("long"), in("fifo"), dir, "/dev/zero", "/dev/null", in("none")} {
		data, err := readFile(name, mostSecret)
		if err == nil || name != in("none") && !strings.HasSuffix(err.Error(), "is not a regular file of at most 64 KiB") {
			t.Errorf("%s: %d bytes, %v", name, len(data), err)
		}
	}
}

// A bundle of authorities that is half written is not used, and what is wrong is neither
// tried nor told at each connection.
func TestHalfABundle(t *testing.T) {
	dir := t.TempDir()
	authority(t, dir)
	whole, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	bundle := filepath.Join(dir, "bundle.pem")
	var log bytes.Buffer
	made := &trust{spec: &spec.TLS{CA: bundle}, path: "kafka", Surroundings: Surroundings{Log: slog.New(slog.NewTextHandler(&log, nil))}}
	half := string(whole) + string(whole[:len(whole)/2])
	write(t, bundle, half)
	if _, _, err := made.config(); err == nil || !strings.Contains(err.Error(), "bundle.pem ends within a certificate") {
		t.Error(err)
	}
	write(t, bundle, string(whole)+"# the end\n")
	first, version, err := made.config()
	if err != nil || version != 1 {
		t.Fatal(version, err)
	}
	write(t, bundle, half)
	for range 5 {
		if again, version, err := made.config(); again != first || version != 1 || err != nil {
			t.Error(version, err)
		}
	}
	if n := strings.Count(log.String(), "cannot be used"); n != 1 {
		t.Errorf("told %d times:\n%s", n, log.String())
	}
	write(t, bundle, string(whole)+string(whole))
	if _, version, err := made.config(); version != 2 || err != nil {
		t.Error(version, err)
	}
}

// What a registry repeats of our login is not told, however it writes it.
func TestScrubbedAnswers(t *testing.T) {
	const user, password = `user-"canary"`, `ca"na\ry/<&>+ä canary`
	r := &Registry{Name: "source", Registry: spec.Registry{Username: spec.Name{Secret: spec.Secret{Env: "U"}}, Password: spec.Secret{Env: "P"}}}
	r.Env = func(name string) (string, bool) { return map[string]string{"U": user, "P": password}[name], true }
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		u, p, _ := req.BasicAuth()
		for _, said := range []string{u, p, req.Header.Get("Authorization")} {
			fmt.Fprintf(w, "{%s %q}", formsOf(said), said)
		}
	}))
	defer server.Close()
	r.URL = server.URL
	client := &http.Client{Transport: r.Transport(http.DefaultTransport.(*http.Transport).Clone())}
	resp, err := client.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	text := string(body)
	if err != nil || strings.Contains(text, "canary") || strings.Contains(text, "na\\ry") || !strings.Contains(text, stars) {
		t.Errorf("%v, %s", err, text)
	}
}

// Nor what a broker repeats.
func TestScrubbedLogin(t *testing.T) {
	c := &Cluster{TLS: &spec.TLS{}, SASL: &spec.SASL{Mechanism: spec.Plain, Username: spec.Name{Secret: spec.Secret{Env: "U"}}, Password: spec.Secret{Env: "P"}}}
	c.Env = func(name string) (string, bool) { return name + `-"canary"`, true }
	err := c.Explain(fmt.Errorf("%w: no U-\"canary\" with %q", kerr.SaslAuthenticationFailed, `P-"canary"`))
	if text := err.Error(); strings.Contains(text, "canary") || !strings.Contains(text, `no *** with "***"`) {
		t.Error(text)
	}
}
