package codec

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/aggrun/aggrun/pipeline"
)

func TestParseTime(t *testing.T) {
	for text, want := range map[string]string{
		"1970-01-01T00:00:00Z":                 "0",
		"1970-01-01 00:00:00":                  "0",
		"2023-11-14T22:13:20.3Z":               "1700000000300000000",
		"2023-11-14t22:13:20.300000001z":       "1700000000300000001",
		"2023-11-15T00:13:20.3+02:00":          "1700000000300000000",
		"2023-11-14 16:43:20-05:30":            "1700000000000000000",
		"2024-02-29T00:00:00Z":                 "1709164800000000000",
		"1969-12-31T23:59:59.999999999Z":       "-1",
		"1823-11-12T00:00:00Z":                 "out of range",
		"2116-02-20T23:53:38.427387904Z":       "4611686018427387904",
		"2116-02-20T23:53:38.427387905Z":       "out of range",
		"9999-12-31T23:59:59Z":                 "out of range",
		"0000-01-01T00:00:00Z":                 "out of range",
		"":                                     "no time",
		"yesterday":                            "no time",
		"2023-11-14":                           "no time",
		"2023-11-14T22:13Z":                    "no time",
		"2023-02-29T00:00:00Z":                 "no time",
		"1900-02-29T00:00:00Z":                 "no time",
		"2023-00-14T22:13:20Z":                 "no time",
		"2023-13-14T22:13:20Z":                 "no time",
		"2023-04-31T22:13:20Z":                 "no time",
		"2023-11-00T22:13:20Z":                 "no time",
		"2023-11-14T24:00:00Z":                 "no time",
		"2023-11-14T23:60:00Z":                 "no time",
		"2023-11-14T23:59:60Z":                 "no time",
		"2023-11-14T22:13:20.Z":                "no time",
		"2023-11-14T22:13:20.1234567890Z":      "no time",
		"2023-11-14T22:13:20+0200":             "no time",
		"2023-11-14T22:13:20+24:00":            "no time",
		"2023-11-14T22:13:20+02:60":            "no time",
		"2023-11-14T22:13:20Z ":                "no time",
		" 2023-11-14T22:13:20Z":                "no time",
		"2023-11-14_22:13:20Z":                 "no time",
		"+023-11-14T22:13:20Z":                 "no time",
		"2023-11-14T22:13:20\u0660":            "no time",
		"2023-11-14T22:13:20.1" + "Z" + "Z":    "no time",
		strings.Repeat("2023-11-14T22:13", 50): "no time",
	} {
		ns, err := parseTime([]byte(text))
		got := fmt.Sprint(ns)
		if err == errRange {
			got = "out of range"
		} else if err != nil {
			got = "no time"
			if len(err.Error()) > 120 {
				t.Errorf("a long error: %v", err)
			}
		}
		if !strings.HasSuffix(want, got) {
			t.Errorf("%s is %s (%v), want %s", text, got, err, want)
		}
	}
}

// TestParseTimeRandom compares with package time.
func TestParseTimeRandom(t *testing.T) {
	g := rand.New(rand.NewPCG(7, 8))
	layouts := []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.000000000-07:00", "2006-01-02T15:04:05Z07:00"}
	for range 100_000 {
		zone := time.FixedZone("", 60*(g.IntN(2*23*60)-23*60))
		at := time.Unix(0, int64(g.Uint64())>>(1+g.IntN(30))).In(zone)
		layout := layouts[g.IntN(len(layouts))]
		text := at.Format(layout)
		want, err := time.Parse(layout, text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := parseTime([]byte(text))
		if off := want.UnixNano(); err != nil || got != off {
			t.Fatalf("%s is %d, %v, want %d", text, got, err, off)
		}
	}
}

func FuzzParseTime(f *testing.F) {
	for _, s := range []string{"2023-11-14T22:13:20.3Z", "1969-12-31 23:59:59-05:30", "0000-02-29T00:00:00Z", ""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		ns, err := parseTime(text)
		want, wantErr := time.Parse(time.RFC3339Nano, strings.ToUpper(string(text)))
		switch {
		case err == nil && wantErr == nil && (want.UnixNano() != ns):
			t.Errorf("%q is %d, package time has %d", text, ns, want.UnixNano())
		case err == nil && wantErr != nil && strings.ContainsAny(string(text), "Tt") && strings.ContainsAny(string(text[10:]), "Zz+-"):
			t.Errorf("%q is %d, package time says %v", text, ns, wantErr)
		}
	})
}

func TestNanoseconds(t *testing.T) {
	for _, c := range []struct {
		v    float64
		unit string
		want int64
	}{
		{1700000000.3, "s", 1_700_000_000_300_000_000},
		{-1700000000.3, "s", -1_700_000_000_300_000_000},
		{0.0000015, "s", 2000},
		{1700000000300.25, "ms", 1_700_000_000_300_250_000},
		{1700000000300000.25, "us", 1_700_000_000_300_000_250},
		{-0.0005, "us", -1},
		{1700000000300000256, "ns", 1_700_000_000_300_000_256},
		{0.4, "ns", 0},
	} {
		if got, err := nanoseconds(c.v, ticks[c.unit]); err != nil || got != c.want {
			t.Errorf("%v %s is %d, %v, want %d", c.v, c.unit, got, err, c.want)
		}
	}
	for _, v := range []float64{math.Inf(1), math.Inf(-1), 1e300, -1e300, 0x1p63} {
		if got, err := nanoseconds(v, 1); err != errRange {
			t.Errorf("%v is %d, %v", v, got, err)
		}
	}
}

// TestNanosecondsRandom compares with exact arithmetic.
func TestNanosecondsRandom(t *testing.T) {
	g := rand.New(rand.NewPCG(9, 10))
	for range 100_000 {
		unit := []string{"s", "ms", "us", "ns"}[g.IntN(4)]
		tick := ticks[unit]
		v := g.NormFloat64() * math.Pow(10, float64(g.IntN(25)-5))
		got, err := nanoseconds(v, tick)
		exact := new(big.Rat).SetFloat64(v)
		exact.Mul(exact, big.NewRat(tick, 1))
		beyond := new(big.Rat).Abs(exact).Cmp(big.NewRat(furthest, 1)) > 0
		resolution := int64(1)
		if unit == "s" {
			resolution = 1000
		}
		if (err != nil) != beyond || err == nil && !near(got, exact, resolution) {
			t.Fatalf("%v %s is %d, %v", v, unit, got, err)
		}
	}
}

// TestTimeErrors wants the field's name, and not that the body was not of its schema.
func TestTimeErrors(t *testing.T) {
	text := func(s string) []byte { return append([]byte{byte(2 * len(s))}, s...) }
	for _, c := range []struct {
		typ, unit string
		body      []byte
		want      string
	}{
		{`["null","double"]`, "s", []byte{0}, "field x: a time is missing"},
		{`"double"`, "s", appendDouble(nil, math.NaN()), "field x: NaN is no time"},
		{`"double"`, "ms", appendDouble(nil, math.Inf(-1)), "field x: a time is out of range"},
		{`"int"`, "s", []byte{2}, ""},
		{`"long"`, "s", []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, "field x: a time is out of range"},
		{`{"type":"long","logicalType":"timestamp-millis"}`, "s", []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, "field x: a time is out of range"},
		{`"string"`, "s", text("never"), `field x: "never" is not a time in ISO 8601`},
		{`"string"`, "s", []byte{10, 'a'}, "body is not of its schema: at byte 0 of 2: it ends too early"},
		{`{"type":"array","items":"long"}`, "s", nil, "field x is of type array of long, not a number, a date, a timestamp or a string, to tell a time"},
	} {
		_, err := decodeRow(mustParse(t, inRecord(c.typ)), []pipeline.Column{{Path: "x", Form: pipeline.Time, Unit: c.unit}}, c.body)
		if errorText(err) != c.want {
			t.Errorf("%s: error is %v, want %s", c.typ, err, c.want)
		}
	}
	for path, want := range map[string]string{"gone": "field gone: a time is missing", "a[3]": "field a[3]: a time is missing", "r.x": "field r.x: a time is missing"} {
		s := mustParse(t, `{"type":"record","name":"R","fields":[{"name":"a","type":{"type":"array","items":"long"}},
			{"name":"r","type":["null",{"type":"record","name":"Q","fields":[{"name":"x","type":"long"}]}]}]}`)
		_, err := decodeRow(s, []pipeline.Column{{Path: path, Form: pipeline.Time, Unit: "s"}}, []byte{2, 2, 0, 0})
		if errorText(err) != want {
			t.Errorf("error is %v, want %s", err, want)
		}
	}
}
