package connect

import (
	"strings"

	"github.com/aggrun/aggrun/spec"
)

// String says how brokers are reached, for people; no secret is in it.
func (c *Cluster) String() string {
	var parts []string
	if c.TLS != nil {
		parts = append(parts, describeTLS(c.TLS))
	}
	if s := c.SASL; s != nil {
		login := string(s.Mechanism)
		if !s.Username.IsZero() {
			login += " as " + s.Username.String()
		}
		parts = append(parts, login)
	}
	return strings.Join(parts, ", ")
}

// String says how the registry is reached, for people; no secret is in it.
func (r *Registry) String() string {
	var parts []string
	if r.TLS != nil {
		parts = append(parts, describeTLS(r.TLS))
	}
	switch {
	case !r.Token.IsZero():
		parts = append(parts, "token "+r.Token.String())
	case !r.Username.IsZero():
		parts = append(parts, "user "+r.Username.String())
	}
	return strings.Join(parts, ", ")
}

func describeTLS(t *spec.TLS) string {
	text := "TLS"
	if t.CA != "" {
		text += " trusting " + t.CA
	}
	if t.Cert != "" {
		text += " showing " + t.Cert
	}
	return text
}
