package expression

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser/lexer"
)

// This file says in plain words what expr's parser could not read.

// syntaxError rewrites the parser's error, of which it gives one.
func syntaxError(src string, err error) *Error {
	var e *file.Error
	if !errors.As(err, &e) {
		return &Error{Msg: "this cannot be read as an expression"}
	}
	s := scan(src)
	at := s.offsets[min(max(e.From, 0), len(s.offsets)-1)]
	if strings.Contains(e.Message, "maximum allowed nodes") {
		return &Error{Offset: at, Msg: tooMany}
	}
	if s.wrong != nil {
		return s.lexical(s.wrong)
	}
	if strings.HasPrefix(e.Message, "Operator (") {
		return &Error{at, "?? with another operator needs parentheses, to show what stands in for what: (a ?? b) + c, or a ?? (b + c)"}
	}
	if t, ok := s.badNumber(); ok && strings.Contains(e.Message, "literal") {
		return &Error{s.at(t), fmt.Sprintf("%s is no number of 64 bits; want one up to 1.8e308, those above 9.2e18 with an exponent", t.Value)}
	}
	if strings.HasPrefix(e.Message, "expected name") {
		return s.nameless(at)
	}
	if strings.Contains(e.Message, "token EOF") || strings.HasPrefix(e.Message, "unexpected end") {
		return s.unfinished()
	}
	return s.unexpected(at)
}

// lexical explains what is no token at all.
func (s *scanned) lexical(e *file.Error) *Error {
	at := s.offsets[min(max(e.From, 0), len(s.offsets)-1)]
	begin := s.next()
	switch {
	case strings.HasPrefix(e.Message, "literal not terminated"):
		return &Error{begin, fmt.Sprintf("this text has no end; want a second %c", rune(s.src[min(begin, len(s.src)-1)]))}
	case strings.HasPrefix(e.Message, "bad number"):
		return &Error{begin, fmt.Sprintf("%s is neither a number nor a name; a name begins with a letter or _", word(s.src[begin:]))}
	case strings.HasPrefix(e.Message, "invalid char escape"), strings.HasPrefix(e.Message, "unable to unescape"):
		return &Error{at, "this is no escape in a text; want \\\\, \\\", \\', \\n, \\t, \\u263a, or the text between backticks, where \\ is itself"}
	}
	if at < len(s.src) {
		return &Error{at, fmt.Sprintf("unexpected %c", []rune(s.src[at:])[0])}
	}
	return &Error{at, "this cannot be read as an expression"}
}

// unexpected explains a token that cannot stand where it does.
func (s *scanned) unexpected(at int) *Error {
	i := slices.IndexFunc(s.tokens, func(t lexer.Token) bool { return s.at(t) >= at })
	if i < 0 {
		return s.unfinished()
	}
	for first := max(0, i-1); first <= i; first++ {
		if hint, ok := s.hint(first, i); ok {
			return &Error{s.at(s.tokens[first]), hint}
		}
	}
	t := s.tokens[i]
	switch {
	case i > 0 && s.tokens[i-1].Is(lexer.Identifier, "if"):
		return &Error{s.at(s.tokens[i-1]), "if is not in the language; want condition ? a : b"}
	case t.Is(lexer.Bracket, ")", "]", "}") && !s.opened(i):
		return &Error{s.at(t), fmt.Sprintf("this %s closes nothing", t.Value)}
	case i > 0 && ends(s.tokens[i-1]) && starts(t):
		return &Error{s.at(t), fmt.Sprintf("unexpected %s after %s; want an operator between them", s.shown(i), s.shown(i-1))}
	case i == 0 || !ends(s.tokens[i-1]):
		return &Error{s.at(t), fmt.Sprintf("unexpected %s; want a value here", s.shown(i))}
	}
	return &Error{s.at(t), fmt.Sprintf("unexpected %s after %s", s.shown(i), s.shown(i-1))}
}

// unfinished explains an end that comes too soon.
func (s *scanned) unfinished() *Error {
	n := len(s.tokens)
	open := s.brackets(n)
	if len(open) > 0 && ends(s.tokens[n-1]) {
		last := open[len(open)-1]
		return &Error{s.at(last), fmt.Sprintf("this %s is never closed; want a %s", last.Value, closing[last.Value])}
	}
	if n == 0 {
		return &Error{0, "there is no expression; want one, such as value0 > 3"}
	}
	if i := slices.IndexFunc(s.tokens, func(t lexer.Token) bool { return hints[t.Value] != "" && t.Is(lexer.Operator, "let", "#") }); i >= 0 {
		return s.unexpected(s.at(s.tokens[i]))
	}
	if s.tokens[n-1].Is(lexer.Operator, ".", "?.") {
		return s.nameless(len(s.src))
	}
	return &Error{s.end(s.tokens[n-1]), "the expression ends too soon; " + s.wanted(n-1)}
}

// wanted says what would go on after the last token.
func (s *scanned) wanted(i int) string {
	is := func(t lexer.Token, what string) bool { return t.Is(lexer.Operator, what) }
	switch {
	case !ends(s.tokens[i]):
		return "want a value after " + s.shown(i)
	case i > 0 && is(s.tokens[i-1], "|"):
		return fmt.Sprintf("want %s(): | passes a value to a function", s.shown(i))
	case slices.ContainsFunc(s.tokens, func(t lexer.Token) bool { return is(t, "?") }):
		return "want : and a value for when the condition does not hold"
	}
	return "want more after " + s.shown(i)
}

// nameless explains a . that no name follows.
func (s *scanned) nameless(at int) *Error {
	for i := len(s.tokens) - 1; i >= 0; i-- {
		if t := s.tokens[i]; t.Is(lexer.Operator, ".", "?.") && s.at(t) <= at {
			return &Error{s.end(t), fmt.Sprintf("want a name after this %s, as in a.b", t.Value)}
		}
	}
	return s.unexpected(at)
}

// hint explains what other languages write with the token first alone, where it
// is the unexpected one, or with the one that touches it.
func (s *scanned) hint(first, unexpected int) (hint string, ok bool) {
	t := s.tokens[first]
	if first+1 < len(s.tokens) && s.tokens[first+1].From == t.To && t.Is(lexer.Operator) {
		if hint, ok = hints[t.Value+s.tokens[first+1].Value]; ok {
			return hint, true
		}
	}
	hint, ok = hints[t.Value]
	return hint, ok && first == unexpected && t.Kind != lexer.String
}

// hints are for what other languages have.
var hints = map[string]string{
	"=":   "= is not in the language; want == to compare",
	"=>":  "=> is not in the language; want >= to compare",
	"=<":  "=< is not in the language; want <= to compare",
	"<>":  "<> is not in the language; want !=",
	"&":   "& is not in the language; want && or and",
	"|":   "| passes a value to a function, as in x | abs(); want || or or between conditions",
	";":   "this ends one expression and begins another; want one",
	"{":   "braces are not in the language; want condition ? a : b to choose",
	"#":   "# is not in the language, which has no arrays to run over",
	"..":  "ranges are not in the language; want comparisons, as in 1 <= x <= 5",
	"let": "let is not in the language; want a derived field of that name, or the expression itself",
}

var closing = map[string]string{"(": ")", "[": "]", "{": "}"}
