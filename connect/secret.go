package connect

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"

	"github.com/aggrun/aggrun/spec"
)

// Value is a secret that was read. Whatever prints it prints stars, or, where it is in
// a field that printing cannot call methods of, the address of a function.
type Value struct{ text func() string }

func value(text string) Value { return Value{func() string { return text }} }

const stars = "***"

// Reveal is the secret itself, for the library that needs it.
func (v Value) Reveal() string {
	if v.text == nil {
		return ""
	}
	return v.text()
}

// String is no secret.
func (Value) String() string { return stars }

// GoString is no secret.
func (Value) GoString() string { return stars }

// Format writes no secret, whatever the verb.
func (Value) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(stars)) }

// MarshalText gives no secret.
func (Value) MarshalText() ([]byte, error) { return []byte(stars), nil }

// MarshalJSON gives no secret.
func (Value) MarshalJSON() ([]byte, error) { return []byte(`"` + stars + `"`), nil }

// LogValue is no secret.
func (Value) LogValue() slog.Value { return slog.StringValue(stars) }

// Bounds of files, bytes. A token with many claims has some thousands; the authorities
// that a machine trusts have a quarter of a million.
const (
	mostSecret = 64 << 10
	mostPEM    = 4 << 20
)

// read gives the secret that a reference at path leads to.
func (s Surroundings) read(ref spec.Secret, path string) (Value, error) {
	if ref.Env != "" {
		text, ok := s.env(ref.Env)
		if !ok || text == "" {
			return Value{}, s.refuse(path, "the variable %s is not set in the environment", ref.Env)
		}
		return value(text), nil
	}
	data, err := readFile(ref.File, mostSecret)
	text := strings.TrimRight(string(data), "\r\n")
	switch {
	case err != nil:
		return Value{}, s.refuse(path, "cannot be read: %v", err)
	case text == "":
		return Value{}, s.refuse(path, "%s is empty", ref.File)
	}
	return value(text), nil
}

// name gives a user's name.
func (s Surroundings) name(n spec.Name, path string) (Value, error) {
	if n.Text != "" {
		return value(n.Text), nil
	}
	return s.read(n.Secret, path)
}

// readFile gives a regular file, or what a link to one leads to: others may have no end,
// or wait for somebody.
func readFile(name string, most int64) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	wrong := &fs.PathError{Op: "read", Path: name, Err: fmt.Errorf("is not a regular file of at most %d KiB", most>>10)}
	if !info.Mode().IsRegular() {
		return nil, wrong
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err = errors.Join(err, f.Close()); err == nil && int64(len(data)) > most {
		err = wrong
	}
	return data, err
}

// refuse is a Refusal about the setting at path.
func (s Surroundings) refuse(path, format string, args ...any) error {
	return &Refusal{Msg: s.at(path) + ": " + fmt.Sprintf(format, args...)}
}

// suspect is a doubtful Refusal.
func (s Surroundings) suspect(path, format string, args ...any) error {
	return &Refusal{Msg: s.at(path) + ": " + fmt.Sprintf(format, args...), Doubtful: true}
}

// hasLogin tells of an address that there is a user name in it.
func hasLogin(address string) bool { return strings.Contains(address, "@") }
