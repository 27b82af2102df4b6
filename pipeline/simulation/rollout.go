package simulation

import (
	"errors"
	"slices"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/spec"
)

// This file is how a changed spec is rolled out: one process after another ends, and
// begins again with it. It has dice of its own.

// turn is when a process begins again with the other spec.
type turn struct {
	at    int64
	rough bool // it is killed for it
}

var errTurned = errors.New("the process begins again with another spec")

// version is the spec that a process has which begins at a time.
func (l life) version(now int64) (v int) {
	for _, t := range l.turns {
		if t.at <= now {
			v = 1 - v
		}
	}
	return v
}

// turns tells that the process has to begin again.
func (p *process) turns() bool { return p.life.version(p.w.now) != p.version }

// rolledOut is the script with the spec that is rolled out, or itself.
func (s *script) rolledOut() *script {
	if s.next == nil {
		return s
	}
	other := *s
	other.spec = *s.next
	return &other
}

func (s *script) compile() (*pipeline.Plan, error) {
	return pipeline.Compile(s.spec, pipeline.Options{Results: s.language.results, Cells: s.cells})
}

// plans are of the script's spec, and of the one that is rolled out, or the same.
func (s *script) plans() (both [2]*pipeline.Plan) {
	for i, of := range [2]*script{s, s.rolledOut()} {
		var err error
		if both[i], err = of.compile(); err != nil {
			panic(err)
		}
	}
	return both
}

// when is the event time of a topic's record.
func (s *script) when(topic string, e *entry) int64 {
	if s.timed(topic) {
		return e.time
	}
	return e.stamp
}

// stamped tells that a topic's records have a time of their own, beside that of the
// log: a field holds event time, under one of the specs.
func (s *script) stamped(topic string) bool {
	return s.timed(topic) || s.next != nil && s.next.Sources[s.of(topic)].Time != nil
}

// drawRollout draws a second spec that differs in an aspect or several.
func (s *script) drawRollout(d dice) {
	if s.untilEnd || !d.chance(30) {
		return
	}
	base, err := s.compile()
	if err != nil {
		panic(err)
	}
	for s.next == nil {
		next := s.change(d)
		other := *s
		other.spec = next
		if plan, err := other.compile(); err == nil && derivesItAll(next) && plan.Fingerprint != base.Fingerprint {
			s.next = &next
		}
	}
	s.language.on = true
	if len(s.language.values) == 0 {
		s.language.values, s.language.null = d.Perm(len(keys) - 1)[:3], 10
	}
}

// derivesItAll tells that the first source, or the only one, has what other aspects read of it: else
// a name would be that of a field, which no record has.
func derivesItAll(p spec.Pipeline) bool {
	return !slices.ContainsFunc(derivations, func(f derivation) bool {
		derived := slices.ContainsFunc(p.Sources[0].Derive, func(n spec.Named) bool { return n.Name == f.name })
		grouped := slices.Contains(p.GroupBy, f.name)
		counted := f.name == "side" && slices.ContainsFunc(p.Aggregates, func(n spec.Named) bool { return n.Name == "sides" })
		return !derived && (grouped || counted) || grouped && len(p.Sources) > 1
	})
}

// change is the spec with some aspects of another one.
func (s *script) change(d dice) spec.Pipeline {
	other := &script{t0: s.t0}
	other.drawSpec(d)
	other.drawLanguage(d)
	p, q := s.spec, other.spec
	p.Sources = slices.Clone(p.Sources)
	few := pick(d, 15, 40)
	for _, aspect := range []func(){
		func() {
			p.Window.Size, p.Window.Advance, p.Window.Offset = q.Window.Size, q.Window.Advance, q.Window.Offset
		},
		func() { p.Window.Grace = q.Window.Grace },
		func() { p.Operations = q.Operations },
		func() { p.Aggregates = q.Aggregates },
		func() { p.MinSample, p.SmallSample = q.MinSample, q.SmallSample },
		func() { p.MaxFuture = q.MaxFuture },
		func() { p.MaxGroups = q.MaxGroups },
		func() { p.Sources[0].Derive = q.Sources[0].Derive },
		func() {
			if p.Shard != spec.ShardPartition {
				p.GroupBy = q.GroupBy
			}
		},
		func() {
			for i := range p.Sources {
				p.Sources[i].Where = ""
				if d.chance(60) {
					p.Sources[i].Where = pick(d, conditions...).text
				}
			}
		},
		func() {
			i := d.IntN(len(p.Sources))
			if p.Sources[i].Time != nil {
				p.Sources[i].Time = nil
			} else {
				p.Sources[i].Time = &spec.TimeField{Field: "at", Unit: spec.Nanoseconds}
			}
		},
	} {
		if d.chance(few) {
			aspect()
		}
	}
	return p
}

// drawTurns says which process begins again with the other spec, and when; some go
// back.
func (s *script) drawTurns(d dice) {
	at, gap := s.t0+d.between(3*sec, 20*sec), d.between(100*ms, 6*sec)
	back := at + d.between(4*sec, 20*sec)
	goesBack := d.chance(30)
	for i := range s.lives {
		if i > 0 && d.chance(15) {
			continue
		}
		l := &s.lives[i]
		l.turns = append(l.turns, turn{at + int64(i)*gap, d.chance(40)})
		if goesBack && d.chance(80) {
			l.turns = append(l.turns, turn{back + int64(i)*gap, d.chance(40)})
		}
		if l.leave != never {
			l.leave += 15 * sec
		}
	}
}

// unmetAge is for how long after a topic was made a member may begin without it.
const unmetAge = 20 * sec

// drawUnmet lets a spec be rolled out soon after a topic was made: those who begin
// with it were told of topics by a broker that lags behind.
func (s *script) drawUnmet(d dice) {
	made := int64(0)
	for _, src := range s.sources {
		if src.id.ID == 0 && src.born > s.t0 {
			made = max(made, src.born)
		}
	}
	if made == 0 || !d.chance(60) {
		return
	}
	s.unmet = made
	shift := made + d.between(500*ms, 15*sec) - s.lives[0].turns[0].at
	for i := range s.lives {
		for k := range s.lives[i].turns {
			s.lives[i].turns[k].at += shift
		}
	}
}
