package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/aggrun/aggrun/spec"
)

// This file holds the forms that flags have beside texts, numbers and durations.

// addresses is a list of brokers. Its members may carry a scheme and be parted by
// semicolons, as in the seed's KAFKA_BROKER_URL.
type addresses []string

func (a *addresses) String() string { return strings.Join(*a, ",") }
func (a *addresses) Type() string   { return "HOST:PORT,..." }

func (a *addresses) Set(text string) error {
	var found []string
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' }) {
		part = strings.TrimSpace(part)
		if _, address, ok := strings.Cut(part, "://"); ok {
			part = address
		}
		if part = strings.TrimSuffix(part, "/"); part != "" {
			found = append(found, part)
		}
	}
	if len(found) == 0 {
		return errors.New("want HOST:PORT, several parted by commas")
	}
	*a = found
	return nil
}

// start is a place to begin at; nil where the flag was not given.
type start struct {
	*spec.Start
	text string
}

func (s *start) String() string { return s.text }
func (s *start) Type() string   { return "WHEN" }

func (s *start) Set(text string) error {
	at, err := spec.ParseStart(text)
	if err != nil {
		return err
	}
	s.Start, s.text = &at, text
	return nil
}

// choice is one of a few words.
type choice struct {
	word    string
	allowed []string
}

func (c *choice) String() string { return c.word }
func (c *choice) Type() string   { return strings.Join(c.allowed, "|") }

func (c *choice) Set(text string) error {
	for _, word := range c.allowed {
		if text == word {
			c.word = word
			return nil
		}
	}
	return fmt.Errorf("want %s", strings.Join(c.allowed, " or "))
}

// quantities are whole numbers above 0, each of which may be written as 3e6.
type quantities []int64

func (q *quantities) String() string {
	var texts []string
	for _, n := range *q {
		texts = append(texts, strconv.FormatInt(n, 10))
	}
	return strings.Join(texts, ",")
}
func (q *quantities) Type() string { return "N,..." }

func (q *quantities) Set(text string) error {
	var found []int64
	for part := range strings.SplitSeq(text, ",") {
		x, err := strconv.ParseFloat(part, 64)
		if err != nil || x != math.Trunc(x) || x < 1 || x > 1e15 {
			return errors.New("want a whole number above 0, such as 3000000 or 3e6")
		}
		found = append(found, int64(x))
	}
	*q = found
	return nil
}
