package connect

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// This file takes our own secrets out of what others say, who may repeat them: it is
// going to be logged.

// scrub is text without the secrets, however they are written in it.
func scrub(text string, secrets ...string) string {
	var forms []string
	for _, s := range secrets {
		forms = append(forms, formsOf(s)...)
	}
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) }) // one may be a part of another
	for _, form := range forms {
		if form != "" {
			text = strings.ReplaceAll(text, form, stars)
		}
	}
	return text
}

// formsOf are the ways in which answers repeat a text: as it is, in a string of JSON or
// of a program, in a URL, in base64, and the last three in JSON.
func formsOf(s string) []string {
	plain := []string{
		s, url.QueryEscape(s), url.PathEscape(s),
		base64.StdEncoding.EncodeToString([]byte(s)), base64.RawStdEncoding.EncodeToString([]byte(s)),
		base64.URLEncoding.EncodeToString([]byte(s)), base64.RawURLEncoding.EncodeToString([]byte(s)),
	}
	all := slices.Clone(plain)
	for _, form := range plain {
		all = append(all, unquoted(strconv.Quote(form)), inJSON(form, true), inJSON(form, false), strings.ReplaceAll(inJSON(form, false), "/", `\/`))
	}
	return all
}

// inJSON is how a string of JSON has a text, as careful about HTML as encoders are.
func inJSON(s string, careful bool) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(careful)
	_ = e.Encode(s) // of a text
	return unquoted(strings.TrimSuffix(b.String(), "\n"))
}

func unquoted(s string) string { return s[1 : len(s)-1] }
