package functions

import (
	"math"
	"math/big"
	"slices"
)

// answer is what exact arithmetic gives: nil for no value.
type answer struct {
	value *big.Float
	// size is the sum of the magnitudes of the terms whose rounding a function
	// cannot escape; size / |value| is the condition of the window.
	size *big.Float
}

// twins are the functions in exact arithmetic, by name, with no thought for
// speed. Their windows hold finite values only. quantile's is twinQuantile.
var twins = map[string]func(window) answer{
	"count":          func(w window) answer { return whole(len(w.values)) },
	"count_if":       func(w window) answer { return whole(len(w.values) - len(without(w.values, 1))) },
	"sum":            twinSum,
	"mean":           twinMean,
	"rms":            twinRMS,
	"stdev":          func(w window) answer { return root(twinVariance(w, 1)) },
	"stddev_samp":    func(w window) answer { return root(twinVariance(w, 1)) },
	"stddev_pop":     func(w window) answer { return root(twinVariance(w, 0)) },
	"var_samp":       func(w window) answer { return twinVariance(w, 1) },
	"var_pop":        func(w window) answer { return twinVariance(w, 0) },
	"min":            func(w window) answer { return twinAt(w, 0) },
	"max":            func(w window) answer { return twinAt(w, len(w.values)-1) },
	"range":          twinRange,
	"median":         twinMedian,
	"q1":             func(w window) answer { return twinQuartile(w, 1) },
	"q3":             func(w window) answer { return twinQuartile(w, 3) },
	"count_distinct": twinDistinct,
	"mode":           twinMode,
	"first":          func(w window) answer { return w.valueAt(twinFirst(w)) },
	"last":           func(w window) answer { return w.valueAt(twinLast(w)) },
	"first_time":     func(w window) answer { return w.timeAt(twinFirst(w)) },
	"last_time":      func(w window) answer { return w.timeAt(twinLast(w)) },
}

func exact(x float64) *big.Float { return new(big.Float).SetPrec(5000).SetFloat64(x) }

func zero() *big.Float { return exact(0) }

func plain(v *big.Float) answer { return answer{v, zero().Abs(v)} }

func twinSum(w window) answer {
	if len(w.values) == 0 {
		return answer{}
	}
	sum, size := zero(), zero()
	for _, x := range w.values {
		sum.Add(sum, exact(x))
		size.Add(size, exact(math.Abs(x)))
	}
	return answer{sum, size}
}

func twinMean(w window) answer {
	a, n := twinSum(w), exact(float64(len(w.values)))
	if a.value != nil {
		a.value.Quo(a.value, n)
		a.size.Quo(a.size, n)
	}
	return a
}

func twinRMS(w window) answer {
	n := len(w.values)
	if n == 0 {
		return answer{}
	}
	squares := zero()
	for _, x := range w.values {
		squares.Add(squares, zero().Mul(exact(x), exact(x)))
	}
	return root(plain(squares.Quo(squares, exact(float64(n)))))
}

func twinVariance(w window, less int) answer {
	n := len(w.values)
	if n <= less {
		return answer{}
	}
	sum, squares := zero(), zero()
	for _, x := range w.values {
		sum.Add(sum, exact(x))
		squares.Add(squares, zero().Mul(exact(x), exact(x)))
	}
	squares.Mul(squares, exact(float64(n)))
	squares.Sub(squares, sum.Mul(sum, sum))
	return plain(squares.Quo(squares, exact(float64(n*(n-less)))))
}

func root(a answer) answer {
	if a.value == nil {
		return a
	}
	return plain(zero().Sqrt(a.value.SetPrec(300)))
}

func twinAt(w window, i int) answer {
	if len(w.values) == 0 {
		return answer{}
	}
	return plain(exact(slices.Sorted(slices.Values(w.values))[i]))
}

func twinRange(w window) answer {
	n := len(w.values)
	if n == 0 {
		return answer{}
	}
	return plain(zero().Sub(twinAt(w, n-1).value, twinAt(w, 0).value))
}

func twinMedian(w window) answer {
	n := len(w.values)
	if n == 0 {
		return answer{}
	}
	return mixed(twinAt(w, (n-1)/2).value, twinAt(w, n/2).value, 2)
}

func twinQuartile(w window, i int) answer {
	n := len(w.values)
	if n < 2 {
		return answer{}
	}
	j := min(max(i*(n+1)/4, 1), n-1)
	return mixed(twinAt(w, j-1).value, twinAt(w, j).value, i*(n+1)-4*j)
}

// mixed is the point delta quarters of the way from a to b.
func mixed(a, b *big.Float, delta int) answer {
	a, b = zero().Mul(a, exact(float64(4-delta)/4)), zero().Mul(b, exact(float64(delta)/4))
	return answer{zero().Add(a, b), zero().Add(zero().Abs(a), zero().Abs(b))}
}

// twinQuantile takes p as it is written, and where it lies in n values.
func twinQuantile(w window, p string, position func(n, p *big.Rat) *big.Rat) answer {
	n := len(w.values)
	if n == 0 {
		return answer{}
	}
	share, _ := new(big.Rat).SetString(p)
	at := position(rational(n, 1), share)
	below := int(new(big.Int).Quo(at.Num(), at.Denom()).Int64())
	switch {
	case at.Cmp(rational(1, 1)) < 0:
		return twinAt(w, 0)
	case below >= n:
		return twinAt(w, n-1)
	}
	next := zero().SetRat(at.Sub(at, rational(below, 1)))
	a := zero().Mul(twinAt(w, below-1).value, zero().Sub(exact(1), next))
	b := zero().Mul(twinAt(w, below).value, next)
	return answer{zero().Add(a, b), zero().Add(zero().Abs(a), zero().Abs(b))}
}

// twinInvertedCDF gives the least value that a share p of the values is not above.
func twinInvertedCDF(w window, p string) answer {
	share, _ := new(big.Rat).SetString(p)
	for i := range w.values {
		if rational(i+1, len(w.values)).Cmp(share) >= 0 {
			return twinAt(w, i)
		}
	}
	return answer{}
}

// positions are those of Hyndman & Fan's types, of p in n values.
var positions = map[string]func(n, p *big.Rat) *big.Rat{
	"r6": func(n, p *big.Rat) *big.Rat { return product(p, total(n, rational(1, 1))) },
	"r7": func(n, p *big.Rat) *big.Rat { return total(product(p, total(n, rational(-1, 1))), rational(1, 1)) },
	"r8": func(n, p *big.Rat) *big.Rat { return total(product(p, total(n, rational(1, 3))), rational(1, 3)) },
}

func rational(a, b int) *big.Rat { return big.NewRat(int64(a), int64(b)) }

func total(a, b *big.Rat) *big.Rat { return new(big.Rat).Add(a, b) }

func product(a, b *big.Rat) *big.Rat { return new(big.Rat).Mul(a, b) }

func twinDistinct(w window) answer {
	seen := map[float64]bool{}
	for _, x := range w.values {
		seen[x] = true
	}
	return whole(len(seen))
}

func twinMode(w window) answer {
	most, mode := 0, answer{}
	for _, x := range slices.Sorted(slices.Values(w.values)) {
		if n := len(w.values) - len(without(w.values, x)); n > most {
			most, mode = n, plain(exact(x))
		}
	}
	return mode
}

func without(values []float64, x float64) []float64 {
	return slices.DeleteFunc(slices.Clone(values), func(y float64) bool { return x == y })
}

func whole(n int) answer { return plain(exact(float64(n))) }

func twinFirst(w window) int {
	return twinEnd(w, func(t, best int64) bool { return t < best })
}

func twinLast(w window) int {
	return twinEnd(w, func(t, best int64) bool { return t >= best })
}

// twinEnd gives the place of the last record that replaces those before it.
func twinEnd(w window, replaces func(t, best int64) bool) int {
	best := 0
	for i, t := range w.times {
		if replaces(t, w.times[best]) {
			best = i
		}
	}
	return best
}

func (w window) valueAt(i int) answer {
	if len(w.values) == 0 {
		return answer{}
	}
	return plain(exact(w.values[i]))
}

func (w window) timeAt(i int) answer {
	if len(w.values) == 0 {
		return answer{}
	}
	return plain(zero().Quo(zero().SetInt64(w.times[i]), exact(1e9)))
}
