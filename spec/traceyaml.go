package spec

// This file follows the scalars of YAML that end by themselves: plain, 'single'
// and "double", on one line or folded on several.

import (
	"regexp"
	"strings"
)

// properties is an anchor or a tag, and what may stand between it and the scalar.
var properties = regexp.MustCompile(`^[&!][^ \t\r\n]*(?:[ \t]|\r?\n|(?:[ \t]|\n)#[^\n]*)+`)

// yaml follows the scalar at src[at:], and returns where its content ends.
func (t *trace) yaml(at int) int {
	for {
		size := len(properties.FindString(t.src[at:]))
		if size == 0 {
			break
		}
		at += size
	}
	switch rest := t.src[at:]; {
	case strings.HasPrefix(rest, "'"):
		return t.single(at + 1)
	case strings.HasPrefix(rest, `"`):
		return t.double(at + 1)
	case strings.HasPrefix(rest, "|"), strings.HasPrefix(rest, ">"):
		return t.block(at)
	}
	return t.plain(at)
}

// afterPlain is what may stand behind a plain scalar; a key's colon may not.
var afterPlain = regexp.MustCompile(`^[ \t]*(?:$|\r?\n|[\]},])|^[ \t]+#`)

func (t *trace) plain(at int) int {
	for at < len(t.src) && !t.lost && !t.done() {
		if isBlank(t.src[at]) {
			at = t.fold(at)
		} else {
			at = t.rune(at)
		}
	}
	if !afterPlain.MatchString(t.src[at:]) {
		t.lost = true
	}
	return at
}

func (t *trace) single(at int) int {
	for at < len(t.src) && !t.lost {
		switch rest := t.src[at:]; {
		case strings.HasPrefix(rest, "''"):
			t.put("'", at)
			at += 2
		case rest[0] == '\'':
			return at
		case isBlank(rest[0]):
			at = t.fold(at)
		default:
			at = t.rune(at)
		}
	}
	return t.lose()
}

func (t *trace) double(at int) int {
	for at < len(t.src) && !t.lost {
		switch c := t.src[at]; {
		case c == '"':
			return at
		case c == '\\':
			at = t.yamlEscape(at)
		case isBlank(c):
			at = t.fold(at)
		default:
			at = t.rune(at)
		}
	}
	return t.lose()
}

// fold follows white space: as it is within a line; around line breaks as one
// space, or as the breaks but the first.
func (t *trace) fold(at int) int {
	next, breaks := blanks(t.src, at)
	switch len(breaks) {
	case 0:
		for ; at < next; at++ {
			t.put(t.src[at:at+1], at)
		}
	case 1:
		t.put(" ", at)
	default:
		for _, b := range breaks[:len(breaks)-1] {
			t.put("\n", b)
		}
	}
	return next
}

// blanks is where the white space at src[at:] ends, and where its lines do.
func blanks(src string, at int) (end int, breaks []int) {
	for at < len(src) && isBlank(src[at]) {
		if size := breakSize(src[at:]); size > 0 {
			breaks = append(breaks, at)
			at += size - 1
		}
		at++
	}
	return at, breaks
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

var yamlEscapes = map[byte]string{'0': "\x00", 'a': "\a", 'b': "\b", 't': "\t", '\t': "\t", 'n': "\n", 'v': "\v",
	'f': "\f", 'r': "\r", 'e': "\x1b", ' ': " ", '"': `"`, '\'': "'", '\\': "\\",
	'N': "\u0085", '_': "\u00a0", 'L': "\u2028", 'P': "\u2029"}

// yamlEscape follows the escape at src[at:]. An escaped line break is nothing, but
// empty lines after it count.
func (t *trace) yamlEscape(at int) int {
	rest := t.src[at+1:]
	if breakSize(rest) > 0 {
		next, breaks := blanks(t.src, at+1)
		for _, b := range breaks[1:] {
			t.put("\n", b)
		}
		return next
	}
	if rest == "" {
		return t.lose()
	}
	if plain, ok := yamlEscapes[rest[0]]; ok {
		t.put(plain, at)
		return at + 2
	}
	s, size := hexEscape(rest)
	if size == 0 {
		return t.lose()
	}
	t.put(s, at)
	return at + 1 + size
}
