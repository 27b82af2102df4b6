package main

import (
	"fmt"
	"html"
	"strconv"
	"strings"
)

// svg is a picture that is being written, in units of a pixel. It has a ground of its own, light or dark as the reader
// likes it, so that it can be read on any page.
type svg struct {
	b strings.Builder
}

const style = `
  .ground { fill: #ffffff } .grid { stroke: #d8dee4 } .axis { stroke: #6e7781 } text { fill: #24292f }
  .a { stroke: #0969da; fill: #0969da } .b { stroke: #bc4c00; fill: #bc4c00 } polyline { fill: none !important; stroke-width: 2 }
  text { font: 11px sans-serif; stroke: none !important } .title { font-weight: bold; font-size: 13px }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117 } .grid { stroke: #30363d } .axis { stroke: #8b949e } text { fill: #e6edf3 }
    .a { stroke: #58a6ff; fill: #58a6ff } .b { stroke: #f0883e; fill: #f0883e }
  }
`

func newSVG(width, height float64, title string) *svg {
	s := &svg{}
	fmt.Fprintf(&s.b, `<svg xmlns="http://www.w3.org/2000/svg" width="%[1]s" height="%[2]s" viewBox="0 0 %[1]s %[2]s" role="img">`+"\n", unit(width), unit(height))
	fmt.Fprintf(&s.b, "<title>%s</title>\n<style>%s</style>\n", html.EscapeString(title), style)
	fmt.Fprintf(&s.b, `<rect class="ground" width="%s" height="%s"/>`+"\n", unit(width), unit(height))
	return s
}

// line is of a class that the style knows.
func (s *svg) line(class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(&s.b, `<line class="%s" x1="%s" y1="%s" x2="%s" y2="%s"/>`+"\n", class, unit(x1), unit(y1), unit(x2), unit(y2))
}

// place is a point of the picture.
type place struct{ x, y float64 }

// curve joins places, and marks each.
func (s *svg) curve(class string, places []place) {
	var points []string
	for _, p := range places {
		points = append(points, unit(p.x)+","+unit(p.y))
	}
	fmt.Fprintf(&s.b, `<polyline class="%s" points="%s"/>`+"\n", class, strings.Join(points, " "))
	for _, p := range places {
		fmt.Fprintf(&s.b, `<circle class="%s" cx="%s" cy="%s" r="3"/>`+"\n", class, unit(p.x), unit(p.y))
	}
}

// bar spans from the least to the greatest value at x.
func (s *svg) bar(class string, x, least, greatest float64) {
	s.line(class, x, least, x, greatest)
	s.line(class, x-3, least, x+3, least)
	s.line(class, x-3, greatest, x+3, greatest)
}

// Where a text begins, is in the middle, or ends.
const (
	begins  = "start"
	centred = "middle"
	ends    = "end"
)

func (s *svg) text(class, anchor string, x, y float64, text string) {
	if class != "" {
		class = ` class="` + class + `"`
	}
	fmt.Fprintf(&s.b, `<text%s text-anchor="%s" x="%s" y="%s">%s</text>`+"\n", class, anchor, unit(x), unit(y), html.EscapeString(text))
}

// end gives the whole picture.
func (s *svg) end() []byte { return []byte(s.b.String() + "</svg>\n") }

// unit has a tenth of a pixel at most.
func unit(x float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(x, 'f', 1, 64), ".0")
}
