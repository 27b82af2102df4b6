package spec

// This file follows YAML's block scalars: | keeps its lines, > folds them.

import (
	"regexp"
	"strings"
)

// blockHeader is the first line of a block scalar.
var blockHeader = regexp.MustCompile(`^([|>])[-+0-9]*[ \t]*(?:#[^\n]*?)?\r?\n`)

// block follows the block scalar at src[at:]. How far its lines are indented
// depends on the mapping that it is in, and on an indicator; the indentation by
// which the lines give the text is the right one, since any other leaves more or
// less white space.
func (t *trace) block(at int) int {
	header := blockHeader.FindStringSubmatch(t.src[at:])
	if header == nil {
		return t.lose()
	}
	start := at + len(header[0])
	for indent := range mostIndented(t.src[start:]) + 1 {
		t.from, t.lost = t.from[:0], false
		at := t.blockLines(start, indent, header[1] == ">")
		if !t.lost && t.done() {
			return at
		}
	}
	return t.lose()
}

// mostIndented is the indentation of the first line that has more than spaces.
func mostIndented(text string) int {
	for line := range strings.Lines(text) {
		if bare := strings.TrimLeft(line, " "); strings.TrimSpace(bare) != "" {
			return len(line) - len(bare)
		}
	}
	return 0
}

// blockLines follows the lines from src[at:] on, which are indented by indent,
// and returns where the last ends.
func (t *trace) blockLines(at, indent int, folded bool) int {
	var breaks []int // since the last line that had something
	end, first, wasSpaced := at, true, false
	for at < len(t.src) && !t.lost && !t.done() {
		start := at + min(indent, leading(t.src[at:], ' '))
		line, _, _ := strings.Cut(t.src[start:], "\n")
		next := start + len(line) + 1
		line = strings.TrimSuffix(line, "\r")
		if line == "" {
			breaks = append(breaks, start)
			at = next
			continue
		}
		if start < at+indent {
			break
		}
		spaced := line[0] == ' ' || line[0] == '\t'
		t.join(breaks, folded && !first && !wasSpaced && !spaced)
		for at = start; at < start+len(line) && !t.lost; {
			at = t.rune(at)
		}
		end, breaks = at, []int{at}
		first, wasSpaced, at = false, spaced, next
	}
	t.rest(breaks)
	return end
}

// join follows the breaks between two lines, which fold if neither begins with
// white space: one is a space, and of several the first is dropped.
func (t *trace) join(breaks []int, fold bool) {
	switch {
	case fold && len(breaks) == 1:
		t.put(" ", breaks[0])
		return
	case fold:
		breaks = breaks[:len(breaks)-1]
	}
	t.rest(breaks)
}

// rest follows as many of breaks as the text has.
func (t *trace) rest(breaks []int) {
	for _, b := range breaks {
		if t.done() {
			return
		}
		t.put("\n", b)
	}
}

// leading is how many c s begins with.
func leading(s string, c byte) int {
	n := 0
	for n < len(s) && s[n] == c {
		n++
	}
	return n
}
