package spec

import (
	"testing"
	"time"

	"cuelang.org/go/cue/cuecontext"
)

const day = 24 * time.Hour

func TestParseDuration(t *testing.T) {
	sc := newSchema(cuecontext.New())
	at, shape := place{}, sc.spec
	for _, name := range []string{"pipelines", "p", "window", "grace"} {
		at, shape, _ = sc.child(at, shape, name)
	}
	for text, want := range map[string]time.Duration{
		"0":           0,
		"0s":          0,
		"1s":          time.Second,
		"1.5s":        1500 * time.Millisecond,
		".5s":         500 * time.Millisecond,
		"1.s":         time.Second,
		"1d":          day,
		"1d12h":       36 * time.Hour,
		"0.5d":        12 * time.Hour,
		".25d1d":      30 * time.Hour,
		"1h30m5s":     5405 * time.Second,
		"10us":        10 * time.Microsecond,
		"10µs":        10 * time.Microsecond,
		"106751d":     106751 * day,
		"":            -1,
		"1":           -1,
		"d":           -1,
		".d":          -1,
		"1w":          -1,
		"1 s":         -1,
		"-1s":         -1,
		"1s ":         -1,
		"1e3s":        -1,
		"1d-1s":       -1,
		"200000d":     -2, // the shape is right, but it does not fit
		"9999999999h": -2,
	} {
		if shaped := shape.Unify(cuecontext.New().Encode(text)).Validate() == nil; shaped == (want == -1) {
			t.Errorf("%q: the schema's opinion is %v", text, shaped)
		}
		got, err := ParseDuration(text)
		if want >= 0 && (err != nil || got != want) || want < 0 && text != "-1s" && err == nil {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
}

func TestParseStart(t *testing.T) {
	for text, want := range map[string]Start{
		"earliest":                  {Kind: StartEarliest},
		"latest":                    {Kind: StartLatest},
		"-1h":                       {Kind: StartAgo, Ago: time.Hour},
		"-1d12h":                    {Kind: StartAgo, Ago: 36 * time.Hour},
		"2026-01-31T12:00:00Z":      {Kind: StartTime, Time: time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)},
		"2026-01-31T12:00:00.5Z":    {Kind: StartTime, Time: time.Date(2026, 1, 31, 12, 0, 0, 5e8, time.UTC)},
		"2026-01-31T12:00:00-01:00": {Kind: StartTime, Time: time.Date(2026, 1, 31, 13, 0, 0, 0, time.UTC)},
	} {
		if got, err := ParseStart(text); err != nil || got != want {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "time", "ago", "1h", "--1h", "-0s", "-", "now", "2026-01-31", "2026-02-30T00:00:00Z"} {
		if got, err := ParseStart(text); err == nil {
			t.Errorf("%q: got %v", text, got)
		}
	}
}
