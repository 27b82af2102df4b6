package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// numbers is all that was measured: numbers.json.
type numbers struct {
	Curves []measured `json:"curves"`
	Stages []cost     `json:"stages"`
	Memory []held     `json:"memory"`
}

// measured is a curve's points, and where they were measured.
type measured struct {
	Name string `json:"name"`
	on
	Runs   int      `json:"runs"`
	Points []sample `json:"points"`
}

// on is where numbers come from.
type on struct {
	Version string `json:"version"` // of aggrun
	Cluster string `json:"cluster"`
	CPUs    int    `json:"cpus"`
	System  string `json:"system"`
}

// sample is one point, by measures of aggrun bench.
type sample struct {
	X       float64           `json:"x"`
	Records int64             `json:"records"`
	Summary map[string]spread `json:"summary"`
}

// spread is the least, the median and the greatest of several runs.
type spread struct {
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	Max    float64 `json:"max"`
}

// cost is one stage's, by its micro-benchmark.
type cost struct {
	Stage string `json:"stage"`
	spread
}

const numbersFile = "numbers.json"

// readNumbers gives none where none were measured.
func readNumbers(dir string) (n numbers, err error) {
	text, err := os.ReadFile(filepath.Join(dir, numbersFile))
	if errors.Is(err, fs.ErrNotExist) {
		return n, nil
	}
	if err != nil {
		return n, err
	}
	if err := json.Unmarshal(text, &n); err != nil {
		return n, fmt.Errorf("%s: %w", numbersFile, err)
	}
	return n, nil
}

// write puts a line for each point and stage, so that differences can be read.
func (n numbers) write(dir string) error {
	text, err := json.Marshal(n)
	if err != nil {
		return err
	}
	for _, begin := range []string{`{"name":`, `{"x":`, `{"stage":`, `"stages":`, `"memory":`, `{"functions":`} {
		text = bytes.ReplaceAll(text, []byte(begin), []byte("\n"+begin))
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, numbersFile), append(text, '\n'), 0o644)
}

// of gives what was measured of a curve: nothing where it was not.
func (n numbers) of(name string) measured {
	if i := slices.IndexFunc(n.Curves, func(m measured) bool { return m.Name == name }); i >= 0 {
		return n.Curves[i]
	}
	return measured{Name: name}
}

// put takes a curve's numbers up, in place of earlier ones.
func (n *numbers) put(m measured) {
	i := slices.IndexFunc(n.Curves, func(old measured) bool { return old.Name == m.Name })
	if i < 0 {
		i, n.Curves = len(n.Curves), append(n.Curves, measured{})
	}
	n.Curves[i] = m
}

// at is the sample at x, if there is one.
func (m measured) at(x float64) (sample, bool) {
	if i := slices.IndexFunc(m.Points, func(s sample) bool { return s.X == x }); i >= 0 {
		return m.Points[i], true
	}
	return sample{}, false
}

// rounded has five digits: more are noise.
func (s spread) rounded() spread {
	round := func(x float64) float64 {
		if x == 0 {
			return 0
		}
		unit := math.Pow(10, 4-math.Floor(math.Log10(math.Abs(x))))
		return math.Round(x*unit) / unit
	}
	return spread{round(s.Min), round(s.Median), round(s.Max)}
}

// spreadOf sorts its values.
func spreadOf(values []float64) spread {
	slices.Sort(values)
	n := len(values)
	return spread{values[0], (values[(n-1)/2] + values[n/2]) / 2, values[n-1]}
}

func number(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

// seconds are those of a duration that this program wrote.
func seconds(text string) float64 {
	d, err := time.ParseDuration(text)
	if err != nil {
		panic(err)
	}
	return d.Seconds()
}
