package spec

import (
	"fmt"
	"strings"
)

// origins maps the paths of a pipeline's values to where the user wrote them.
type origins struct {
	at       map[string]Position // "pipelines.p.window.size" -> its position
	excerpts map[string]excerpt  // of expressions, by the same paths
}

// Pos is where the value at path was written, path being relative to the
// pipeline ("window.size", "operations[2]"); for a value that the user left out
// it is the nearest ancestor that they wrote.
func (p Pipeline) Pos(path string) Position {
	if p.origins == nil {
		return Position{}
	}
	for full := p.path(path); ; full = parent(full) {
		if pos, ok := p.origins.at[full]; ok || full == "" {
			return pos
		}
	}
}

// Errorf is a mistake in the value at path, relative to the pipeline.
func (p Pipeline) Errorf(path, format string, args ...any) Error {
	return Error{Pos: p.Pos(path), Path: p.path(path), Msg: fmt.Sprintf(format, args...)}
}

func (p Pipeline) path(path string) string {
	if path == "" {
		return "pipelines." + p.Name
	}
	return "pipelines." + p.Name + "." + path
}

// parent is path without its last step: a.b[2] -> a.b -> a -> "".
func parent(path string) string {
	i := strings.LastIndexAny(path, ".[")
	if i < 0 {
		return ""
	}
	return path[:i]
}
