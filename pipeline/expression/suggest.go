package expression

import (
	"slices"
	"strings"

	"github.com/aggrun/aggrun/functions"
	"github.com/aggrun/aggrun/spec"
)

// This file finds what an unknown function was meant to be.

// elsewhere are names that functions have in other languages.
var elsewhere = map[string]string{
	"ln": "log", "lg": "log10", "fabs": "abs", "power": "pow", "fmod": "mod", "remainder": "mod", "int": "trunc", "ceiling": "ceil",
	"arcsin": "asin", "arccos": "acos", "arctan": "atan", "arctan2": "atan2", "degrees": "deg", "radians": "rad",
	"clip": "clamp", "least": "min", "greatest": "max", "length": "len", "strlen": "len", "lowercase": "lower", "uppercase": "upper",
	"avg": "mean", "average": "mean", "std": "stdev", "stddev": "stdev", "variance": "var_samp", "percentile": "quantile",
	"distinct": "count_distinct", "countif": "count_if",
}

// absent are functions that people look for and that a result that has to be
// the same whenever it is computed cannot have, or that arrays alone need.
var absent = map[string]string{
	"now":    "there is no clock here, so that the same records always give the same results",
	"date":   "there are no dates here: times are numbers of seconds",
	"random": "there is no chance here, so that the same records always give the same results",
	"rand":   "there is no chance here, so that the same records always give the same results",
	"if":     "write condition ? a : b",
	"filter": "there are no arrays here; count_if counts the records of a window for which a condition holds",
	"map":    "there are no arrays here; an expression is computed of each record anyway",
	"reduce": "there are no arrays here; the aggregates sum up the records of a window",
	"float":  "every number is a float64 already",
	"number": "every number is a float64 already",
}

// unknown completes "unknown function NAME".
func unknown(word string, known []string) string {
	if why, ok := absent[strings.ToLower(word)]; ok {
		return ": " + why
	}
	if k := nearest(word, known); k != "" {
		return "; did you mean " + k + "?"
	}
	known = slices.Clone(known)
	slices.Sort(known)
	return "; the functions are " + strings.Join(slices.Compact(known), ", ")
}

// nearest is the one of known that word was probably meant to be, or "".
func nearest(word string, known []string) string {
	if k := elsewhere[strings.ToLower(strings.ReplaceAll(word, "_", ""))]; slices.Contains(known, k) {
		return k
	}
	return spec.Suggest(word, known)
}

// callable are the names of functions: of values and, in an expression over
// aggregates, those too.
func callable(aggregates bool) (names []string) {
	for i := range scalars {
		names = append(names, scalars[i].name)
	}
	if aggregates {
		names = append(names, functions.Names()...)
	}
	return names
}
