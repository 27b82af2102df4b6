package connect

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"

	"github.com/aggrun/aggrun/spec"
)

// Value is a secret that was read. Whatever prints it prints stars.
type Value struct{ text string }

const stars = "***"

// Reveal is the secret itself, for the library that needs it.
func (v Value) Reveal() string { return v.text }

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

// mostSecret bounds a secret, bytes: a token with many claims has some thousands.
const mostSecret = 64 << 10

// read gives the secret that a reference at path leads to.
func (s Surroundings) read(ref spec.Secret, path string) (Value, error) {
	if ref.Env != "" {
		text, ok := s.env(ref.Env)
		if !ok || text == "" {
			return Value{}, s.refuse(path, "the variable %s is not set in the environment", ref.Env)
		}
		return Value{text}, nil
	}
	data, err := readFile(ref.File)
	text := strings.TrimRight(string(data), "\r\n")
	switch {
	case err != nil:
		return Value{}, s.refuse(path, "cannot be read: %v", err)
	case text == "":
		return Value{}, s.refuse(path, "%s is empty", ref.File)
	}
	return Value{text}, nil
}

// name gives a user's name.
func (s Surroundings) name(n spec.Name, path string) (Value, error) {
	if n.Text != "" {
		return Value{n.Text}, nil
	}
	return s.read(n.Secret, path)
}

func readFile(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err == nil && (info.IsDir() || info.Size() > mostSecret) {
		err = &fs.PathError{Op: "read", Path: name, Err: errors.New("is not a file of at most 64 KiB")}
	}
	if err != nil {
		return nil, err
	}
	return os.ReadFile(name)
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
