package spec

import (
	"math/rand/v2"
	"testing"
)

func TestSuggest(t *testing.T) {
	known := []string{"count", "mean", "median", "stdev", "stdev_samp", "var_pop", "on_error", "dead_letter", "min", "max"}
	for word, want := range map[string]string{
		"maen":         "mean",
		"Mean":         "mean",
		"mediann":      "median",
		"stddev":       "stdev",
		"std":          "stdev",
		"dead-letter":  "dead_letter",
		"onError":      "on_error",
		"varpop":       "var_pop",
		"mim":          "min",
		"average":      "",
		"percentile":   "",
		"x":            "",
		"":             "",
		"cuonttttttts": "",
	} {
		if got := Suggest(word, known); got != want {
			t.Errorf("%s: got %q, want %q", word, got, want)
		}
	}
	if got := Suggest("mean", nil); got != "" {
		t.Error(got)
	}
}

// distance against its definition, on random words.
func TestDistance(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	word := func() string {
		b := make([]byte, random.IntN(7))
		for i := range b {
			b[i] = "abc"[random.IntN(3)]
		}
		return string(b)
	}
	for range 5000 {
		if a, b := word(), word(); distance(a, b) != slow(a, b) {
			t.Fatalf("%q %q: got %d, want %d", a, b, distance(a, b), slow(a, b))
		}
	}
}

func slow(a, b string) int {
	if a == "" || b == "" {
		return len(a) + len(b)
	}
	m, n := len(a), len(b)
	change := 1
	if a[m-1] == b[n-1] {
		change = 0
	}
	d := min(slow(a[:m-1], b)+1, slow(a, b[:n-1])+1, slow(a[:m-1], b[:n-1])+change)
	if m > 1 && n > 1 && a[m-1] == b[n-2] && a[m-2] == b[n-1] {
		d = min(d, slow(a[:m-2], b[:n-2])+1)
	}
	return d
}
