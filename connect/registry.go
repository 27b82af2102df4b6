package connect

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"

	"github.com/aggrun/aggrun/spec"
)

// Bounds of a registry's answers, bytes. A schema has 1 MiB at most with those it
// refers to, written as a text in JSON.
const (
	MaxAnswer = 8 << 20
	maxError  = 16 << 10
)

// ErrAnswer is that of a registry's answer which is cut off at MaxAnswer.
var ErrAnswer = fmt.Errorf("the registry's answer is larger than %d MiB", MaxAnswer>>20)

// transport asks a registry, with our login and by the files as they are at that
// moment.
type transport struct {
	registry *Registry
	origin   *url.URL // to which alone our login goes
	trust    *trust   // nil: what the machine trusts

	mu      sync.Mutex
	base    *http.Transport
	version int // of trust's settings in base
}

// Transport is for an HTTP client. What others say, a redirect above all, never takes
// our login to another host, and no answer is larger than MaxAnswer. base is where its
// bounds come from.
func (r *Registry) Transport(base *http.Transport) http.RoundTripper {
	t := &transport{registry: r, base: base}
	t.origin, _ = url.Parse(r.URL) // Check has refused what is none
	if settings := r.TLS; settings != nil {
		t.trust = &trust{Surroundings: r.Surroundings, spec: settings, path: r.path()}
	}
	return t
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	base, err := t.refreshed()
	if err != nil {
		return nil, err
	}
	var shown []string
	if t.isOwn(req.URL) {
		req = req.Clone(req.Context())
		if shown, err = t.registry.authorise(req); err != nil {
			return nil, err
		}
	}
	resp, err := base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return scrubbed(resp, shown)
	}
	resp.Body = &bounded{ReadCloser: resp.Body, left: MaxAnswer}
	return resp, nil
}

// refreshed gives the transport by the files as they are.
func (t *transport) refreshed() (*http.Transport, error) {
	if t.trust == nil {
		return t.base, nil
	}
	config, version, err := t.trust.config()
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if version > t.version { // another may have been ahead of us
		old := t.base
		t.base, t.version = old.Clone(), version
		t.base.TLSClientConfig = config.Clone()
		old.CloseIdleConnections()
	}
	return t.base, nil
}

func (t *transport) isOwn(u *url.URL) bool {
	return t.origin != nil && u.Scheme == t.origin.Scheme && u.Host == t.origin.Host
}

// authorise puts our login on a request, and gives the texts of it that are secret.
func (r *Registry) authorise(req *http.Request) (shown []string, err error) {
	switch {
	case !r.Token.IsZero():
		token, err := r.read(r.Token, r.path()+".token")
		if err != nil {
			return nil, err
		}
		req.Header.Set("Authorization", "Bearer "+token.Reveal())
		return []string{token.Reveal()}, nil
	case !r.Username.IsZero():
		user, err := r.name(r.Username, r.path()+".username")
		if err != nil {
			return nil, err
		}
		password, err := r.read(r.Password, r.path()+".password")
		if err != nil {
			return nil, err
		}
		req.SetBasicAuth(user.Reveal(), password.Reveal())
		both := base64.StdEncoding.EncodeToString([]byte(user.Reveal() + ":" + password.Reveal()))
		shown = []string{both, password.Reveal()}
		if r.Username.Text == "" { // it is a secret too
			shown = append(shown, user.Reveal())
		}
		return shown, nil
	}
	return nil, nil
}

// scrubbed is an error's answer without our own secrets in it, which a careless
// registry may repeat: it is going to be logged.
func scrubbed(resp *http.Response, shown []string) (*http.Response, error) {
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxError))
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return nil, err
	}
	text := scrub(string(body), shown...)
	resp.Body = io.NopCloser(bytes.NewReader([]byte(text)))
	resp.ContentLength = int64(len(text))
	return resp, nil
}

// bounded is an answer that is an error where it is too long.
type bounded struct {
	io.ReadCloser
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, ErrAnswer
	}
	return n, err
}

// Open is a registry of which nothing but the URL is known.
func Open(name, address string) *Registry {
	return &Registry{Name: name, Registry: spec.Registry{URL: address}}
}
