package spec

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

// encoder writes texts in one style of literal, and knows where it puts each
// character.
type encoder struct {
	*rand.Rand
	ends string // of lines, in the end; until then they are line feeds
	out  []byte // the file so far
	at   []int  // of each byte of the text so far, and in the end of its end
}

// put writes what stands for c.
func (e *encoder) put(c rune, s string) {
	for range utf8.RuneLen(c) {
		e.at = append(e.at, len(e.out))
	}
	e.add(s)
}

func (e *encoder) add(s string) { e.out = append(e.out, s...) }

func (e *encoder) chance(percent int) bool { return e.IntN(100) < percent }

// text is random: words of letters, with what the style finds hard among them.
func (e *encoder) text(hard []rune) []rune {
	letters := []rune("abcxyz0189+-*/()<>=.&|$é°世界😀\u0301ß")
	text := []rune{'v'}
	for n := e.IntN(30); len(text) < n; {
		c := letters[e.IntN(len(letters))]
		if e.chance(30) {
			c = hard[e.IntN(len(hard))]
		}
		text = append(text, c)
	}
	return append(text, 'w')
}

// lone tells that text[i] has no white space beside it.
func lone(text []rune, i int) bool {
	return i > 0 && i+1 < len(text) && !strings.ContainsRune(" \t\n", text[i-1]) && !strings.ContainsRune(" \t\n", text[i+1])
}

const deeper = "\n        " // a line break inside a value

// style is one way to write a text in a file.
type style struct {
	name, ext string
	block     bool // not within a line
	hard      string
	write     func(*encoder, []rune)
}

var styles = []style{
	{"plain", ".yaml", false, " '\"\\#!:", func(e *encoder, text []rune) {
		text = plainRunes(text)
		for _, c := range text {
			e.put(c, string(c))
		}
		e.at = append(e.at, len(e.out))
	}},
	{"plain lines", ".yaml", true, " \n'\"\\#!:,[]{}", func(e *encoder, text []rune) {
		e.folded(plainRunes(text), func(c rune) { e.put(c, string(c)) })
		e.at = append(e.at, len(e.out))
	}},
	{"single", ".yaml", false, " \t'\"\\#!:,[]{}", func(e *encoder, text []rune) {
		e.add("'")
		e.folded(text, e.single)
		e.at = append(e.at, len(e.out))
		e.add("'")
	}},
	{"single lines", ".yaml", true, " \n\t'\"\\#!:,[]{}", func(e *encoder, text []rune) {
		e.add("'")
		e.folded(tidy(text), e.single)
		e.at = append(e.at, len(e.out))
		e.add("'")
	}},
	{"double", ".yaml", false, " \t\n\r\x01\u0085\u2028\u00a0'\"\\#!:,[]{}", func(e *encoder, text []rune) {
		e.add(`"`)
		for _, c := range text {
			e.double(c, false)
		}
		e.at = append(e.at, len(e.out))
		e.add(`"`)
	}},
	{"double lines", ".yaml", true, " \n\t\r'\"\\#!:,[]{}", func(e *encoder, text []rune) {
		e.add(`"`)
		broken := false
		for i, c := range text {
			switch {
			case c == ' ' && lone(text, i) && !broken && e.chance(30):
				e.put(c, deeper)
				broken = true
				continue
			case e.chance(10):
				e.add(`\` + deeper)
				broken = true
			}
			e.double(c, broken)
			broken = false
		}
		e.at = append(e.at, len(e.out))
		e.add(`"`)
	}},
	{"block", ".yaml", true, " \n\n\t'\"\\#!:,[]{}", func(e *encoder, text []rune) {
		text = e.header('|', text)
		for i, c := range text {
			e.put(c, strings.ReplaceAll(string(c), "\n", breakAfter(text, i)))
		}
		e.endBlock(text)
	}},
	{"folded", ".yaml", true, "   \n\t'\"\\#!:,[]{}", func(e *encoder, text []rune) {
		text = e.header('>', text)
		e.foldedLines(text)
		e.endBlock(text)
	}},
	{"json", ".json", false, " \t\n\r\x01'\"\\/#!:,[]{}", func(e *encoder, text []rune) {
		e.add(`"`)
		for _, c := range text {
			e.cueChar(c, "", c < ' ', "uj")
		}
		e.at = append(e.at, len(e.out))
		e.add(`"`)
	}},
	{"cue", ".cue", false, " \t\n\r\x01'\"\\/#!:,[]{}", cueLine("")},
	{"cue #", ".cue", false, " \t\n\r\x01'\"\\/#!:,[]{}", cueLine("#")},
	{"cue ##", ".cue", false, " \t\n\r\x01'\"\\/#!:,[]{}", cueLine("##")},
	{"cue lines", ".cue", true, " \t\n\r\x01'\"\\/#!:,[]{}", cueLines("")},
	{"cue lines #", ".cue", true, " \t\n\r\x01'\"\\/#!:,[]{}", cueLines("#")},
}

// plainRunes leaves out what ends a plain scalar.
func plainRunes(text []rune) []rune {
	s := string(tidy(text))
	for _, bad := range []string{": ", " #", ":\n", "\n#"} {
		s = strings.ReplaceAll(s, bad, "_")
	}
	return []rune(strings.ReplaceAll(s, "\t", "_"))
}

// tidy has no white space beside line breaks.
func tidy(text []rune) []rune {
	var tidied []rune
	for i, c := range text {
		if (c == ' ' || c == '\t') && (text[i-1] == '\n' || text[i+1] == '\n') || c == '\n' && (text[i-1] == ' ' || text[i-1] == '\t') {
			c = '_'
		}
		tidied = append(tidied, c)
	}
	return tidied
}

// folded writes line breaks as one more, and some lone spaces as one.
func (e *encoder) folded(text []rune, char func(rune)) {
	for i, c := range text {
		switch {
		case c == '\n':
			e.put(c, deeper)
			if text[i+1] != '\n' {
				e.add(deeper)
			}
		case c == ' ' && lone(text, i) && text[i+1] != '#' && strings.ContainsRune(string(text), '\n') && e.chance(50):
			e.put(c, deeper)
		default:
			char(c)
		}
	}
}

func (e *encoder) single(c rune) { e.put(c, strings.ReplaceAll(string(c), "'", "''")) }

func (e *encoder) double(c rune, mustEscape bool) {
	escapes := map[rune][]string{'\n': {`\n`, `\x0a`}, '\t': {`\t`, "\\\t"}, '\r': {`\r`}, ' ': {`\ `, `\x20`}, '"': {`\"`}, '\\': {`\\`},
		'\u0085': {`\N`}, '\u2028': {`\L`}, '\u00a0': {`\_`}}
	raw := c >= ' ' && !strings.ContainsRune("\"\\\u0085\u2028", c) && !(mustEscape && c == ' ')
	switch list := escapes[c]; {
	case raw && e.chance(80):
		e.put(c, string(c))
	case len(list) > 0 && e.chance(80):
		e.put(c, list[e.IntN(len(list))])
	case c < 0x10000:
		e.put(c, fmt.Sprintf(`\u%04x`, c))
	default:
		e.put(c, fmt.Sprintf(`\U%08X`, c))
	}
}

// header begins a block scalar, and gives it line breaks at its end at random.
func (e *encoder) header(kind byte, text []rune) []rune {
	if e.chance(30) {
		text = append([]rune([]string{" ", "\n", "  \n", "\t"}[e.IntN(4)]), text...)
	}
	breaks := e.IntN(3)
	text = append(text, []rune(strings.Repeat("\n", breaks))...)
	indicators := []string{"-", "", "+"}[breaks]
	if strings.ContainsRune(" \n\t", text[0]) || e.chance(30) {
		if e.chance(50) {
			indicators = "2" + indicators
		} else {
			indicators += "2"
		}
	}
	e.add(string(kind) + indicators)
	if e.chance(30) {
		e.add(" # why not")
	}
	e.add(deeper)
	return text
}

// foldedLines writes text for >, where lines that begin with white space keep
// their breaks, and so do those before them.
func (e *encoder) foldedLines(text []rune) {
	start := true // of a line
	spaced, before := false, true
	for i, c := range text {
		if start && c != '\n' {
			spaced, start = c == ' ' || c == '\t', false
		}
		switch {
		case c == '\n':
			start = true
			e.put(c, breakAfter(text, i))
			next := strings.TrimLeft(string(text[i:]), "\n")
			if text[max(i-1, 0)] != '\n' && i > 0 {
				before = spaced
			}
			last := i+1 < len(text) && text[i+1] != '\n'
			if last && !before && next[0] != ' ' && next[0] != '\t' && strings.TrimLeft(string(text[:i]), "\n") != "" {
				e.add(deeper)
			}
		case c == ' ' && lone(text, i) && !spaced && e.chance(50):
			e.put(c, deeper)
		default:
			e.put(c, string(c))
		}
	}
}

// breakAfter is the line break that stands for text[i]; the last comes with what
// follows the block.
func breakAfter(text []rune, i int) string {
	if i+1 == len(text) {
		return ""
	}
	return deeper
}

// endBlock notes the end: behind the last line that has something.
func (e *encoder) endBlock(text []rune) {
	s := string(text)
	if bare := strings.TrimRight(s, "\n"); bare != s {
		e.at = append(e.at, e.at[len(bare)])
		return
	}
	e.at = append(e.at, len(e.out))
}

func cueLine(hash string) func(*encoder, []rune) {
	return func(e *encoder, text []rune) {
		e.add(hash + `"`)
		for _, c := range text {
			e.cueChar(c, hash, c == '\n' || c == '\r' || c == '"' || c == '\\', "uU")
		}
		e.at = append(e.at, len(e.out))
		e.add(`"` + hash)
	}
}

func cueLines(hash string) func(*encoder, []rune) {
	return func(e *encoder, text []rune) {
		e.add(hash + `"""` + deeper)
		for i, c := range text {
			switch {
			case c == '\n' && i+1 < len(text) && text[i+1] == '\n' && e.ends == "\n" && e.chance(50):
				e.put(c, "\n") // an empty line need not be indented
				e.put('\n', deeper)
			case c == '\n' && e.chance(70):
				e.put(c, deeper)
			default:
				e.cueChar(c, hash, c == '\n' || c == '\r' || c == '"' || c == '\\', "uU")
			}
		}
		e.at = append(e.at, len(e.out))
		e.add(deeper + `"""` + hash)
	}
}

// cueChar writes c as it is, or by an escape: one for control characters, or
// numbers; in JSON, which has no U, by two for what does not fit in one.
func (e *encoder) cueChar(c rune, hash string, mustEscape bool, numbers string) {
	escapes := map[rune]string{'\n': "n", '\t': "t", '\r': "r", '"': `"`, '\\': `\`, '/': "/"}
	mustEscape = mustEscape || c == '"' || c == '\\'
	escape := escapes[c]
	switch {
	case !mustEscape && e.chance(80):
		e.put(c, string(c))
	case escape != "" && e.chance(80):
		e.put(c, `\`+hash+escape)
	case c < 0x10000:
		e.put(c, fmt.Sprintf(`\%su%04X`, hash, c))
	case numbers == "uj" || e.chance(50):
		e.put(c, fmt.Sprintf(`\%su%04x\%[1]su%04[3]x`, hash, 0xD800+(c-0x10000)>>10, 0xDC00+(c-0x10000)&0x3FF))
	default:
		e.put(c, fmt.Sprintf(`\%sU%08x`, hash, c))
	}
}

// perFile is how many texts a file has.
const perFile = 200

// byteOrder is what a file may begin with.
var byteOrder = [2]string{"", "\ufeff"}

// file writes many texts in one file; all in one line, where the style can.
func (s style) file(e *encoder, within bool) (at [][]int) {
	open, separate, end := "pipelines:\n  p:\n    source: a\n    window: 1s\n    aggregates:", "\n      ", "\n"
	switch {
	case s.ext != ".yaml":
		open, separate, end = `{"pipelines": {"p": {"source": "a", "window": "1s", "aggregates": {`, "\n\t", "}}}}\n"
	case within:
		open, separate, end = "pipelines: {p: {source: a, window: 1s, aggregates: {", " ", "}}}\n"
	}
	if within {
		separate = " "
	}
	e.add(open)
	for i := range perFile {
		key := fmt.Sprintf("a%d: ", i)
		if s.ext == ".json" {
			key = fmt.Sprintf(`"a%d": `, i)
		}
		if i > 0 && (within || s.ext == ".json") {
			e.add(",")
		}
		e.add(separate + key)
		if s.ext == ".yaml" && e.chance(20) {
			e.add([]string{"&x ", "!!str ", "! ", "&y !!str ", "!!str &y  "}[e.IntN(5)])
		}
		text := e.text([]rune(s.hard))
		e.at = nil
		s.write(e, text)
		at = append(at, e.at)
	}
	e.add(end)
	return at
}

// Every character of a random text, written in every way, is found where it was
// put: in files with line feeds alone and with carriage returns too, with and
// without a byte order mark.
func TestErrorAt(t *testing.T) {
	for _, s := range styles {
		for _, within := range []bool{false, true} {
			if within && s.block {
				continue
			}
			for _, ends := range []string{"\n", "\r\n"} {
				t.Run(fmt.Sprintf("%s,%v,%q", s.name, within, ends), func(t *testing.T) {
					e := &encoder{Rand: rand.New(rand.NewPCG(1, 2)), ends: ends}
					s.check(t, e, s.file(e, within))
				})
			}
		}
	}
}

func (s style) check(t *testing.T, e *encoder, at [][]int) {
	t.Helper()
	name, file := "a"+s.ext, string(e.out)
	write(t, map[string]string{name: byteOrder[len(file)%2] + strings.ReplaceAll(file, "\n", e.ends)})
	loaded, err := Load([]string{name}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := loaded.Pipelines[0]
	for i, n := range p.Aggregates {
		if len(at[i]) != len(n.Text)+1 {
			t.Fatalf("%d: the test writes %d bytes, and CUE reads %q\n%s", i, len(at[i])-1, n.Text, file[at[i][0]:at[i][len(at[i])-1]])
		}
		for offset := range len(n.Text) + 1 {
			line, column := lineAt(file, at[i][offset])
			want := fmt.Sprintf("%s:%d:%d", name, 1+strings.Count(file[:at[i][offset]], "\n"), column+1)
			got := p.ErrorAt("aggregates."+n.Name, offset, "wrong")
			if got.Pos.String() != want || got.Source != line || got.Text != "" {
				t.Fatalf("byte %d of %q: got %v\nwant it at %s", offset, n.Text, got, want)
			}
		}
	}
}
