package spec

// This file shows a line of text and a caret under one of its characters, as a
// terminal shows them: by columns, of which a character takes none, one or two.

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	indentation = "    "
	mostBefore  = 60 // columns of a line that are shown before the caret
	mostAfter   = 40
	tabWidth    = 8 // at most
	dots        = "..."
)

// shown is a line as it is printed, and the line of the caret under it.
type shown struct{ line, caret string }

func (s shown) String() string { return s.line + "\n" + s.caret }

// cut shows the line with a caret under its byte at offset. The line begins with
// its first word, and what is far from the caret is left out.
func cut(line string, offset int) shown {
	offset = max(0, min(offset, len(line)))
	start := min(offset, len(line)-len(strings.TrimLeft(line, " \t")))
	before, after := line[start:offset], strings.TrimRight(line[offset:], " \t")
	left := lastColumns(before, mostBefore)
	right := firstColumns(after, mostAfter)
	text, pad := indentation, indentation
	if left != before {
		text, pad = text+dots, pad+strings.Repeat(" ", len(dots))
	}
	text += printable(left + right)
	if right != after {
		text += dots
	}
	return shown{text, pad + blank(left) + "^"}
}

// lastColumns is the end of text, of at most so many columns.
func lastColumns(text string, most int) string {
	wide := 0
	for _, c := range text {
		wide += width(c)
	}
	for wide > most {
		c, size := utf8.DecodeRuneInString(text)
		wide -= width(c)
		text = text[size:]
	}
	return text
}

// firstColumns is the beginning of text, of at most so many columns.
func firstColumns(text string, most int) string {
	for at, c := range text {
		if most -= width(c); most < 0 {
			return text[:at]
		}
	}
	return text
}

// blank is white space as wide as text: tabs stay, since how wide one is depends
// on where it stands.
func blank(text string) string {
	var b strings.Builder
	for _, c := range text {
		if c == '\t' {
			b.WriteRune(c)
			continue
		}
		b.WriteString(strings.Repeat(" ", width(c)))
	}
	return b.String()
}

// printable is text with a ? for what would steer a terminal.
func printable(text string) string {
	return strings.Map(func(c rune) rune {
		if c == '\t' || unicode.IsGraphic(c) {
			return c
		}
		return '?'
	}, text)
}

// width is how many columns c takes: none if it is set onto the one before, two
// if it is one of East Asia's wide characters or a picture.
func width(c rune) int {
	switch {
	case c == '\t':
		return tabWidth
	case c < 0x300:
		return 1
	case unicode.In(c, unicode.Mn, unicode.Me):
		return 0
	case 0xFF61 <= c && c <= 0xFFDC: // the narrow forms of wide letters
		return 1
	case unicode.In(c, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana, unicode.Bopomofo, unicode.Yi),
		0x3000 <= c && c <= 0x303E, 0xFF01 <= c && c <= 0xFFE6, 0x1F300 <= c && c <= 0x1FAFF:
		return 2
	}
	return 1
}
