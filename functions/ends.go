package functions

const eventTime = "event time, then topic, partition and offset"

var firstAndLast = []Function{
	{
		Name: "first", Doc: "first value by event time; of equal times the first read",
		Formula: "x at min(t)", Empty: noneOfNone, Source: eventTime,
		Example: "first(x) of 3 at 7 s, 1 at 5 s, 4 at 8 s is 1",
		Unit:    SameUnit, Operation: true, Kind: Ends, Value: of((*ends).firstValue),
	},
	{
		Name: "last", Doc: "last value by event time; of equal times the last read",
		Formula: "x at max(t)", Empty: noneOfNone, Source: eventTime,
		Example: "last(x) of 3 at 8 s, 1 at 5 s, 4 at 7 s is 3",
		Unit:    SameUnit, Operation: true, Kind: Ends, Value: of((*ends).lastValue),
	},
	{
		Name: "first_time", Doc: "event time of the first value, in seconds since the epoch",
		Formula: "min(t)", Empty: noneOfNone, Source: eventTime,
		Example: "first_time(x) of 3 at 7 s, 1 at 5.5 s, 4 at 8 s is 5.5",
		Unit:    SecondsUnit, Operation: true, Kind: Ends, Value: of((*ends).firstTime),
	},
	{
		Name: "last_time", Doc: "event time of the last value, in seconds since the epoch",
		Formula: "max(t)", Empty: noneOfNone, Source: eventTime,
		Example: "last_time(x) of 3 at 7 s, 1 at 5 s, 4 at 8.25 s is 8.25",
		Unit:    SecondsUnit, Operation: true, Kind: Ends, Value: of((*ends).lastTime),
	},
}

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

func (e *ends) firstValue() (float64, bool) { return e.read(e.first.value) }

func (e *ends) lastValue() (float64, bool) { return e.read(e.last.value) }

func (e *ends) firstTime() (float64, bool) { return e.read(e.first.seconds()) }

func (e *ends) lastTime() (float64, bool) { return e.read(e.last.seconds()) }

func (e *ends) read(v float64) (float64, bool) {
	if !e.any {
		return none()
	}
	return v, true
}

// seconds gives the time to the nearest float64, which a time in ns, rounded
// before it is divided, would miss.
func (i instant) seconds() float64 {
	return pairOf(i.time).over(1e9).hi
}
