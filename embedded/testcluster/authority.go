package testcluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Authority signs certificates for tests, whose files are NAME.pem, the certificate
// alone, and NAME.key; NAME-both.pem has the key before the certificate.
type Authority struct {
	dir  string
	name string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewAuthority makes an authority, whose own certificate is in dir.
func NewAuthority(dir, name string) (*Authority, error) {
	a := &Authority{dir: dir, name: name}
	template := &x509.Certificate{
		Subject:  pkix.Name{CommonName: "aggrun test " + name},
		NotAfter: time.Now().Add(30 * 24 * time.Hour),
		IsCA:     true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := a.sign(template, name)
	if err != nil {
		return nil, err
	}
	a.cert, err = x509.ParseCertificate(der)
	return a, err
}

// Issue signs a certificate for a name and 127.0.0.1 that is good until so long from
// now, which may have gone by.
func (a *Authority) Issue(name string, until time.Duration, dnsNames ...string) error {
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: name},
		NotBefore:   time.Now().Add(-240 * time.Hour),
		NotAfter:    time.Now().Add(until),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		DNSNames:    dnsNames,
	}
	if len(dnsNames) == 0 {
		template.IPAddresses, template.DNSNames = []net.IP{net.IPv4(127, 0, 0, 1)}, []string{"localhost"}
	}
	_, err := a.sign(template, name)
	return err
}

// sign writes a certificate and its key; the authority's own is signed by itself.
func (a *Authority) sign(template *x509.Certificate, name string) (der []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62)); err != nil {
		return nil, err
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		a.key = key
		parent, signer = template, key
	}
	if der, err = x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer); err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	secret := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	for file, text := range map[string][]byte{name + ".pem": cert, name + ".key": secret, name + "-both.pem": append(secret, cert...)} {
		if err := os.WriteFile(filepath.Join(a.dir, file), text, 0o600); err != nil {
			return nil, err
		}
	}
	return der, nil
}

// Server is what a listener needs that shows the certificate of a name; it asks for
// certificates of this authority where they are wanted.
func (a *Authority) Server(name string, clients tls.ClientAuthType) (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(filepath.Join(a.dir, name+".pem"), filepath.Join(a.dir, name+".key"))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: pool, ClientAuth: clients, MinVersion: tls.VersionTLS12}, nil
}
