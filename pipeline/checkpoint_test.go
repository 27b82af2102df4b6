package pipeline

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

func randomCheckpoint(r *rand.Rand, done int64) Checkpoint {
	c := Checkpoint{Replay: done - r.Int64N(1000), Largest: None, Closed: None, Skipped: None, Forgotten: None}
	for i := range c.Fingerprint {
		c.Fingerprint[i] = r.Uint32()
	}
	for _, t := range []*int64{&c.Largest, &c.Closed, &c.Skipped, &c.Forgotten} {
		if r.IntN(3) > 0 {
			*t = r.Int64() - r.Int64()
		}
	}
	for range r.IntN(5) {
		c.Ticks = append(c.Ticks, Tick{From: done - r.Int64N(2000), Minute: r.Int64N(1 << 30)})
	}
	for range r.IntN(3) {
		c.Unknown = append(c.Unknown, Unknown{Schema: r.Int32(), Last: done - r.Int64N(1000)})
	}
	return c
}

func TestCheckpointRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		done := 1000 + r.Int64N(1<<40)
		want := randomCheckpoint(r, done)
		got, err := DecodeCheckpoint(want.Encode(done), done)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v, %v\nwant %+v", got, err, want)
		}
	}
}

func TestCheckpointForeign(t *testing.T) {
	good := Checkpoint{Largest: None, Closed: None, Skipped: None, Forgotten: None}.Encode(7)
	for _, text := range []string{
		"", "member-1-2b3c", "AAAA", strings.Repeat("A", 4000), good[:len(good)-4], good + "AAAA",
		"B" + good[1:], strings.ToLower(good),
	} {
		if _, err := DecodeCheckpoint(text, 7); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

func FuzzDecodeCheckpoint(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 10 {
		f.Add(randomCheckpoint(r, 5000).Encode(5000))
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := DecodeCheckpoint(text, 5000)
		if err == nil && len(c.Ticks)+len(c.Unknown) > len(text) {
			t.Fatalf("%d bytes became %d entries", len(text), len(c.Ticks)+len(c.Unknown))
		}
	})
}

// A partition that is not replayed for a week in one-minute steps still fits.
func TestTicksFitTheMetadata(t *testing.T) {
	p := &part{applied: 1 << 40}
	for m := range int64(7 * 24 * 60) {
		p.tick(m*1_000_000, 1_700_000_000e9+m*minute)
	}
	c := Checkpoint{Largest: 1_700_000_000e9, Closed: 1_700_000_000e9, Skipped: None, Forgotten: None, Ticks: p.ticks}
	if n := len(c.Encode(p.applied)); n > maxMetadata {
		t.Errorf("%d ticks take %d bytes, more than %d", len(p.ticks), n, maxMetadata)
	}
}
