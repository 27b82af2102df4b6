package spec

// This file holds how clusters and registries are reached: who we are, whom we
// trust, and the references to secrets, which no spec ever holds.

import (
	"fmt"
	"regexp"
	"slices"

	"cuelang.org/go/cue"
)

// Kafka is how to reach the cluster that holds source and sink topics.
type Kafka struct {
	Brokers []string // host:port
	TLS     *TLS     // nil: connections are in the clear
	SASL    *SASL    // nil: no login
}

// Registry is a schema registry that speaks Confluent's API.
type Registry struct {
	URL      string
	Username Name // with Password: basic authentication
	Password Secret
	Token    Secret // instead: bearer authentication
	TLS      *TLS   // nil: what the machine trusts
}

// TLS is whom we trust, and our own certificate. Files are named by path.
type TLS struct {
	CA         string // PEM; "" is what the machine trusts
	Cert, Key  string // PEM, ours; "" is none
	Password   Secret // of Key
	ServerName string // in place of the name that is connected to
}

// Mechanism is a way to log in.
type Mechanism string

// The mechanisms of SASL.
const (
	Plain       Mechanism = "PLAIN"
	SCRAM256    Mechanism = "SCRAM-SHA-256"
	SCRAM512    Mechanism = "SCRAM-SHA-512"
	OAuthBearer Mechanism = "OAUTHBEARER"
)

// Mechanisms are all that there are.
func Mechanisms() []Mechanism { return []Mechanism{Plain, SCRAM256, SCRAM512, OAuthBearer} }

// SASL is a login: by name and password or, for OAUTHBEARER, by token.
type SASL struct {
	Mechanism Mechanism
	Username  Name
	Password  Secret
	Token     Secret
}

// Secret says where a secret is read from: one of the fields, or none.
type Secret struct {
	Env  string // the name of a variable
	File string // a path
}

// IsZero tells that there is no secret.
func (s Secret) IsZero() bool { return s == Secret{} }

// String is the reference as a spec has it; the secret itself is not in it.
func (s Secret) String() string {
	switch {
	case s.Env != "":
		return fmt.Sprintf("{env: %s}", s.Env)
	case s.File != "":
		return fmt.Sprintf("{file: %s}", s.File)
	}
	return ""
}

// Name is a user's name: written out, or a secret.
type Name struct {
	Text string
	Secret
}

// IsZero tells that there is no name.
func (n Name) IsZero() bool { return n == Name{} }

// String is the name, or where it is read from.
func (n Name) String() string {
	if n.Text != "" {
		return n.Text
	}
	return n.Secret.String()
}

// Pos is where the value at path, such as kafka.tls.ca, was written; for one that
// the user left out it is the nearest ancestor that they wrote.
func (s *Spec) Pos(path string) Position {
	if s.origins == nil {
		return Position{}
	}
	for ; path != ""; path = parent(path) {
		if pos, ok := s.origins.at[path]; ok {
			return pos
		}
	}
	return Position{}
}

const (
	aSecret = "{env: NAME} or {file: PATH}"
	aName   = "a name, {env: NAME} or {file: PATH}"
)

// secrets is, by general path, what may stand where a secret does.
var secrets = map[string]string{
	"kafka.tls.password":        aSecret,
	"kafka.sasl.username":       aName,
	"kafka.sasl.password":       aSecret,
	"kafka.sasl.token":          aSecret,
	"registries.*.username":     aName,
	"registries.*.password":     aSecret,
	"registries.*.token":        aSecret,
	"registries.*.tls.password": aSecret,
}

var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// secret checks v, found at p, where want may stand. What was meant to be secret
// is not repeated.
func (c checker) secret(p place, v cue.Value, want string) {
	pos := c.note(p, v)
	if text, err := v.String(); err == nil && want == aName && text != "" {
		return
	}
	var names []string
	for name, inner := range entries(v) {
		text, _ := inner.String()
		c.note(p.field(name), inner)
		if text == "" || name == "env" && !variable.MatchString(text) {
			c.add(pos, p.path, "want %s, NAME being that of a variable, such as KAFKA_PASSWORD", want)
			return
		}
		names = append(names, name)
	}
	switch {
	case v.Kind() != cue.StructKind && want == aSecret:
		c.add(pos, p.path, "want %s: a secret is never written in a spec", want)
	case len(names) != 1 || !slices.Contains([]string{"env", "file"}, names[0]):
		c.add(pos, p.path, "want %s", want)
	}
}

// connections decodes how the cluster and the registries are reached.
func (d decoder) connections(s *Spec) {
	d.into(&s.Kafka.Brokers, "kafka", "brokers")
	s.Kafka.TLS = decoder{lookup(d.v, "kafka"), "kafka", d.at, d.r}.tls()
	if v := lookup(d.v, "kafka", "sasl"); v.Exists() {
		s.Kafka.SASL = decoder{v, "kafka.sasl", d.at, d.r}.sasl()
	}
	for name, v := range entries(lookup(d.v, "registries")) {
		s.Registries[name] = decoder{v, "registries." + name, d.at, d.r}.registry()
	}
}

func (d decoder) tls() *TLS {
	if !lookup(d.v, "tls").Exists() {
		return nil
	}
	t := &TLS{Password: d.secret("tls", "password")}
	d.into(&t.CA, "tls", "ca")
	d.into(&t.Cert, "tls", "cert")
	d.into(&t.Key, "tls", "key")
	d.into(&t.ServerName, "tls", "server_name")
	return t
}

func (d decoder) sasl() *SASL {
	s := &SASL{Username: d.name("username"), Password: d.secret("password"), Token: d.secret("token")}
	d.into(&s.Mechanism, "mechanism")
	switch {
	case s.Mechanism == OAuthBearer && !(s.Username.IsZero() && s.Password.IsZero()):
		d.r.add(d.at.at[d.path], d.path, "OAUTHBEARER goes with token: leave username and password out")
	case s.Mechanism != OAuthBearer && s.Mechanism != "" && !s.Token.IsZero():
		d.r.add(d.at.at[d.path+".token"], d.path+".token", "goes with OAUTHBEARER: %s takes username and password", s.Mechanism)
	}
	return s
}

func (d decoder) registry() Registry {
	r := Registry{Username: d.name("username"), Password: d.secret("password"), Token: d.secret("token"), TLS: d.tls()}
	d.into(&r.URL, "url")
	if !r.Token.IsZero() && !(r.Username.IsZero() && r.Password.IsZero()) {
		d.r.add(d.at.at[d.path+".token"], d.path+".token", "stands beside username and password: want the one or the others")
	}
	return r
}

func (d decoder) secret(steps ...string) (s Secret) {
	d.into(&s.Env, append(slices.Clone(steps), "env")...)
	d.into(&s.File, append(slices.Clone(steps), "file")...)
	return s
}

func (d decoder) name(step string) Name {
	n := Name{Secret: d.secret(step)}
	d.into(&n.Text, step)
	return n
}
