package main

import (
	"maps"
	"strings"
	"testing"
	"time"
)

// No output of any command has a secret in it, whether the command works or fails: a
// secret is in the environment, in files, in specs by mistake, in URLs by mistake.
func TestSecretsAreNotTold(t *testing.T) {
	s := newSecured(t)
	s.readied()
	good := s.spec(securedSpec)
	by := s.spec(strings.NewReplacer("CA", s.at.File("ca.pem"), "USER", s.user(), "FILE", s.file("p", s.password)).Replace(`
kafka: {tls: {ca: CA}, sasl: {mechanism: SCRAM-SHA-512, username: USER, password: {file: FILE}}}
registries:
  source: {url: "https://localhost:1", username: {env: NAME}, password: {env: SECRET}}
  other: {url: "https://localhost:1", token: {env: SECRET}}
`) + securedSpec)
	written := s.spec(`
kafka: {password: canary-1, sasl: {mechanism: PLAIN, username: a, password: canary-2}, tls: {password: [canary-3]}}
registries: {source: "http://a:canary-4@b", other: {url: "http://b", token: {env: canary-5}, password: {vault: canary-6}}}
` + securedSpec)
	quiet := map[string]string{"AGGRUN_SASL_MECHANISM": "", "AGGRUN_SASL_USERNAME": "", "AGGRUN_SASL_PASSWORD": ""}
	for name, env := range map[string]map[string]string{
		"right":             {},
		"by spec":           quiet,
		"wrong password":    {"AGGRUN_SASL_PASSWORD": "canary-wrong"},
		"plain":             {"AGGRUN_SASL_MECHANISM": "PLAIN"},
		"plain in clear":    {"AGGRUN_SASL_MECHANISM": "PLAIN", "AGGRUN_TLS_CA": ""},
		"bearer":            {"AGGRUN_SASL_MECHANISM": "OAUTHBEARER", "AGGRUN_SASL_TOKEN": "canary-token"},
		"wrong registry":    {"AGGRUN_SOURCE_REGISTRY_PASSWORD": "canary-wrong", "AGGRUN_SINK_REGISTRY_TOKEN": "canary-wrong"},
		"login in an URL":   {"AGGRUN_SOURCE_REGISTRY": "http://a:canary-url@b"},
		"login in brokers":  {"AGGRUN_BROKERS": "a:canary-url@b:9092"},
		"no URL at all":     {"AGGRUN_SINK_REGISTRY": "https://%%a:canary-url@"},
		"token beside name": {"AGGRUN_SOURCE_REGISTRY_TOKEN": "canary-token"},
	} {
		variables := s.registries()
		variables["SECRET"], variables["NAME"] = "canary-secret", "canary-name"
		maps.Copy(variables, env)
		specs := []string{good, written}
		if name == "by spec" {
			specs = []string{by}
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, args := range secretCommands(specs, s.Prefix) {
				o := s.as(variables, args...)
				if told := o.stdout + o.stderr; strings.Contains(told, "canary") {
					t.Errorf("aggrun %s tells a secret:\n%s", strings.Join(args, " "), told)
				}
			}
		})
	}
}

// Nor has what a run tells over HTTP, while it waits for a registry that refuses us and
// repeats what we sent.
func TestSecretsAreNotListened(t *testing.T) {
	s := newSecured(t)
	s.readied()
	variables := s.registries()
	variables["AGGRUN_SINK_REGISTRY_TOKEN"], variables["AGGRUN_LISTEN"] = "canary-wrong", "0"
	delete(variables, "AGGRUN_SINK_REGISTRY_TOKEN_FILE")
	for _, url := range []string{variables["AGGRUN_SINK_REGISTRY"], "https://localhost:1"} {
		variables["AGGRUN_SINK_REGISTRY"] = url
		w := s.login(variables).start("run", "-f", s.spec(securedSpec))
		at := w.at(t)
		for range 10 {
			for _, path := range []string{"/metrics", "/readyz", "/livez", "/"} {
				if _, text, err := get(at + path); err == nil && strings.Contains(text, "canary") {
					t.Errorf("%s tells a secret:\n%s", path, text)
				}
			}
			time.Sleep(20 * time.Millisecond)
		}
		if o := w.end(); strings.Contains(o.stdout+o.stderr, "canary") {
			t.Errorf("a secret is told:\n%s%s", o.stdout, o.stderr)
		}
	}
}

// secretCommands are command lines of every command that says anything of connections,
// and some that do not.
func secretCommands(specs []string, prefix string) (lines [][]string) {
	for _, spec := range specs {
		lines = append(lines, [][]string{
			{"run", "--until-end", "--log-level", "debug", "-f", spec},
			{"run", "--until-end", "--log-level", "debug", "-f", spec, "--log-format", "json"},
			{"run", "--dry-run", "-f", spec},
			{"vet", "-f", spec},
			{"list", "-f", spec},
			{"acls", "-f", spec, "--principal", "User:a"},
			{"acls", "-f", spec, "--format", "json", "--principal", "User:a"},
			{"init-example", "--name", prefix + "no"},
			{"produce", "--max-messages", "1", "--name", prefix + "no"},
			{"help", "run"}, {"version"}, {"completion", "bash"}, {"functions"}, {"nonsense"},
			{"run", "--sasl-password", "x"},
		}...)
	}
	return lines
}
