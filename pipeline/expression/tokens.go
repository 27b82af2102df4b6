package expression

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser/lexer"
)

// This file cuts a source into expr's tokens, to find what its parser stumbled
// over.

// scanned is a source cut into tokens.
type scanned struct {
	src     string
	offsets []int
	tokens  []lexer.Token // without the end
	wrong   *file.Error   // what the scanner stopped at
}

func scan(src string) *scanned {
	s := &scanned{src: src, offsets: offsets(src)}
	l := lexer.New()
	l.DisableIfOperator = true
	l.Reset(file.NewSource(src))
	for {
		t, err := l.Next()
		if errors.As(err, &s.wrong) || err != nil || t.Is(lexer.EOF) {
			return s
		}
		s.tokens = append(s.tokens, t)
	}
}

func (s *scanned) at(t lexer.Token) int { return s.offsets[min(t.From, len(s.offsets)-1)] }

func (s *scanned) end(t lexer.Token) int { return s.offsets[min(t.To, len(s.offsets)-1)] }

// next is where the token begins that the scanner stopped in.
func (s *scanned) next() int {
	at := 0
	if n := len(s.tokens); n > 0 {
		at = s.end(s.tokens[n-1])
	}
	rest := strings.TrimLeft(s.src[at:], " \t\r\n")
	return min(len(s.src)-len(rest), max(len(s.src)-1, 0))
}

// word is what stands together at the beginning of a text.
func word(text string) string {
	end := strings.IndexFunc(text, func(c rune) bool { return !strings.ContainsRune("._", c) && !alphanumeric(c) })
	if end <= 0 {
		end = len(text)
	}
	return text[:end]
}

func alphanumeric(c rune) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c > 0x7f
}

// badNumber finds the number that the parser could not take.
func (s *scanned) badNumber() (lexer.Token, bool) {
	i := slices.IndexFunc(s.tokens, func(t lexer.Token) bool { return t.Is(lexer.Number) && outOfRange(t.Value) })
	if i < 0 {
		return lexer.Token{}, false
	}
	return s.tokens[i], true
}

// opened tells whether a closing bracket has one that it closes.
func (s *scanned) opened(i int) bool {
	open := s.brackets(i)
	return len(open) > 0 && closing[open[len(open)-1].Value] == s.tokens[i].Value
}

// brackets gives those that are open before token i.
func (s *scanned) brackets(i int) (open []lexer.Token) {
	for _, t := range s.tokens[:i] {
		switch {
		case t.Is(lexer.Bracket, "(", "[", "{"):
			open = append(open, t)
		case t.Is(lexer.Bracket) && len(open) > 0:
			open = open[:len(open)-1]
		}
	}
	return open
}

// ends tells whether a value may end with a token, starts whether one may begin.
func ends(t lexer.Token) bool {
	return t.Is(lexer.Identifier) || t.Is(lexer.Number) || t.Is(lexer.String) || t.Is(lexer.Bracket, ")", "]")
}

func starts(t lexer.Token) bool {
	return t.Is(lexer.Identifier) || t.Is(lexer.Number) || t.Is(lexer.String) || t.Is(lexer.Bracket, "(") || t.Is(lexer.Operator, "not", "!")
}

// shown is a token as the source has it.
func (s *scanned) shown(i int) string {
	if i < 0 {
		return "it"
	}
	text := s.src[s.at(s.tokens[i]):s.end(s.tokens[i])]
	if len(text) > 40 {
		return "this text"
	}
	return text
}

// outOfRange tells the numbers that expr refuses: integers of more than 63 bits,
// and what is beyond float64.
func outOfRange(literal string) bool {
	text := strings.ToLower(strings.ReplaceAll(literal, "_", ""))
	based := len(text) > 1 && text[0] == '0' && strings.ContainsRune("xob", rune(text[1]))
	if !based && strings.ContainsAny(text, ".e") {
		v, err := strconv.ParseFloat(text, 64)
		return err != nil || math.IsInf(v, 0)
	}
	base := 10
	if based {
		base = 0
	}
	_, err := strconv.ParseInt(text, base, 64)
	return err != nil
}
