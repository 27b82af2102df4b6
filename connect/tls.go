package connect

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"sync"

	"github.com/aggrun/aggrun/spec"
)

// trust makes TLS settings of files, anew whenever these have changed. Of files that
// are being renewed one may be ahead of another: as long as they do not fit, what
// was good before is used.
type trust struct {
	Surroundings
	spec *spec.TLS
	path string // of what has the tls: kafka, registries.NAME

	mu      sync.Mutex
	files   [3][]byte // of the settings in use: authorities, certificate, key
	current *tls.Config
	version int // of current
}

// config gives the settings, not to be changed, and their number.
func (t *trust) config() (*tls.Config, int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	files, made, err := t.load()
	switch {
	case err != nil && t.current == nil:
		return nil, 0, err
	case err != nil:
		t.log().Warn("the files of TLS cannot be used; those read before are", "error", err)
	case made != nil:
		if t.current != nil {
			t.log().Info("the files of TLS have changed and are in use", "of", t.path)
		}
		t.files, t.current = files, made
		t.version++
	}
	return t.current, t.version, nil
}

// load reads the files; made is nil where they are what is in use.
func (t *trust) load() (files [3][]byte, made *tls.Config, err error) {
	for i, f := range []struct{ name, field string }{{t.spec.CA, "ca"}, {t.spec.Cert, "cert"}, {t.spec.Key, "key"}} {
		if f.name == "" {
			continue
		}
		if files[i], err = readFile(f.name); err != nil {
			return files, nil, t.refuse(t.path+".tls."+f.field, "cannot be read: %v", err)
		}
	}
	if t.current != nil && bytes.Equal(files[0], t.files[0]) && bytes.Equal(files[1], t.files[1]) && bytes.Equal(files[2], t.files[2]) {
		return files, nil, nil
	}
	made = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.spec.ServerName}
	if t.spec.CA != "" {
		made.RootCAs = x509.NewCertPool()
		if !made.RootCAs.AppendCertsFromPEM(files[0]) {
			return files, nil, t.refuse(t.path+".tls.ca", "%s holds no certificate: want PEM, which begins with -----BEGIN CERTIFICATE-----", t.spec.CA)
		}
	}
	if t.spec.Cert != "" {
		pair, err := t.pair(files[1], files[2])
		if err != nil {
			return files, nil, err
		}
		made.Certificates = []tls.Certificate{pair}
	}
	return files, made, nil
}

func (t *trust) pair(cert, key []byte) (tls.Certificate, error) {
	if isEncrypted(key) {
		if t.spec.Password.IsZero() {
			return tls.Certificate{}, t.refuse(t.path+".tls.key", "%s is encrypted: give password as {env: NAME} or {file: PATH}", t.spec.Key)
		}
		password, err := t.read(t.spec.Password, t.path+".tls.password")
		if err != nil {
			return tls.Certificate{}, err
		}
		if key, err = decrypt(key, password); err != nil {
			return tls.Certificate{}, t.refuse(t.path+".tls.key", "%s: %v", t.spec.Key, err)
		}
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return pair, t.refuse(t.path+".tls.cert", "%s and %s: %v", t.spec.Cert, t.spec.Key, err)
	}
	return pair, nil
}
