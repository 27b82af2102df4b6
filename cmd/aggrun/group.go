package main

import (
	"errors"
	"sync"
)

// group is work that goes on side by side: the first failure stops all of it.
type group struct {
	stop func()
	wg   sync.WaitGroup
	mu   sync.Mutex
	errs []error
}

func newGroup(stop func()) *group { return &group{stop: stop} }

func (g *group) begin(work func() error) {
	g.wg.Go(func() {
		if err := work(); err != nil {
			g.mu.Lock()
			g.errs = append(g.errs, err)
			g.mu.Unlock()
			g.stop()
		}
	})
}

// wait gives every failure.
func (g *group) wait() error {
	g.wg.Wait()
	return errors.Join(g.errs...)
}
