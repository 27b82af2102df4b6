package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/aggrun/aggrun/connect"
	"github.com/aggrun/aggrun/spec"
)

// variables is an environment.
func variables(pairs ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1], true
			}
		}
		return "", false
	}
}

// parsed fills settings from flags, and from an environment.
func parsed(t *testing.T, bind func(*pflag.FlagSet), env func(string) (string, bool), flags ...string) {
	t.Helper()
	fs := pflag.NewFlagSet("x", pflag.ContinueOnError)
	bind(fs)
	if err := fs.Parse(flags); err != nil {
		t.Fatal(err)
	}
	if err := fromEnvironment(fs, env); err != nil {
		t.Fatal(err)
	}
}

// No connection to brokers is in the clear where a setting says TLS, but by a flag that
// takes a spec's away, which is told.
func TestTLSIsNotDropped(t *testing.T) {
	ofSpec := &spec.Spec{Kafka: spec.Kafka{TLS: &spec.TLS{CA: "ca.pem"}}}
	for _, c := range []struct {
		env   []string
		flags []string
		spec  *spec.Spec
		want  string // error, warning, or how it connects
	}{
		{nil, nil, ofSpec, "TLS trusting ca.pem"},
		{nil, nil, nil, ""},
		{[]string{"AGGRUN_TLS", "true"}, nil, nil, "TLS"},
		{nil, []string{"--tls=false"}, nil, ""},
		{[]string{"AGGRUN_TLS", "false"}, []string{"--tls-ca", "ca.pem"}, nil, "and --tls-ca (or AGGRUN_TLS_CA) says how to connect by TLS"},
		{[]string{"AGGRUN_TLS_CERT", "a.pem"}, []string{"--tls=false"}, nil, "and --tls-cert (or AGGRUN_TLS_CERT) says how"},
		{[]string{"AGGRUN_TLS_SERVER_NAME", "a"}, []string{"--tls=false"}, ofSpec, "and --tls-server-name (or AGGRUN_TLS_SERVER_NAME) says how"},
		{[]string{"AGGRUN_TLS_KEY_PASSWORD", "canary"}, []string{"--tls=false"}, nil, "and AGGRUN_TLS_KEY_PASSWORD says how"},
		{nil, []string{"--tls=false"}, ofSpec, "beats the spec's kafka.tls"},
	} {
		var log bytes.Buffer
		var k kafkaSettings
		env := variables(c.env...)
		parsed(t, k.bind, env, c.flags...)
		made, err := k.cluster([]string{"b:1"}, c.spec, connect.Surroundings{Env: env, Log: slog.New(slog.NewTextHandler(&log, nil))})
		got := log.String()
		if err != nil {
			got += err.Error()
		} else if made.TLS != nil {
			got += made.String()
		}
		if !strings.Contains(got, c.want) || c.want == "" && got != "" || strings.Contains(got, "canary") {
			t.Errorf("%v %v: %q, want %q", c.env, c.flags, got, c.want)
		}
	}
}

// A registry's login is the one of whoever is nearest, and a spec's goes to the spec's
// server alone.
func TestRegistryLogins(t *testing.T) {
	token := spec.Registry{URL: "https://r", Token: spec.Secret{Env: "T"}}
	name := spec.Registry{URL: "https://r/path", Username: spec.Name{Text: "ann"}, Password: spec.Secret{Env: "P"}}
	trusted := spec.Registry{URL: "https://r", TLS: &spec.TLS{CA: "ca.pem"}}
	for _, c := range []struct {
		said    spec.Registry
		address string
		env     []string
		flags   []string
		want    string
	}{
		{token, "", nil, nil, "token {env: T}"},
		{token, "https://r/", nil, nil, "token {env: T}"},
		{token, "https://else", nil, nil, " is not sent to another"},
		{token, "http://r", nil, nil, " is not sent to another"},
		{name, "https://r", nil, nil, "user ann"},
		{name, "https://r:8443", nil, nil, " is not sent to another"},
		{name, "https://r:8443", []string{"AGGRUN_SOURCE_REGISTRY_TOKEN", "canary"}, nil, "token {env: AGGRUN_SOURCE_REGISTRY_TOKEN}"},
		{token, "", []string{"AGGRUN_SOURCE_REGISTRY_PASSWORD", "canary"}, []string{"--source-registry-username", "bob"}, "user bob"},
		{token, "", nil, []string{"--source-registry-username", "bob"}, "username and password go together"},
		{name, "", nil, []string{"--source-registry-token-file", "t"}, "token {file: t}"},
		{trusted, "http://r", nil, nil, "registries.source.tls: is of connections by https://"},
	} {
		var log bytes.Buffer
		var r registrySettings
		env := variables(c.env...)
		parsed(t, func(fs *pflag.FlagSet) { r.bind(fs, "source") }, env, c.flags...)
		made, err := r.registry("source", c.address, c.said, &spec.Spec{}, connect.Surroundings{Env: env, Log: slog.New(slog.NewTextHandler(&log, nil))})
		got := fmt.Sprint(made, " ", err, " ", log.String())
		if !strings.Contains(got, c.want) || strings.Contains(got, "canary") {
			t.Errorf("%v, %s %v %v: %s, want %s", c.said, c.address, c.env, c.flags, got, c.want)
		}
		if dropped := strings.Contains(c.want, "not sent"); dropped && !(made.Token.IsZero() && made.Username.IsZero() && made.Password.IsZero()) {
			t.Errorf("%s: the login is kept: %v", c.address, made)
		}
	}
}
