package main

import (
	"context"
	"flag"
	"strconv"
	"time"
)

// silence is the trial of sources that fall silent, all of them, and then bring what was held up at once: a mirror link
// that is down while event time goes on.
type silence struct {
	lead, length, silence time.Duration
	topics                int
	frequency             int // of each topic, Hz
}

func bindSilence(fs *flag.FlagSet) func(context.Context, *stage) error {
	t := &silence{}
	fs.DurationVar(&t.lead, "lead", time.Minute, "`TIME` of records before the silence, at the pace of the clock")
	fs.DurationVar(&t.length, "held", 10*time.Minute, "event `TIME` of the records that come at once after it")
	fs.DurationVar(&t.silence, "silence", 12*time.Second, "`TIME` of silence by the clock; 10m for the whole of it")
	fs.IntVar(&t.topics, "topics", 2, "`NUMBER` of topics")
	fs.IntVar(&t.frequency, "frequency", 100, "records a second of event time, in `HZ`, in each topic")
	return t.run
}

// disorder and grace: no record is late by its disorder.
const (
	silenceDisorder = "400ms"
	silenceGrace    = "1s"
	silenceIdle     = "2s"
)

func (t *silence) run(ctx context.Context, s *stage) error {
	d, err := s.disturb(ctx, t.topics, silenceGrace, silenceIdle)
	if err != nil {
		return err
	}
	// What is held up ends when it comes, so that nothing lies in the future. The silence begins inside of a window.
	start := time.Now().Add(t.silence - t.length).Truncate(time.Second).Add(-500 * time.Millisecond)
	producer, err := t.produce(s, start, t.lead, strconv.Itoa(t.topics*t.frequency))
	if err != nil {
		return err
	}
	if err := d.begin(ctx, "w1"); err != nil {
		return err
	}
	if err := producer.wait(ctx); err != nil {
		return err
	}
	fell := time.Now()
	idled, err := t.idled(ctx, d)
	if err != nil {
		return err
	}
	if err := pause(ctx, time.Until(fell.Add(t.silence))); err != nil {
		return err
	}
	s.say("%s  silence ends", s.at())
	if producer, err = t.produce(s, start.Add(t.lead), t.length, "max"); err != nil {
		return err
	}
	if err := producer.wait(ctx); err != nil {
		return err
	}
	s.say("%s  %v of records came at once: %s", s.at(), t.length, producer.said(1))
	return t.conclude(ctx, d, idled)
}

func (t *silence) produce(s *stage, start time.Time, length time.Duration, rate string) (*process, error) {
	return s.produce(s.name, t.topics, "--frequency", strconv.Itoa(t.frequency),
		"--max-messages", strconv.FormatFloat(float64(t.frequency)*length.Seconds(), 'f', 0, 64),
		"--start", start.UTC().Format(time.RFC3339Nano), "--rate", rate, "--disorder", "20", "--disorder-by", silenceDisorder)
}

// shore is what a topic held when its silence began.
type shore struct {
	offsets map[int32]int64 // ends
	closed  int64           // end of its last window, ms since the epoch
}

// idled waits until idleness has written the last window before the silence, topic by topic.
func (t *silence) idled(ctx context.Context, d *disturbed) (map[string]shore, error) {
	shores := map[string]shore{}
	for _, topic := range d.topics {
		sh := shore{offsets: map[int32]int64{}}
		err := d.read(ctx, []string{topic}, func(r record) {
			sh.offsets[r.Partition] = r.Offset + 1
			sh.closed = max(sh.closed, windowEnd(r))
		})
		if err != nil {
			return nil, err
		}
		err = await(ctx, time.Minute, "idleness closes the last window of "+topic, func() (bool, error) {
			last, ok := d.follower.last(d.first.sink(topic))
			return ok && last.end == sh.closed, d.fallen()
		})
		if err != nil {
			return nil, err
		}
		shores[topic] = sh
	}
	d.say("%s  idleness has closed every window", d.at())
	return shores, nil
}

// windowEnd is the end of the one-second window of a record, ms since the epoch.
func windowEnd(r record) int64 { return r.Timestamp.Truncate(time.Second).Add(time.Second).UnixMilli() }

// conclude waits for the last window, and compares: late is exactly what came into windows that idleness had closed.
func (t *silence) conclude(ctx context.Context, d *disturbed, shores map[string]shore) error {
	held, late, windows, err := t.expected(ctx, d, shores)
	if err != nil {
		return err
	}
	if err := d.end(ctx); err != nil {
		return err
	}
	if err := d.follower.stop(); err != nil {
		return err
	}
	if err := d.close(ctx, d.second); err != nil {
		return err
	}
	first, err := d.results(ctx, d.first, d.topics)
	if err != nil {
		return err
	}
	second, err := d.results(ctx, d.second, d.topics)
	if err != nil {
		return err
	}
	records, err := d.records(ctx, d.topics)
	if err != nil {
		return err
	}
	d.check(len(first.twice) == 0 && len(first.windows) == windows, "%d of %d windows, each once under read_committed (%d repeated)", len(first.windows), windows, len(first.twice))
	d.check(records-first.counted == late, "%d records, %d of them at once after the silence: %d late, %d of them came into windows that idleness had closed",
		records, held, records-first.counted, late)
	d.check(late > 0, "the silence began inside of a window")
	d.check(second.counted == records && len(second.twice) == 0, "undisturbed: %d windows, %d records counted", len(second.windows), second.counted)
	cut := 0
	different := differences(first, second, func(w window) bool {
		same := first.windows[w].count == second.windows[w].count
		if w.end != shores[w.topic].closed || same {
			return false
		}
		cut++
		return true
	})
	d.check(len(different) == 0, "values bit-equal to the undisturbed run, but in the %d windows that idleness cut short (%d others differ)", cut, len(different))
	d.list(different)
	return nil
}

// expected reads the source: how many records came after the silence, how many of those into windows that idleness had
// closed, and how many windows there are.
func (t *silence) expected(ctx context.Context, d *disturbed, shores map[string]shore) (held, late int64, windows int, err error) {
	all := map[window]bool{}
	err = d.read(ctx, d.topics, func(r record) {
		end := windowEnd(r)
		all[window{topic: r.Topic, end: end}] = true
		if r.Offset < shores[r.Topic].offsets[r.Partition] {
			return
		}
		held++
		if end <= shores[r.Topic].closed {
			late++
		}
	})
	return held, late, len(all), err
}
