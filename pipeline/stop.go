package pipeline

import "fmt"

// Stop is an error that trying again does not mend: somebody has to decide. The
// pipeline ends, and nothing was committed that contradicts it.
type Stop struct{ Msg string }

func (s *Stop) Error() string { return s.Msg }

func stopf(format string, args ...any) error {
	return &Stop{fmt.Sprintf(format, args...)}
}
