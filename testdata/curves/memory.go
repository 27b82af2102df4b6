package main

import (
	"math"
	"runtime"
	"strings"

	"github.com/aggrun/aggrun/functions"
)

// held is what an empty accumulator takes, and the functions that are read from it.
type held struct {
	Functions string  `json:"functions"`
	Bytes     float64 `json:"bytes"`
}

// memory asks the heap what an accumulator of each kind takes.
func memory() (all []held) {
	var kinds []functions.Kind
	names := map[functions.Kind][]string{}
	for _, f := range functions.All() {
		if names[f.Kind] == nil {
			kinds = append(kinds, f.Kind)
		}
		names[f.Kind] = append(names[f.Kind], f.Name)
	}
	for _, k := range kinds {
		all = append(all, held{strings.Join(names[k], ", "), math.Round(sizeOf(k)/8) * 8})
	}
	return all
}

func sizeOf(k functions.Kind) float64 {
	var before, after runtime.MemStats
	kept := make([]functions.Accumulator, 10_000)
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range kept {
		kept[i] = functions.New(k)
	}
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(kept)
	return float64(after.TotalAlloc-before.TotalAlloc) / float64(len(kept))
}
