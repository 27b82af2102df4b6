package connect

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"sync"
	"time"

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
	files   pems // of the settings in use
	current *tls.Config
	version int // of current

	bad   pems  // the last that could not be used
	err   error // why
	tried time.Time
	told  time.Time
}

// pems are the files: authorities, certificate, key.
type pems [3][]byte

func (p pems) equal(o pems) bool {
	return slices.EqualFunc(p[:], o[:], bytes.Equal)
}

// config gives the settings, not to be changed, and their number.
func (t *trust) config() (*tls.Config, int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	files, err := t.read()
	if err == nil && (t.current == nil || !files.equal(t.files)) {
		err = t.use(files)
	}
	switch {
	case err != nil && t.current == nil:
		return nil, 0, err
	case err != nil && time.Since(t.told) > tellEvery:
		t.told = time.Now()
		t.log().Warn("the files of TLS cannot be used; those read before are", "error", err)
	}
	return t.current, t.version, nil
}

// use makes settings of files. Those that are wrong are tried again after a while only,
// for the key's password may have been: to derive a key takes long.
func (t *trust) use(files pems) error {
	if t.err != nil && files.equal(t.bad) && time.Since(t.tried) < tellEvery {
		return t.err
	}
	made, err := t.load(files)
	if t.err = err; err != nil {
		t.bad, t.tried = files, time.Now()
		return err
	}
	if t.current != nil {
		t.log().Info("the files of TLS have changed and are in use", "of", t.path)
	}
	t.files, t.current = files, made
	t.version++
	return nil
}

func (t *trust) read() (files pems, err error) {
	for i, f := range []struct{ name, field string }{{t.spec.CA, "ca"}, {t.spec.Cert, "cert"}, {t.spec.Key, "key"}} {
		if f.name == "" {
			continue
		}
		if files[i], err = readFile(f.name, mostPEM); err != nil {
			return files, t.refuse(t.path+".tls."+f.field, "cannot be read: %v", err)
		}
	}
	return files, nil
}

func (t *trust) load(files pems) (*tls.Config, error) {
	made := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.spec.ServerName}
	if t.spec.CA != "" {
		made.RootCAs = x509.NewCertPool()
		if !made.RootCAs.AppendCertsFromPEM(files[0]) {
			return nil, t.refuse(t.path+".tls.ca", "%s holds no certificate: want PEM, which begins with -----BEGIN CERTIFICATE-----", t.spec.CA)
		}
		if isCut(files[0]) {
			return nil, t.refuse(t.path+".tls.ca", "%s ends within a certificate", t.spec.CA)
		}
	}
	if t.spec.Cert != "" {
		pair, err := t.pair(files[1], files[2])
		if err != nil {
			return nil, err
		}
		made.Certificates = []tls.Certificate{pair}
	}
	return made, nil
}

// isCut tells of PEM that something begins at its end which is not whole.
func isCut(text []byte) bool {
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			return bytes.Contains(rest, []byte("-----B"))
		}
		text = rest
	}
}

func (t *trust) pair(cert, key []byte) (tls.Certificate, error) {
	if isEncrypted(key) {
		if t.spec.Password.IsZero() {
			return tls.Certificate{}, t.refuse(t.path+".tls.key", "%s is encrypted: give password as {env: NAME} or {file: PATH}", t.spec.Key)
		}
		password, err := t.Surroundings.read(t.spec.Password, t.path+".tls.password")
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
