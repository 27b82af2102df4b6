package main

import (
	"cmp"
	"net/url"
	"strings"

	"github.com/spf13/pflag"

	"github.com/aggrun/aggrun/connect"
	"github.com/aggrun/aggrun/spec"
)

// This file holds how connections to registries are secured, as security.go does for
// brokers.

// registrySettings are those of one registry.
type registrySettings struct{ settings }

func (r *registrySettings) bind(fs *pflag.FlagSet, name string) {
	r.settings = settings{
		prefix:    name + "-registry-",
		variables: "AGGRUN_" + strings.ToUpper(name) + "_REGISTRY_",
		path:      "registries." + name,
	}
	whom := "the " + name + " registry"
	r.text(fs, "username", "username", "log in to "+whom+" as user `NAME`")
	r.secret(fs, "password", "password", "with the password")
	r.secret(fs, "token", "token", "or with the bearer token")
	r.tlsSettings(fs, "", whom)
}

// registry is how to reach the one at address, of which a spec says said.
func (r *registrySettings) registry(name, address string, said spec.Registry, loaded *spec.Spec, s connect.Surroundings) (*connect.Registry, error) {
	if r.path == "" {
		r.path = "registries." + name
	}
	s.Place = r.place(loaded)
	if address = strings.TrimSuffix(address, "/"); address != "" && said.URL != "" && !sameServer(address, said.URL) {
		said = r.elsewhere(said, loaded, s)
	}
	said.URL = cmp.Or(address, strings.TrimSuffix(said.URL, "/"))
	r.loginOver(&said, s.Env)
	said.TLS = r.tlsOver(said.TLS, s.Env)
	made := &connect.Registry{Name: name, Registry: said, Surroundings: s}
	if said.URL == "" {
		return made, nil
	}
	return made, made.Check()
}

// loginOver puts the login of flags and variables in the place of a spec's: who gives
// a name and a password logs in by these, whatever the spec has.
func (r *registrySettings) loginOver(said *spec.Registry, env func(string) (string, bool)) {
	byToken := r.given("token", env) != ""
	byName := !byToken && r.given("username", env)+r.given("password", env) != ""
	if user := r.flags["username"]; user != nil && user.text != "" {
		said.Username = spec.Name{Text: user.text}
	}
	r.secretOver(&said.Password, "password", env)
	r.secretOver(&said.Token, "token", env)
	switch {
	case byName:
		said.Token = spec.Secret{}
	case byToken, !said.Token.IsZero():
		said.Username, said.Password = spec.Name{}, spec.Secret{}
	}
}

// elsewhere is what a spec says of a registry where a flag or a variable names another
// server: the spec's login is for its own, and goes to no other.
func (r *registrySettings) elsewhere(said spec.Registry, loaded *spec.Spec, s connect.Surroundings) spec.Registry {
	if said.Username.IsZero() && said.Password.IsZero() && said.Token.IsZero() {
		return said
	}
	if s.Log != nil {
		s.Log.Warn("the spec's login to a registry is for the server of its url, and is not sent to another", "registry", strings.TrimPrefix(r.path, "registries."), "spec", loaded.Pos(r.path))
	}
	said.Username, said.Password, said.Token = spec.Name{}, spec.Secret{}, spec.Secret{}
	return said
}

// sameServer tells that two URLs are of one server, by one scheme.
func sameServer(a, b string) bool {
	x, err := url.Parse(a)
	if err != nil {
		return false
	}
	y, err := url.Parse(b)
	return err == nil && x.Scheme == y.Scheme && x.Host == y.Host
}
