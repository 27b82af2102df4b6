package main

import (
	"slices"
	"testing"
	"time"

	"github.com/aggrun/aggrun/cmd/aggrun/internal/example"
)

func TestAddresses(t *testing.T) {
	for text, want := range map[string][]string{
		"a:9092":                        {"a:9092"},
		"a:9092, b:9092":                {"a:9092", "b:9092"},
		"kafka://a:9092;kafka://b:9092": {"a:9092", "b:9092"},
		"kafka://a/,":                   {"a"},
	} {
		var a addresses
		if err := a.Set(text); err != nil || !slices.Equal(a, want) {
			t.Errorf("%s: %q, %v; want %q", text, a, err, want)
		}
	}
	for _, text := range []string{"", " , ", "kafka://"} {
		if err := new(addresses).Set(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func TestSilences(t *testing.T) {
	for text, want := range map[string]example.Silence{
		"3":        {Partition: 3},
		"1=30s":    {Partition: 1, Span: 30 * time.Second},
		"0=30s@2m": {Partition: 0, Span: 30 * time.Second, After: 2 * time.Minute},
		"0@1d":     {Partition: 0, After: 24 * time.Hour},
	} {
		var s silences
		if err := s.Set(text); err != nil || len(s) != 1 || s[0] != want {
			t.Errorf("%s: %v, %v; want %v", text, s, err, want)
		}
	}
	for _, text := range []string{"", "x", "-1", "1=", "1=soon", "1=0s", "1@", "1@-2m", "1=30s@"} {
		if err := new(silences).Set(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
