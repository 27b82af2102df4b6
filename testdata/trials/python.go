package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// python runs one of the checkers of testdata/verify, prints what it prints, and takes its verdict.
func (s *stage) python(ctx context.Context, script string, args ...string) error {
	program := s.python3
	if !filepath.IsAbs(program) {
		program = filepath.Join(s.root, program)
	}
	if _, err := os.Stat(program); err != nil {
		return err
	}
	p, err := s.start(fmt.Sprintf("%s-%d", script, len(s.procs)), program, append([]string{filepath.Join(s.root, "testdata/verify", script), "--brokers", s.brokers}, args...)...)
	if err != nil {
		return err
	}
	err = p.wait(ctx)
	if ctx.Err() != nil {
		return err
	}
	for _, line := range strings.Split(p.said(40), "\n") {
		s.say("       | %s", line)
	}
	s.check(p.err == nil, "%s, with a client that is not ours", script)
	return nil
}
