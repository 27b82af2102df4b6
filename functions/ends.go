package functions

// ends keeps the first and the last value by event time; of equal times, the
// first and the last that came.
type ends struct {
	first, last instant
	any         bool
}

type instant struct {
	time  int64 // ns since the epoch
	value float64
}

func (e *ends) Add(times []int64, values []float64) {
	if len(values) == 0 {
		return
	}
	first, last := instant{times[0], values[0]}, instant{times[0], values[0]}
	for i, t := range times[:len(values)] {
		if t < first.time {
			first = instant{t, values[i]}
		}
		if t >= last.time {
			last = instant{t, values[i]}
		}
	}
	e.fold(first, last)
}

func (e *ends) Merge(other Accumulator) {
	if o := other.(*ends); o.any {
		e.fold(o.first, o.last)
	}
}

// fold takes the ends of values that came after those it has.
func (e *ends) fold(first, last instant) {
	if !e.any || first.time < e.first.time {
		e.first = first
	}
	if !e.any || last.time >= e.last.time {
		e.last = last
	}
	e.any = true
}

func (e *ends) Reset() { *e = ends{} }

func (e *ends) firstValue() (float64, bool) { return e.read(e.first) }

func (e *ends) lastValue() (float64, bool) { return e.read(e.last) }

func (e *ends) read(at instant) (float64, bool) {
	if !e.any {
		return none()
	}
	return at.value, true
}
