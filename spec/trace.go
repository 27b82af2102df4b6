package spec

// This file finds out which character of a file stands for which of a text: a
// text in quotes has escapes, one on several lines has indentation, and what a
// user is shown is the place in their own file. The text is known, since CUE has
// read it; so a literal is only followed, byte by byte, as long as it gives that
// text. One that gives another is not where the text came from.

import "strings"

// trace follows one literal.
type trace struct {
	src  string // of the file, from the start of the line that the literal begins on
	text string // what the literal must mean
	from []int  // of each byte of text so far, the offset in src of the character that stands for it
	lost bool   // the literal means something else
}

// follow gives, for the literal at src[at:] in a file of kind k, the offset in
// src of each byte of text and, last, of its end; nil if no one literal there
// means text.
func follow(k kind, src string, at int, text string) []int {
	t := &trace{src: src, text: text, from: make([]int, 0, len(text)+1)}
	if at < 0 || at > len(src) {
		return nil
	}
	literal := t.cue
	if k == yamlKind {
		literal = t.yaml
	}
	end := literal(at)
	if t.lost || len(t.from) != len(text) {
		return nil
	}
	return append(t.from, t.end(end))
}

// end is where the end of the text is shown, if the literal ends at offset at:
// behind the last line that has something, rather than in front of the next.
func (t *trace) end(at int) int {
	if last := len(strings.TrimRight(t.text, "\n")); last < len(t.text) {
		return t.from[last]
	}
	return at
}

// put says that the character at src[at] stands for s.
func (t *trace) put(s string, at int) {
	if t.lost = t.lost || !strings.HasPrefix(t.text[len(t.from):], s); t.lost {
		return
	}
	for range len(s) {
		t.from = append(t.from, at)
	}
}

// done tells that the literal has given the whole text.
func (t *trace) done() bool { return len(t.from) == len(t.text) }

// rune puts the character at src[at] as it is, and returns the offset of the next.
func (t *trace) rune(at int) int {
	size := runeSize(t.src[at:])
	t.put(t.src[at:at+size], at)
	return at + size
}

// lose says that the literal is none that means the text.
func (t *trace) lose() int {
	t.lost = true
	return 0
}
