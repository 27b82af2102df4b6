//go:build !unix

package bench

import "time"

// cpuTime is not known here: reports give 0.
func cpuTime() time.Duration { return 0 }
