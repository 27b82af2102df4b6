package connect

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/aggrun/aggrun/spec"
)

// Explain says what an error of a connection means and which setting it comes from:
// a *Refusal where that is known and another try would end alike, else err itself.
func (c *Cluster) Explain(err error) error {
	if err == nil {
		return nil
	}
	if refused := refusal(err); refused != nil {
		return refused
	}
	if c.TLS != nil {
		if explained := c.explainTLS(err, "the broker", "kafka", "kafka.brokers", c.TLS); explained != nil {
			return explained
		}
	}
	if explained := c.explainLogin(err); explained != nil {
		return explained
	}
	return c.explainEnd(err)
}

// explainEnd is about connections that a broker closed, which is all that some say.
func (c *Cluster) explainEnd(err error) error {
	text := err.Error()
	switch closed := errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET); {
	case strings.Contains(text, "appear to be a tls alert"):
		return c.refuse("kafka.tls", "the broker speaks TLS at this port: give kafka.tls ({} trusts what the machine trusts)")
	case c.TLS != nil && closed && isDial(err):
		return c.suspect("kafka.brokers", "the broker closed the connection at the beginning of TLS: it may not speak TLS at this port, or want our certificate (tls.cert and key)")
	case !closed:
		return err
	case c.TLS == nil && strings.Contains(text, "during api versions"):
		return c.suspect("kafka.tls", "the broker closed the connection at the first words in the clear: its listener may want TLS (kafka.tls)")
	case c.SASL != nil:
		return c.suspect("kafka.sasl", "the broker closed the connection during the login: user or password may be wrong, or its listener takes no login")
	case errors.As(err, new(*kgo.ErrFirstReadEOF)):
		return c.suspect("kafka.sasl", "the broker closed the connection at the first request: its listener may want a login (kafka.sasl)")
	}
	return err
}

// isDial tells of the beginning of a connection.
func isDial(err error) bool {
	text := err.Error()
	return strings.Contains(text, "unable to dial") || strings.Contains(text, "immediately after a dial")
}

// explainLogin is about SASL.
func (c *Cluster) explainLogin(err error) error {
	switch s := c.SASL; {
	case errors.Is(err, kerr.IllegalSaslState), errors.Is(err, kerr.UnsupportedSaslMechanism) && s == nil:
		return c.refuse("kafka.sasl", "the broker's listener takes no login: leave kafka.sasl out, or take the port of one that does")
	case s == nil:
		return nil
	case errors.Is(err, kerr.UnsupportedSaslMechanism):
		return c.refuse("kafka.sasl.mechanism", "the broker does not offer %s: take one that its sasl.enabled.mechanisms names", s.Mechanism)
	case s.Mechanism == spec.OAuthBearer && (errors.Is(err, kerr.SaslAuthenticationFailed) || strings.Contains(err.Error(), "unexpected data in oauth response")):
		return c.refuse("kafka.sasl.token", "the broker refuses the token: it may have expired, or be for somebody else%s", c.told(err))
	case errors.Is(err, kerr.SaslAuthenticationFailed):
		return c.refuse("kafka.sasl.password", "the broker refuses the login of user %s by %s: user or password is wrong, or the user has none for this mechanism%s", s.Username, s.Mechanism, c.told(err))
	}
	return nil
}

// told is what the broker said, if it said more than that it refuses.
func (c *Cluster) told(err error) string {
	_, text, _ := strings.Cut(err.Error(), "SASL_AUTHENTICATION_FAILED: ")
	if text = strings.TrimSpace(strings.TrimPrefix(text, "SASL Authentication failed.")); text == "" {
		return ""
	}
	return " (" + scrub(text, c.shown()...) + ")"
}

// shown are the secrets of the login, as they are now; what cannot be read was not shown.
func (c *Cluster) shown() (all []string) {
	refs := []spec.Secret{c.SASL.Password, c.SASL.Token}
	if c.SASL.Username.Text == "" {
		refs = append(refs, c.SASL.Username.Secret)
	}
	for _, ref := range refs {
		if ref.IsZero() {
			continue
		}
		if v, err := c.read(ref, "kafka.sasl"); err == nil {
			all = append(all, v.Reveal())
		}
	}
	return all
}

// Explain says what an error of a request means and which setting it comes from: a
// *Refusal where that is known, else err itself.
func (r *Registry) Explain(err error) error {
	if err == nil {
		return nil
	}
	if refused := refusal(err); refused != nil {
		return refused
	}
	who := fmt.Sprintf("the %s registry", r.Name)
	if strings.HasPrefix(r.URL, "https:") {
		settings := r.TLS
		if settings == nil {
			settings = &spec.TLS{}
		}
		if explained := r.explainTLS(err, who, r.path(), r.path()+".url", settings); explained != nil {
			return explained
		}
	}
	var answer *sr.ResponseError
	status := 0
	if errors.As(err, &answer) {
		status = answer.StatusCode
	}
	text := err.Error()
	switch {
	case status == http.StatusUnauthorized && !r.hasLogin():
		return r.refuse(r.path(), "%s wants a login (401): give username and password, or token", who)
	case status == http.StatusUnauthorized && !r.Token.IsZero():
		return r.refuse(r.path()+".token", "%s refuses the token (401): it may have expired, or be for somebody else", who)
	case status == http.StatusUnauthorized:
		return r.refuse(r.path()+".password", "%s refuses the login of user %s (401): user or password is wrong", who, r.Username)
	case status == http.StatusForbidden:
		return r.refuse(r.path(), "%s knows who we are, and does not let us do this (403): %s; its administrator has to allow it", who, answer.Message)
	case strings.Contains(text, "HTTP request to an HTTPS server"), strings.Contains(text, `malformed HTTP response "\x15`):
		return r.refuse(r.path()+".url", "%s speaks TLS at this port: begin the URL with https://", who)
	}
	return err
}

// explainTLS is about TLS; nil where err is not. path is of what has the settings,
// address of what is connected to.
func (s Surroundings) explainTLS(err error, who, path, address string, t *spec.TLS) error {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &unknown) && t.CA == "":
		return s.refuse(path+".tls.ca", "%s shows a certificate of an authority that this machine does not trust (%s): give the authority's own certificate as ca", who, issuer(unknown.Cert))
	case errors.As(err, &unknown):
		return s.refuse(path+".tls.ca", "%s shows a certificate of an authority (%s) that %s does not hold: add the authority's own certificate to it", who, issuer(unknown.Cert), t.CA)
	case errors.As(err, &name):
		return s.refuse(path+".tls.server_name", "the certificate of %s is for %s, and not for %s: connect by one of its names, or give one as server_name", who, names(name.Certificate), name.Host)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return s.refuse(address, "the certificate of %s is good from %s to %s, and not now: %s has to renew it (or a clock is wrong)",
			who, day(invalid.Cert.NotBefore), day(invalid.Cert.NotAfter), who)
	case errors.As(err, &invalid):
		return s.refuse(path+".tls.ca", "the certificate of %s cannot be trusted: %v", who, invalid)
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return s.refuse(address, "%s does not speak TLS at this port: take the port that does, or leave TLS out", who)
	}
	if alert := remoteAlert(err); alert != "" {
		return s.refuse(path+".tls."+alertField(t), "%s refuses our side of TLS (%s): %s", who, alert, alertAdvice(t))
	}
	return nil
}

// remoteAlert is what the other side says against us, "" where it says nothing.
func remoteAlert(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "remote error" {
		return op.Err.Error()
	}
	return ""
}

func alertField(t *spec.TLS) string {
	if t.Cert == "" {
		return "cert"
	}
	return "ca"
}

func alertAdvice(t *spec.TLS) string {
	if t.Cert == "" {
		return "it may want our certificate: give cert and key"
	}
	return fmt.Sprintf("our certificate %s may have expired, or be of an authority that it does not trust", t.Cert)
}

// refusal is the Refusal that err comes of, nil where it comes of none.
func refusal(err error) *Refusal {
	var r *Refusal
	_ = errors.As(err, &r)
	return r
}

func issuer(c *x509.Certificate) string {
	if c == nil {
		return "unknown"
	}
	return c.Issuer.String()
}

// names are what a certificate is for.
func names(c *x509.Certificate) string {
	all := append([]string(nil), c.DNSNames...)
	for _, ip := range c.IPAddresses {
		all = append(all, ip.String())
	}
	if len(all) == 0 {
		return "no name"
	}
	return strings.Join(all[:min(len(all), 5)], ", ")
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") }

func port(n int32) string { return strconv.Itoa(int(n)) }
