package kafka

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/pipeline"
)

// received is a record with a timestamp of ms on the wire, as kgo gives it: it
// counts nanoseconds in 64 bits, which do not hold the years before 1677 and after
// 2262.
func received(ms int64) *kgo.Record { return &kgo.Record{Timestamp: time.Unix(0, ms*1e6)} }

func TestEventTime(t *testing.T) {
	for ms, want := range map[int64]string{
		1_700_000_000_000:         "",
		0:                         "",
		-2:                        "", // 1969
		furthest:                  "",
		-furthest:                 "",
		-1:                        "the record has no timestamp",
		furthest + 1:              "timestamp 4611686018428 ms is out of range",
		-furthest - 1:             "timestamp -4611686018428 ms is out of range",
		253_402_300_799_999:       "the record's timestamp is out of range", // 9999
		1_700_000_000_000_000:     "the record's timestamp is out of range", // µs
		1_700_000_000_000_000_000: "the record's timestamp is out of range", // ns
	} {
		at, reason := eventTime(received(ms))
		if reason != want || want == "" && at != ms*1e6 {
			t.Errorf("%d ms: %d, %q, want %q", ms, at, reason, want)
		}
	}
}

// An event time that a field holds is compared with the record's timestamp, if that
// is any.
func TestAhead(t *testing.T) {
	const now = 1_700_000_000_000
	for _, c := range []struct {
		at, stamp int64 // ms
		want      string
	}{
		{now, now, ""},
		{now + 60_000, now, ""},
		{now + 60_001, now, "event time is more than max_future (1m0s) ahead of the record's timestamp"},
		{now, -1, "the record has no timestamp to hold its event time against"},
		{now, now * 1000, "the record's timestamp, to hold its event time against, is out of range"},
	} {
		err := ahead(c.at*1e6, received(c.stamp), time.Minute)
		if c.want == "" && err != nil || c.want != "" && (err == nil || err.Error() != c.want) {
			t.Errorf("%d against %d: %v, want %q", c.at, c.stamp, err, c.want)
		}
	}
}

// A timestamp of the broker's that ns have no room for is as late as can be, and not
// another.
func TestNanoseconds(t *testing.T) {
	for ms, want := range map[int64]int64{
		1_700_000_000_000:         1_700_000_000_000_000_000,
		-1:                        pipeline.None,
		253_402_300_799_999:       9_223_372_036_854_000_000,
		1_700_000_000_000_000_000: 9_223_372_036_854_000_000,
	} {
		if got := nanoseconds(ms); got != want {
			t.Errorf("%d ms are %d ns, want %d", ms, got, want)
		}
	}
}
