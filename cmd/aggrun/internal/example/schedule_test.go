package example

import (
	"slices"
	"testing"
	"time"
)

var begin = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// made runs a schedule of 4 partitions to its end.
func made(l Load) []message {
	s := newSchedule(l, 0, Topic{Signals: 2}, 4)
	var messages []message
	for !s.done() {
		if m, ok := s.next(); ok {
			m.values = slices.Clone(m.values)
			messages = append(messages, m)
		}
	}
	return messages
}

func counts(messages []message) (n [4]int) {
	for _, m := range messages {
		n[m.partition]++
	}
	return n
}

func TestScheduleIsEven(t *testing.T) {
	messages := made(Load{Start: begin, Frequency: 10, Messages: 1000})
	if n := counts(messages); n != [4]int{250, 250, 250, 250} {
		t.Errorf("partitions got %v", n)
	}
	for i, m := range messages {
		if want := begin.Add(time.Duration(i) * 100 * time.Millisecond); !m.time.Equal(want) || !m.due.Equal(want) {
			t.Fatalf("message %d is of %v, due %v, want %v", i, m.time, m.due, want)
		}
		if want := float64(m.time.UnixMilli()) / 1e3; m.values[0] != want || len(m.values) != 3 {
			t.Fatalf("message %d has values %v, want time %v", i, m.values, want)
		}
	}
}

func TestScheduleIsTheSameForTheSameSeed(t *testing.T) {
	l := Load{Start: begin, Frequency: 50, Messages: 500, Disorder: 0.3, DisorderBy: time.Second, Seed: 7}
	same := func(a, b message) bool {
		return a.partition == b.partition && a.time.Equal(b.time) && slices.Equal(a.values, b.values)
	}
	first := made(l)
	if !slices.EqualFunc(first, made(l), same) {
		t.Error("one seed gave two schedules")
	}
	l.Seed++
	if slices.EqualFunc(first, made(l), same) {
		t.Error("two seeds gave one schedule")
	}
}

// Disorder moves the share that was asked for, back and not further than asked
// for; the others ascend in every partition.
func TestScheduleDisorder(t *testing.T) {
	const by = 400 * time.Millisecond
	messages := made(Load{Start: begin, Frequency: 100, Messages: 10_000, Disorder: 0.2, DisorderBy: by, Seed: 3})
	moved, last := 0, [4]time.Time{}
	for i, m := range messages {
		back := m.due.Sub(m.time)
		switch {
		case back < 0 || back > by:
			t.Fatalf("message %d lies back by %v", i, back)
		case back > 0:
			moved++
		case !m.time.After(last[m.partition]):
			t.Fatalf("message %d is not after the one before it in partition %d", i, m.partition)
		default:
			last[m.partition] = m.time
		}
	}
	if moved < 1800 || moved > 2200 {
		t.Errorf("%d of 10000 messages moved, want about 2000", moved)
	}
}

func TestScheduleSilence(t *testing.T) {
	messages := made(Load{Start: begin, Frequency: 10, Messages: 1000, Silence: []Silence{
		{Partition: 0},
		{Partition: 1, After: 20 * time.Second, Span: 30 * time.Second},
		{Partition: 2, After: 90 * time.Second},
	}})
	if len(messages) != 1000 {
		t.Errorf("%d messages, want all 1000: others take a silent partition's turns", len(messages))
	}
	for _, m := range messages {
		since := m.due.Sub(begin)
		switch {
		case m.partition == 0,
			m.partition == 1 && since >= 20*time.Second && since < 50*time.Second,
			m.partition == 2 && since >= 90*time.Second:
			t.Fatalf("partition %d got a message at %v", m.partition, since)
		}
	}
	if n := counts(messages); n[1] == 0 || n[2] == 0 || n[3] == 0 {
		t.Errorf("partitions got %v", n)
	}
}

// When all are silent, time goes on without messages.
func TestScheduleTotalSilence(t *testing.T) {
	var all []Silence
	for p := range int32(4) {
		all = append(all, Silence{p, 10 * time.Second, 20 * time.Second})
	}
	messages := made(Load{Start: begin, Frequency: 10, Messages: 400, Silence: all})
	if len(messages) != 200 {
		t.Errorf("%d messages, want 200", len(messages))
	}
	if gap := messages[100].time.Sub(messages[99].time); gap < 20*time.Second {
		t.Errorf("the silence lasted %v", gap)
	}
}

// Keys lie where Kafka's own producer puts them (murmur2).
func TestScheduleKeys(t *testing.T) {
	want := map[string]int32{"key-0": 1, "key-1": 0, "key-2": 2, "key-3": 3, "key-4": 1, "key-5": 0}
	for _, m := range made(Load{Start: begin, Frequency: 10, Messages: 60, Keys: len(want)}) {
		if p := want[string(m.key)]; m.partition != p {
			t.Errorf("%s went to partition %d, want %d", m.key, m.partition, p)
		}
	}
}

func TestLoadCheck(t *testing.T) {
	good := Load{Frequency: 10}
	for name, spoil := range map[string]func(*Load){
		"no frequency":         func(l *Load) { l.Frequency = 0 },
		"frequency":            func(l *Load) { l.Frequency = 2e6 },
		"messages":             func(l *Load) { l.Messages = -1 },
		"disorder":             func(l *Load) { l.Disorder = 1.1 },
		"disorder by nothing":  func(l *Load) { l.Disorder = 0.1 },
		"keys":                 func(l *Load) { l.Keys = -1 },
		"partition 4":          func(l *Load) { l.Silence = []Silence{{Partition: 4}} },
		"every partition mute": func(l *Load) { l.Silence = []Silence{{Partition: 0}, {Partition: 1}, {Partition: 2}, {Partition: 3}} },
	} {
		l := good
		spoil(&l)
		if l.Check() == nil && l.checkPartitions("x", 4) == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
}

func TestSignals(t *testing.T) {
	for text, want := range map[string]int{
		`{"type":"record","name":"x","fields":[{"name":"time","type":"double"},{"name":"value0","type":"double"}]}`:          1,
		`{"type":"record","name":"x","fields":[{"name":"time","type":"double"},{"name":"value0","type":"float"}]}`:           -1,
		`{"type":"record","name":"x","fields":[{"name":"value0","type":"double"},{"name":"time","type":"double"}]}`:          -1,
		`{"type":"record","name":"x","fields":[{"name":"time","type":"double"},{"name":"value0","type":["null","double"]}]}`: -1,
		`{"type":"record","name":"x","fields":[{"name":"time","type":"double"},{"name":"name","type":"string"}]}`:            -1,
		`"double"`: -1,
	} {
		n, err := signals(Topic{Name: "x"}, text)
		if (err != nil) != (want < 0) || err == nil && n != want {
			t.Errorf("%s: %d signals, error %v", text, n, err)
		}
	}
}
