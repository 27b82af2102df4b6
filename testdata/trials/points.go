package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// failVariable tells a worker of the build that can (cmd/aggrun/failpoints.go) where to fail: POINT:N[:MODE].
const failVariable = "AGGRUN_FAIL"

// points makes the build that fails on demand and asks it for its points: for one that it does not know, it lists them.
func (s *stage) points(ctx context.Context, p *pipeline) (names []string, err error) {
	if s.failing, err = s.build(ctx, "aggrun-failing", "failpoints"); err != nil {
		return nil, err
	}
	asked, err := s.startWith([]string{failVariable + "=?"}, "points", s.failing, "run", "-f", p.path)
	if err != nil {
		return nil, err
	}
	_ = asked.wait(ctx) // it refuses
	_, list, ok := strings.Cut(asked.said(1), "want one of ")
	if !ok {
		return nil, fmt.Errorf("aggrun with failpoints does not list them: %s", asked.said(5))
	}
	return strings.Split(list, ", "), nil
}

// round is every point once and, for each three of them, a kill by chance; one of those comes first.
func round(random *rand.Rand, points []string) (kills []string) {
	kills = append(slices.Clone(points), make([]string, max(1, len(points)/3))...)
	random.Shuffle(len(kills), func(i, j int) { kills[i], kills[j] = kills[j], kills[i] })
	first := slices.Index(kills, "")
	kills[0], kills[first] = kills[first], kills[0]
	return kills
}

// schedule is n kills, round after round: the point of each, or "".
func schedule(random *rand.Rand, points []string, n int) (kills []string) {
	for len(kills) < n {
		kills = append(kills, round(random, points)...)
	}
	return kills[:n]
}

// passing says at which passing of a point a worker fails: some commits may have gone well, but a transactional id is
// taken over, and the group's offsets are read, once.
func passing(random *rand.Rand, point string) string {
	n := 1
	if !slices.Contains([]string{"fenced", "joining", "joined", "synced", "located", "replaying"}, point) {
		n += 1 + random.IntN(4)
	}
	return fmt.Sprintf("%s:%d", point, n)
}

// pointOf is the name in what passing made.
func pointOf(text string) string {
	name, _, _ := strings.Cut(text, ":")
	return name
}
