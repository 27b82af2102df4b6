package simulation

import (
	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/spec"
)

// drawSources makes one to three topics of up to four partitions and what they
// will ever hold: some two hundred records.
func (s *script) drawSources(d dice) {
	f := s.drawFeed(d)
	silence := s.drawSilence(d)
	topics := max(1+d.IntN(3), len(s.spec.Sources))
	for i := range topics {
		name := s.topic(i)
		born := int64(0)
		if i > 0 && d.chance(20) {
			born = s.birth(d)
		}
		transactional := d.chance(30)
		n := 1 + d.IntN(4)
		for p := range n {
			src := &source{id: pipeline.Partition{Topic: name, ID: int32(p)}, born: born}
			if p > 0 && p == n-1 && d.chance(20) {
				src.born = max(born, s.birth(d))
			}
			mine := s.vary(d, f, src.born)
			mine.transactional = transactional
			if silence != nil {
				silence(&mine)
			}
			s.sources = append(s.sources, src)
			if !d.chance(7) {
				s.write(d, src, mine)
			}
			if d.chance(8) {
				s.retain(d, src)
			}
		}
	}
}

func (s *script) drawFeed(d dice) feed {
	f := feed{
		from: s.t0 - d.between(0, 25*sec), until: s.t0 + d.between(10*sec, 30*sec),
		disorder: int64(s.spec.Window.Grace), wild: pick(d, 0, 0, 5), garbage: pick(d, 0, 3),
		future: pick(d, 0, 0, 2), unknown: pick(d, 0, 0, 4),
	}
	if d.chance(15) { // history only
		f.from, f.until = s.t0-d.between(40*sec, 60*sec), s.t0
	}
	if d.chance(20) {
		f.disorder = 0
	}
	f.gap = (f.until - f.from) / d.between(30, 70)
	s.learned = []int64{never, never, never}
	if s.spec.OnError == spec.OnErrorDeadLetter {
		s.learned[1] = s.t0 + d.between(0, 30*sec)
		s.learned[2] = s.t0 + d.between(0, 30*sec)
	}
	if s.next != nil { // what was refused once is then refused by every spec
		s.learned = []int64{never, never, never}
	}
	return f
}

// birth is when a topic or partition is made that is not there from the start.
func (s *script) birth(d dice) int64 {
	return s.t0 + pick(d, d.between(300*ms, 3*sec), d.between(2*sec, 20*sec), d.between(2*sec, 20*sec))
}

// drawSilence is a time in which no source says anything, or nothing arrives.
func (s *script) drawSilence(d dice) func(*feed) {
	if !d.chance(25) {
		return nil
	}
	from := s.t0 + d.between(2*sec, 12*sec)
	quiet := span{from, from + d.between(3*sec, 20*sec)}
	if d.chance(50) {
		return func(f *feed) { f.silent = append(f.silent, quiet) }
	}
	return func(f *feed) { f.held = append(f.held, quiet) }
}

// vary makes a partition unlike the others.
func (s *script) vary(d dice, f feed, born int64) feed {
	f.gap = f.gap * d.between(5, 20) / 10
	if born > 0 && d.chance(70) {
		f.from, f.until = born, max(f.until, born+5*sec)
	}
	if d.chance(15) {
		f.until = f.from + (f.until-f.from)*d.between(2, 8)/10
	}
	if d.chance(15) {
		at := f.from + d.between(0, max(f.until-f.from, 1))
		quiet := span{at, at + d.between(3*sec, 15*sec)}
		if d.chance(50) {
			f.silent = []span{quiet}
		} else {
			f.held = []span{quiet}
		}
	}
	return f
}

// drawAlignment makes open windows that hold a few groups too many already, and
// some partitions slower to read than others.
func (s *script) drawAlignment(d dice) {
	if d.chance(65) {
		return
	}
	s.cells = 2 + d.IntN(12)
	for _, src := range s.sources {
		src.slow = d.chance(40)
	}
}

// retain lets retention have removed the first records of a log.
func (s *script) retain(d dice, src *source) {
	if n := src.high(max(s.t0, src.born)); n > 3 {
		src.trims = append(src.trims, trim{at: src.born, offset: d.between(1, n)})
	}
}
