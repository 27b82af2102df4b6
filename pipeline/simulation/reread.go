package simulation

import "github.com/aggrun/aggrun/spec"

// keeps gives room for the results of a schedule that another group may read
// again: nothing in it depends on when it was read.
func (s *script) keeps() map[kept]answer {
	plain := s.next == nil && s.loss == 0 && s.spec.Start.Kind == spec.StartEarliest && s.halt == noHalt && !s.untilEnd && s.spec.Idle == 0 && !s.forEver()
	for _, src := range s.sources {
		plain = plain && len(src.trims) == 0 && src.born == 0
		largest := int64(0)
		for _, e := range src.entries {
			plain = plain && e.schema < firstUnknown && (s.timed(src.id.Topic) || e.time < e.at+int64(s.spec.MaxFuture)) &&
				e.time >= largest-int64(s.spec.Window.Grace)
			largest = max(largest, e.time)
		}
	}
	if !plain {
		return nil
	}
	return map[kept]answer{}
}

// reread lets one undisturbed process of another group read the same logs, all
// of which is there now, and compares the results.
func (w *world) reread(seed uint64) {
	s := *w.script
	s.t0, s.lives, s.faults, s.tidy = s.quiet+60*sec, []life{{start: s.quiet + 60*sec, leave: never}}, nil, true
	s.polls, s.quiet = 100, s.t0
	cold := newWorld(&s, seed+1, w.trace)
	cold.kept = map[kept]answer{}
	w.logf("again, cold")
	cold.play()
	w.judge.violations = append(w.judge.violations, cold.judge.violations...)
	w.reached[reread]++
	if len(cold.kept) != len(w.kept) {
		w.judge.violate("a cold re-read gives %d windows, live gave %d", len(cold.kept), len(w.kept))
	}
	for k, v := range w.kept {
		if again, ok := cold.kept[k]; !ok || !v.same(again.fields, again.aggregates, len(s.spec.Operations)) {
			w.judge.violate("a cold re-read gives %v for window %s of %s, live gave %v", again, w.clockTime(k.start), k.sink, v)
		}
	}
}
