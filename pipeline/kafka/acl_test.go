package kafka

import (
	"regexp"
	"strings"
	"testing"
)

// What a regular expression's topics begin with.
var prefixes = map[string]string{
	"orders.*":        "orders",
	"^orders.*":       "orders",
	"^^orders.*":      "orders",
	`\Aorders.*`:      "orders",
	"(?s)orders.*":    "orders",
	"^(?:orders).*":   "orders",
	"(orders)-(.*)":   "orders-",
	"orders-a|orders": "orders",
	"orders$":         "orders",
	`a\.b+`:           "a.",
	"orders|^pay":     "",
	"orders-.*|^x":    "",
	"(?i)orders.*":    "",
	"^?abc.*":         "",
	"^*":              "",
	"^+a":             "",
	"^{2}":            "",
	"(a|b)c":          "",
	"":                "",
	"(":               "",
}

func TestRegexPrefix(t *testing.T) {
	for text, want := range prefixes {
		if got := regexPrefix(text); got != want {
			t.Errorf("%q begins with %q, want %q", text, got, want)
		}
	}
}

// FuzzRegexPrefix holds that every topic begins so that a regular expression takes.
func FuzzRegexPrefix(f *testing.F) {
	for text := range prefixes {
		f.Add(text, "orders-a")
		f.Add(text, "abc")
	}
	f.Fuzz(func(t *testing.T, text, topic string) {
		prefix := regexPrefix(text)
		if _, err := regexp.Compile(text); err != nil {
			return // refused where specs are read
		}
		re, err := regexp.Compile("^(?:" + text + ")$")
		if err == nil && re.MatchString(topic) && !strings.HasPrefix(topic, prefix) {
			t.Errorf("%q takes %q, which does not begin with %q", text, topic, prefix)
		}
	})
}
