package simulation

import (
	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/spec"
)

// What becomes of records that are refused, or late.

// refused tells whether a record had to be refused for its time or its schema id.
// Where it depends on the moment at which it was read, the dead letters say, if
// that is possible.
func (j *judge) refused(b *book, e *entry, letter bool) bool {
	const slack = 3 * sec // of the processes' clocks
	at := j.s.when(b.id.Topic, e)
	ahead := at - int64(j.s.spec.MaxFuture)
	timed := j.s.timed(b.id.Topic)
	switch {
	case timed && ahead > e.stamp:
		j.w.reached[fieldFuture]++
		return true
	case e.schema >= firstUnknown:
		learned := j.s.learned[e.schema-firstUnknown]
		must, can := j.w.now < learned, e.at < learned
		if must && !letter && !j.skips() || letter && !can {
			j.violate("%v offset %d: schema id %d, known from %s: refused is %v", b.id, b.done, e.schema, j.w.clockTime(learned), letter)
		}
		if letter || must {
			j.w.reached[unknownRefused]++
			return true
		}
	case !timed && ahead > e.at-slack:
		must, can := ahead > j.w.now+60*sec+slack, ahead > e.at-slack
		if must && !letter && !j.skips() || letter && !can {
			j.violate("%v offset %d: time %s: refused is %v", b.id, b.done, j.w.clockTime(at), letter)
		}
		if letter || must {
			j.w.reached[futureRefused]++
			return true
		}
	}
	return false
}

func (j *judge) skips() bool { return j.s.spec.OnError == spec.OnErrorSkip }

func (j *judge) bad(b *book, o int64, letters *letterBox, n *pipeline.Counts) {
	j.aside(b, o, letters, n, unusable, badSkipped, badRecord, "is bad")
}

// aside is the fate of a record that on_error decides of.
func (j *judge) aside(b *book, o int64, letters *letterBox, n *pipeline.Counts, why ground, skipped, kept mark, what string) {
	if j.skips() {
		j.w.reached[skipped]++
		n.Skipped++
		return
	}
	j.w.reached[kept]++
	n.Bad++
	if !letters.take(b.id, o, why) {
		j.violate("V4: %v offset %d %s, and no dead letter", b.id, o, what)
	}
}

func (j *judge) late(b *book, o int64, letters *letterBox, n *pipeline.Counts) {
	j.w.reached[lateRecord]++
	j.w.late++
	n.Late++
	if j.s.spec.Late != spec.LateDeadLetter {
		return
	}
	j.w.reached[lateLetter]++
	if !letters.take(b.id, o, tooLate) {
		j.violate("V4: %v offset %d is late, and no dead letter", b.id, o)
	}
}
