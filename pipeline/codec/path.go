package codec

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/aggrun/aggrun/pipeline"
)

// maxSteps bounds how far a path leads into nests.
const maxSteps = MaxLevels

// step is one step into a nest: to a field of a record, or to an element of an
// array where name is empty.
type step struct {
	name  string
	index int
}

// parsePath takes a path apart: a, a.b, wave[3], wave[3].x, grid[1][2].
func parsePath(path string) ([]step, error) {
	var steps []step
	for part := range strings.SplitSeq(path, ".") {
		name, brackets, indexed := strings.Cut(part, "[")
		if !isName(name) {
			return nil, notPath(path)
		}
		steps = append(steps, step{name: name})
		if !indexed {
			continue
		}
		inner, ok := strings.CutSuffix(brackets, "]")
		if !ok {
			return nil, notPath(path)
		}
		for text := range strings.SplitSeq(inner, "][") {
			if text == "*" {
				return nil, allElements(path)
			}
			index, ok := parseIndex(text)
			if !ok {
				return nil, notPath(path)
			}
			steps = append(steps, step{index: index})
		}
	}
	if len(steps) > maxSteps {
		return nil, fmt.Errorf("field %.40s...: a path of %d steps, over the limit of %d", path, len(steps), maxSteps)
	}
	return steps, nil
}

func notPath(path string) error {
	return fmt.Errorf("field %q is not a path such as a, a.b, wave[3] or wave[3].x", path)
}

func allElements(path string) error {
	return fmt.Errorf("field %s: all elements of an array ([*]) are not built yet: name them, as in wave[3]", path)
}

// parseIndex reads decimal digits. No array has more elements than a value has
// bytes, but for those that take none.
func parseIndex(text string) (int, bool) {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || n > MaxValue || text[0] == '+' {
		return 0, false
	}
	return int(n), true
}

// isName tells whether Avro allows text as a name.
func isName(text string) bool {
	return text != "" && pipeline.AvroName(text) == text
}

func writePath(steps []step) string {
	var b strings.Builder
	for i, s := range steps {
		switch {
		case s.name == "":
			fmt.Fprintf(&b, "[%d]", s.index)
		case i > 0:
			b.WriteString("." + s.name)
		default:
			b.WriteString(s.name)
		}
	}
	return b.String()
}
