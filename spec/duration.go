package spec

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var inDays = regexp.MustCompile(`([0-9]+\.?[0-9]*|\.[0-9]+)d`)

// ParseDuration is time.ParseDuration that knows d, a day of 24 hours, as well:
// 1d, 1d12h, 0.5d.
func ParseDuration(s string) (time.Duration, error) {
	inHours := inDays.ReplaceAllStringFunc(s, func(days string) string {
		n, err := strconv.ParseFloat(days[:len(days)-1], 64)
		if err != nil {
			return days
		}
		return strconv.FormatFloat(n*24, 'f', -1, 64) + "h"
	})
	d, err := time.ParseDuration(inHours)
	if err != nil {
		return 0, fmt.Errorf("found %q, want a duration such as 500ms, 10s or 1d12h, at most 292 years", s)
	}
	return d, nil
}

// ParseStart reads earliest, latest, a time in RFC 3339, or an age such as -1h.
func ParseStart(s string) (Start, error) {
	switch kind := StartKind(s); kind {
	case StartEarliest, StartLatest:
		return Start{Kind: kind}, nil
	}
	if age, ok := strings.CutPrefix(s, "-"); ok {
		if d, err := ParseDuration(age); err == nil && d > 0 {
			return Start{Kind: StartAgo, Ago: d}, nil
		}
	} else if t, err := time.Parse(time.RFC3339, s); err == nil {
		return Start{Kind: StartTime, Time: t.UTC()}, nil
	}
	return Start{}, errors.New("found " + strconv.Quote(s) +
		", want earliest, latest, a time such as 2026-01-31T12:00:00Z, or an age such as -1h")
}
