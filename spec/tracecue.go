package spec

// This file follows the strings of CUE, and of JSON, whose strings are among
// them: "...", with escapes, on several lines between """, and both with #.

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// cue follows the string at src[at:], and returns the offset of its closing quote.
// It may be in parentheses or the marked one of alternatives.
func (t *trace) cue(at int) int {
	at = len(t.src) - len(strings.TrimLeft(t.src[at:], "*( \t"))
	open := at + leading(t.src[at:], '#')
	hash := t.src[at:open]
	line, rest, _ := strings.Cut(t.src[open:], "\n")
	switch {
	case strings.TrimSuffix(line, "\r") == `"""`:
		return t.cueLines(open+len(line)+1, rest, hash)
	case strings.HasPrefix(line, `"`):
		return t.cueLine(open+1, hash)
	}
	return t.lose()
}

// cueLine follows a string on one line, from behind its opening quote.
func (t *trace) cueLine(at int, hash string) int {
	for at < len(t.src) && !t.lost {
		switch rest := t.src[at:]; {
		case strings.HasPrefix(rest, `"`+hash):
			return at
		case rest[0] == '\n':
			return t.lose()
		default:
			at = t.cueChar(at, hash)
		}
	}
	return t.lose()
}

// cueLines follows a string on several lines, the first of which begins at
// src[at:]. Each begins with what stands before the closing quotes, or is empty.
func (t *trace) cueLines(at int, rest, hash string) int {
	indent, ok := closing(rest, `"""`+hash)
	if !ok {
		return t.lose()
	}
	before := -1 // where the line before ended: the break before the quotes is none of the text
	for at < len(t.src) && !t.lost {
		start := at
		at += commonPrefix(t.src[at:], indent)
		if strings.HasPrefix(t.src[at:], `"""`+hash) && at == start+len(indent) {
			return max(before, 0)
		}
		if before >= 0 {
			t.put("\n", before)
		}
		for at < len(t.src) && breakSize(t.src[at:]) == 0 && !t.lost {
			at = t.cueChar(at, hash)
		}
		before = at
		at += breakSize(t.src[at:])
	}
	return t.lose()
}

// closing is the white space before the first quotes that begin a line.
func closing(text, quotes string) (indent string, ok bool) {
	for line := range strings.Lines(text) {
		bare := strings.TrimLeft(line, " \t")
		if strings.HasPrefix(bare, quotes) {
			return line[:len(line)-len(bare)], true
		}
	}
	return "", false
}

// cueChar follows one character, or an escape, which begins with \ and hash.
func (t *trace) cueChar(at int, hash string) int {
	escape, ok := strings.CutPrefix(t.src[at:], `\`+hash)
	switch {
	case t.src[at] == '\r':
		return at + 1
	case !ok:
		return t.rune(at)
	}
	s, size := cueEscape(escape, hash)
	if size == 0 {
		return t.lose()
	}
	t.put(s, at)
	return at + 1 + len(hash) + size
}

var cueEscapes = map[byte]string{'a': "\a", 'b': "\b", 'f': "\f", 'n': "\n", 'r': "\r", 't': "\t", 'v': "\v",
	'/': "/", '\\': "\\", '"': `"`}

// hexEscapes are the lengths of escapes by number.
var hexEscapes = map[byte]int{'x': 2, 'u': 4, 'U': 8}

// cueEscape is what the escape means that stands in s without its \ and hash,
// and its length; 0 for none.
func cueEscape(s, hash string) (string, int) {
	if s == "" {
		return "", 0
	}
	if plain, ok := cueEscapes[s[0]]; ok {
		return plain, 1
	}
	if high := codeUnit(s); utf16.IsSurrogate(high) {
		low := codeUnit(strings.TrimPrefix(s[len("uXXXX"):], `\`+hash))
		if r := utf16.DecodeRune(high, low); r != utf8.RuneError {
			return string(r), len("uXXXX") + len(`\`+hash) + len("uXXXX")
		}
	}
	return hexEscape(s)
}

// codeUnit is the XXXX of the uXXXX that s begins with, or 0.
func codeUnit(s string) rune {
	if len(s) < len("uXXXX") || s[0] != 'u' {
		return 0
	}
	n, _ := strconv.ParseUint(s[1:len("uXXXX")], 16, 16)
	return rune(n)
}

// hexEscape is the character that the xXX, uXXXX or UXXXXXXXX at the start of s
// stands for, and its length; 0 for none.
func hexEscape(s string) (string, int) {
	digits := hexEscapes[s[0]]
	if digits == 0 || len(s) <= digits {
		return "", 0
	}
	n, err := strconv.ParseUint(s[1:1+digits], 16, 32)
	if err != nil || !utf8.ValidRune(rune(n)) {
		return "", 0
	}
	return string(rune(n)), 1 + digits
}

// breakSize is the length of the line break that s begins with, 0 for none.
func breakSize(s string) int {
	switch {
	case strings.HasPrefix(s, "\n"):
		return 1
	case strings.HasPrefix(s, "\r\n"):
		return 2
	}
	return 0
}

// commonPrefix is how many bytes a and b begin with together.
func commonPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

func runeSize(s string) int {
	_, size := utf8.DecodeRuneInString(s)
	return size
}
