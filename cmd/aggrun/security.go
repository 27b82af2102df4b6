package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/aggrun/aggrun/connect"
	"github.com/aggrun/aggrun/spec"
)

// This file holds how connections are secured: flags, which beat the environment,
// which beats the spec, each setting by itself. A secret is in none of the flags: it
// is in a file, or in a variable.

// settings are flags that say what a spec may say too.
type settings struct {
	prefix    string // of the flags: "", "source-registry-" ...
	variables string // of the environment: AGGRUN_, AGGRUN_SOURCE_REGISTRY_ ...
	path      string // in a spec: kafka, registries.source ...
	flags     map[string]*setting
}

// setting is one of them, by its path below that of all.
type setting struct {
	flag, variable string
	text           string
	secret         bool // variable without _FILE may hold the secret itself
}

func (s *settings) text(fs *pflag.FlagSet, path, name, usage string) {
	s.bind(fs, path, &setting{flag: s.prefix + name}, usage)
}

// secret is a file, or a variable that has what would be in it.
func (s *settings) secret(fs *pflag.FlagSet, path, name, usage string) {
	s.bind(fs, path, &setting{flag: s.prefix + name + "-file", secret: true}, usage+", in `FILE`")
}

func (s *settings) bind(fs *pflag.FlagSet, path string, x *setting, usage string) {
	if s.flags == nil {
		s.flags = map[string]*setting{}
	}
	s.flags[path] = x
	name := strings.TrimPrefix(x.flag, s.prefix)
	x.variable = s.variables + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
	if x.secret {
		usage += "; or itself in " + strings.TrimSuffix(x.variable, "_FILE")
	}
	fs.StringVar(&x.text, x.flag, "", usage)
	orEnvironment(fs, x.flag, x.variable)
}

// over puts what a flag says in the place of what a spec does.
func (s *settings) over(to *string, path string) {
	if x := s.flags[path]; x != nil && x.text != "" {
		*to = x.text
	}
}

func (s *settings) secretOver(to *spec.Secret, path string, env func(string) (string, bool)) {
	x := s.flags[path]
	if x == nil {
		return
	}
	itself := strings.TrimSuffix(x.variable, "_FILE")
	if x.text != "" {
		*to = spec.Secret{File: x.text}
	} else if text, _ := env(itself); text != "" {
		*to = spec.Secret{Env: itself}
	}
}

// any tells whether a flag is given whose path begins so.
func (s *settings) any(prefix string) bool {
	for path, x := range s.flags {
		if strings.HasPrefix(path, prefix) && x.text != "" {
			return true
		}
	}
	return false
}

// given names the first setting, by path, that a flag or a variable makes and whose
// path begins so; "" where there is none.
func (s *settings) given(prefix string, env func(string) (string, bool)) string {
	for _, path := range slices.Sorted(maps.Keys(s.flags)) {
		x := s.flags[path]
		if !strings.HasPrefix(path, prefix) {
			continue
		}
		if x.text != "" {
			return fmt.Sprintf("--%s (or %s)", x.flag, x.variable)
		}
		if itself := strings.TrimSuffix(x.variable, "_FILE"); x.secret && env != nil {
			if text, _ := env(itself); text != "" {
				return itself
			}
		}
	}
	return ""
}

// place is where the setting at path was made, for messages.
func (s *settings) place(loaded *spec.Spec) func(path string) string {
	return func(path string) string {
		if x := s.flags[strings.TrimPrefix(path, s.path+".")]; x != nil && x.text != "" {
			return fmt.Sprintf("--%s (or %s)", x.flag, x.variable)
		}
		if loaded != nil {
			if pos := loaded.Pos(path); pos.File != "" {
				return pos.String() + ": " + path
			}
		}
		return path
	}
}

// tlsSettings are those of whom to trust and of our own certificate.
func (s *settings) tlsSettings(fs *pflag.FlagSet, prefix, whom string) {
	s.text(fs, "tls.ca", prefix+"ca", "trust the authorities in `FILE` (PEM) for "+whom+", not those of the machine")
	s.text(fs, "tls.cert", prefix+"cert", "show "+whom+" our certificate in `FILE` (PEM)")
	s.text(fs, "tls.key", prefix+"key", "`FILE` of the key of our certificate (PEM)")
	s.secret(fs, "tls.password", prefix+"key-password", "password of the key")
	s.text(fs, "tls.server_name", prefix+"server-name", "`NAME` that the certificate of "+whom+" has to be for, not the one that is connected to")
}

func (s *settings) tlsOver(t *spec.TLS, env func(string) (string, bool)) *spec.TLS {
	made := spec.TLS{}
	if t != nil {
		made = *t
	}
	s.over(&made.CA, "tls.ca")
	s.over(&made.Cert, "tls.cert")
	s.over(&made.Key, "tls.key")
	s.over(&made.ServerName, "tls.server_name")
	s.secretOver(&made.Password, "tls.password", env)
	if t == nil && !s.any("tls.") {
		return nil
	}
	return &made
}

// kafkaSettings are those of brokers.
type kafkaSettings struct {
	settings
	fs  *pflag.FlagSet
	tls bool
}

func (k *kafkaSettings) bind(fs *pflag.FlagSet) {
	k.settings, k.fs = settings{variables: "AGGRUN_", path: "kafka"}, fs
	fs.BoolVar(&k.tls, "tls", false, "connect to brokers by TLS, as each of the flags that begin so does")
	orEnvironment(fs, "tls", "AGGRUN_TLS")
	k.tlsSettings(fs, "tls-", "brokers")
	k.text(fs, "sasl.mechanism", "sasl-mechanism", "log in to brokers by `MECHANISM`: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER")
	k.text(fs, "sasl.username", "sasl-username", "as user `NAME`")
	k.secret(fs, "sasl.password", "sasl-password", "with the password")
	k.secret(fs, "sasl.token", "sasl-token", "or, by OAUTHBEARER, with the token")
}

// cluster is how to reach brokers, loaded being nil where there is no spec.
func (k *kafkaSettings) cluster(brokers []string, loaded *spec.Spec, s connect.Surroundings) (*connect.Cluster, error) {
	var said spec.Kafka
	if loaded != nil {
		said = loaded.Kafka
	}
	s.Place = k.place(loaded)
	c := &connect.Cluster{Brokers: brokers, TLS: k.tlsOver(said.TLS, s.Env), Surroundings: s}
	switch {
	case k.fs == nil:
	case k.tls && c.TLS == nil:
		c.TLS = &spec.TLS{}
	case !k.tls && k.fs.Changed("tls"):
		if given := k.given("tls.", s.Env); given != "" {
			return nil, fmt.Errorf("--tls=false (or AGGRUN_TLS) connects in the clear, and %s says how to connect by TLS: leave one of them out", given)
		}
		if c.TLS = nil; said.TLS != nil && s.Log != nil {
			s.Log.Warn("connections to brokers are in the clear: --tls=false (or AGGRUN_TLS) beats the spec's kafka.tls", "spec", loaded.Pos("kafka.tls"))
		}
	}
	c.SASL = k.saslOver(said.SASL, s.Env)
	if c.SASL == nil && k.any("sasl.") {
		return nil, errors.New("--sasl-mechanism is missing (or AGGRUN_SASL_MECHANISM): want PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER")
	}
	if m := c.SASL; m != nil && m.Mechanism != "" && !known(m.Mechanism) {
		return nil, fmt.Errorf("--sasl-mechanism %s: want PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER", m.Mechanism)
	}
	return c, c.Check()
}

func (k *kafkaSettings) saslOver(said *spec.SASL, env func(string) (string, bool)) *spec.SASL {
	made := spec.SASL{}
	if said != nil {
		made = *said
	}
	mechanism := string(made.Mechanism)
	k.over(&mechanism, "sasl.mechanism")
	made.Mechanism = spec.Mechanism(strings.ToUpper(mechanism))
	if name := k.flags["sasl.username"]; name != nil && name.text != "" {
		made.Username = spec.Name{Text: name.text}
	}
	k.secretOver(&made.Password, "sasl.password", env)
	k.secretOver(&made.Token, "sasl.token", env)
	switch {
	case said == nil && made.Mechanism == "":
		return nil
	case made.Mechanism == spec.OAuthBearer:
		made.Username, made.Password = spec.Name{}, spec.Secret{}
	default:
		made.Token = spec.Secret{}
	}
	return &made
}

func known(m spec.Mechanism) bool {
	for _, one := range spec.Mechanisms() {
		if m == one {
			return true
		}
	}
	return false
}
