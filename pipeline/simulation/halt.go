package simulation

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aggrun/aggrun/pipeline"
)

// halt is what the world does to a pipeline that has to stop for it.
type halt int

const (
	noHalt halt = iota
	truncated
	trimmed
	foreign
	expired
	schemaGone
)

// halts say which row of PROTOCOL section 5 it is, and what the error tells.
var halts = map[halt]struct {
	row  mark
	says string
}{
	truncated:  {point11, "truncated or made anew"},
	trimmed:    {point12, "retention has removed"},
	foreign:    {point15, "not committed by aggrun"},
	schemaGone: {schemaLost, "the registry no longer knows schema id 2"},
	// Whether sinks hold results is looked up in pipeline/kafka; the model's
	// process does the same.
	expired: {point19, "offsets of the group are gone"},
}

// arrange makes the halt happen, once there is something that it can befall.
func (w *world) arrange() {
	h := w.script.halt
	if h == noHalt {
		return
	}
	if !w.pending() && w.befall(h) {
		w.logf("halt: %s", halts[h].says)
		w.halted = true
		for _, p := range w.processes {
			if p.alive {
				p.kill()
			}
		}
		return
	}
	if !w.over {
		w.after(300*ms, w.arrange)
	}
}

// befall does it, where it can be done.
func (w *world) befall(h halt) bool {
	if h == expired {
		if w.judge.results > 0 {
			clear(w.group.offsets)
		}
		return w.judge.results > 0
	}
	for _, src := range w.script.sources {
		c, ok := w.group.offsets[src.id]
		if !ok || c.Offset == 0 {
			continue
		}
		m, _ := readMetadata(c.Metadata, c.Offset)
		switch {
		case h == schemaGone:
			if !src.replays(2, m.replay, c.Offset) {
				continue
			}
			w.forgets = 2
		case h == truncated:
			src.entries, src.holds = src.entries[:c.Offset-1], nil
		case h == foreign:
			w.group.offsets[src.id] = pipeline.Committed{Offset: c.Offset, Metadata: "member-1"}
		case m.replay < src.high(w.now):
			src.trims = append(src.trims, trim{at: w.now, offset: m.replay + 1})
		default:
			continue
		}
		return true
	}
	return false
}

// replays tells whether a record of a schema is among offsets that are read again.
func (s *source) replays(schema int32, from, to int64) bool {
	return slices.ContainsFunc(s.entries[from:to], func(e entry) bool { return e.what == record && e.schema == schema })
}

// stopped takes the error that ended a process.
func (w *world) stopped(p *process, err error) {
	w.logf("%s: stops: %v", p, err)
	if p.refused {
		w.reached[sinkGaveUp]++
		return // the others go on
	}
	h := halts[w.script.halt]
	if w.halted && h.says != "" && strings.Contains(err.Error(), h.says) {
		w.reached[h.row]++
	} else {
		w.forgets = 0
		w.judge.violate("%s stopped: %v", p, err)
	}
	w.over = true
}

// clockTime is a time as traces show it: seconds from the start.
func (w *world) clockTime(t int64) string {
	if t == none {
		return "none"
	}
	return fmt.Sprintf("%+.3f", float64(t-w.script.t0)/1e9)
}
