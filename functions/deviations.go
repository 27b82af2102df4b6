package functions

const (
	ofSample     = "sum((x - mean)^2) / (n-1)"
	ofPopulation = "sum((x - mean)^2) / n"
)

var deviations = []Function{
	{
		Name: "stdev", Doc: "standard deviation of a sample",
		Formula: "sqrt(" + ofSample + ")", Empty: noneOfOne, Source: pythonStatistics + ".stdev; " + shiftedSums,
		Example: "stdev(x) of 1, 3, 5 is 2",
		Unit:    SameUnit, Operation: true, Kind: Moments, Value: of((*moments).stdevSamp),
	},
	{
		Name: "stddev_samp", Doc: "the same as stdev",
		Formula: "sqrt(" + ofSample + ")", Empty: noneOfOne, Source: "SQL STDDEV_SAMP; " + shiftedSums,
		Example: "stddev_samp(x) of 1, 3, 5 is 2",
		Unit:    SameUnit, Operation: true, Kind: Moments, Value: of((*moments).stdevSamp),
	},
	{
		Name: "stddev_pop", Doc: "standard deviation of a whole population",
		Formula: "sqrt(" + ofPopulation + ")", Empty: noneOfNone, Source: pythonStatistics + ".pstdev; SQL STDDEV_POP; " + shiftedSums,
		Example: "stddev_pop(x) of 1, 1, 5, 5 is 2",
		Unit:    SameUnit, Operation: true, Kind: Moments, Value: of((*moments).stdevPop),
	},
	{
		Name: "var_samp", Doc: "variance of a sample",
		Formula: ofSample, Empty: noneOfOne, Source: pythonStatistics + ".variance; SQL VAR_SAMP; " + shiftedSums,
		Example: "var_samp(x) of 1, 3, 5 is 4",
		Unit:    SquaredUnit, Operation: true, Kind: Moments, Value: of((*moments).varSamp),
	},
	{
		Name: "var_pop", Doc: "variance of a whole population",
		Formula: ofPopulation, Empty: noneOfNone, Source: pythonStatistics + ".pvariance; SQL VAR_POP; " + shiftedSums,
		Example: "var_pop(x) of 1, 1, 5, 5 is 4",
		Unit:    SquaredUnit, Operation: true, Kind: Moments, Value: of((*moments).varPop),
	},
}

func (m *moments) varSamp() (float64, bool) { return m.variance(1) }

func (m *moments) varPop() (float64, bool) { return m.variance(0) }

func (m *moments) variance(less int64) (float64, bool) {
	v, e, ok := m.spread(less)
	if !ok {
		return none()
	}
	return v.float(-2 * e), true
}

func (m *moments) stdevSamp() (float64, bool) { return m.stdev(1) }

func (m *moments) stdevPop() (float64, bool) { return m.stdev(0) }

func (m *moments) stdev(less int64) (float64, bool) {
	v, e, ok := m.spread(less)
	if !ok {
		return none()
	}
	return v.sqrt().float(-e), true
}

// spread gives the sum of squares about the mean, over n - less, times 2^2e.
func (m *moments) spread(less int64) (v pair, e int, ok bool) {
	if _, infinite := m.infinite(); infinite || m.n <= less {
		return pair{}, 0, false
	}
	e = m.scale()
	s, n := m.at(e), float64(m.n)
	about := s.s2.minus(s.s1.times(s.s1).over(n))
	return about.over(float64(m.n - less)), e, true
}
