package main

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
)

// panel is a part of a picture: one or two measures against what the curve is of.
type panel struct {
	name, title string
	times       float64 // what a measure's unit is multiplied by
	lines       []line
}

// line is a measure, and what it is called where there are two.
type line struct{ class, name, measure string }

func panels() []panel {
	of := func(run, floor string) []line { return []line{{"a", "aggrun", run}, {"b", "raw drain", floor}} }
	return []panel{
		{"cost", "processor, ns a record", 1e3, of(runCPU, floorCPU)},
		{"speed", "10⁶ records/s", 1e-6, of(runSpeed, floorSpeed)},
		{"ratio", "ratio to the raw drain", 1, []line{{"a", "", "ratio"}}},
		{"memory", "peak resident memory, MB", 1, of(runPeak, floorPeak)},
	}
}

// usual are the panels of most pictures.
var usual = []string{"cost", "speed", "ratio"}

// Sizes in a picture.
const (
	panelWidth, panelHeight = 260.0, 260.0
	left, right             = 46.0, 16.0 // of a panel, beside its plot
	top, bottom             = 54.0, 40.0
)

// drawAll writes the picture of each curve that was measured.
func drawAll(dir string, n numbers) error {
	for _, c := range curves() {
		m := n.of(c.name)
		if len(m.Points) < 2 {
			continue // not measured, or no curve
		}
		path := filepath.Join(dir, c.name+".svg")
		picture := c.draw(m)
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, picture) {
			continue
		}
		if err := os.WriteFile(path, picture, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (c curve) draw(m measured) []byte {
	wanted := c.panels
	if wanted == nil {
		wanted = usual
	}
	s := newSVG(panelWidth*float64(len(wanted)), panelHeight, c.title)
	s.text("title", begins, 10, 18, c.title)
	for i, name := range wanted {
		for _, p := range panels() {
			if p.name == name {
				c.drawPanel(s, m, p, panelWidth*float64(i))
			}
		}
	}
	return s.end()
}

// drawPanel draws axes from nothing up, then a line of medians with bars from the least to the greatest.
func (c curve) drawPanel(s *svg, m measured, p panel, at float64) {
	most := 0.0
	for _, l := range p.lines {
		for _, x := range m.Points {
			most = math.Max(most, x.Summary[l.measure].Max*p.times)
		}
	}
	ticks := ticksTo(most)
	y := func(v float64) float64 {
		return panelHeight - bottom - v/ticks[len(ticks)-1]*(panelHeight-top-bottom)
	}
	c.axes(s, m, p.title, at, ticks, y)
	for i, l := range p.lines {
		var places []place
		for _, x := range m.Points {
			v := x.Summary[l.measure]
			where := place{c.across(m, at, x.X), y(v.Median * p.times)}
			s.bar(l.class, where.x, y(v.Min*p.times), y(v.Max*p.times))
			places = append(places, where)
		}
		s.curve(l.class, places)
		s.text(l.class, ends, at+panelWidth-right, 34+12*float64(i), l.name)
	}
}

// axes are the grid, the ticks and what is along them.
func (c curve) axes(s *svg, m measured, title string, at float64, ticks []float64, y func(float64) float64) {
	s.text("", begins, at+10, 40, title)
	for _, t := range ticks {
		s.line("grid", at+left, y(t), at+panelWidth-right, y(t))
		s.text("", ends, at+left-6, y(t)+4, number(t))
	}
	s.line("axis", at+left, y(0), at+panelWidth-right, y(0))
	for _, x := range m.Points {
		s.line("axis", c.across(m, at, x.X), y(0), c.across(m, at, x.X), y(0)+4)
		s.text("", centred, c.across(m, at, x.X), y(0)+17, c.label(x.X))
	}
	s.text("", centred, at+(left+panelWidth-right)/2, y(0)+33, c.axis)
}

// across is where x is, between the curve's least and greatest.
func (c curve) across(m measured, at, x float64) float64 {
	scale := func(x float64) float64 {
		if c.log {
			return math.Log(x)
		}
		return x
	}
	first, last := scale(m.Points[0].X), scale(m.Points[len(m.Points)-1].X)
	const inside = 12
	return at + left + inside + (scale(x)-first)/(last-first)*(panelWidth-left-right-2*inside)
}

// label is what the curve's point at x is called.
func (c curve) label(x float64) string {
	for _, p := range c.points {
		if p.x == x {
			return p.name()
		}
	}
	return number(x)
}

// ticksTo are from 3 to 6 round numbers from 0 to most or a little beyond.
func ticksTo(most float64) []float64 {
	if most <= 0 {
		most = 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(most)))
	step := unit
	for _, s := range []float64{0.2, 0.5, 1, 2} {
		if step = s * unit; most/step <= 5 {
			break
		}
	}
	ticks := []float64{0}
	for i := 1; ticks[i-1] < most; i++ {
		ticks = append(ticks, math.Round(float64(i)*step*1e9)/1e9)
	}
	return ticks
}
