// Package dashboard shows how the pipelines of a process stand: metrics in
// Prometheus' form, and whether the process lives and is ready.
//
//	snapshots (status.Pipeline) -> metrics table -> /metrics
//	                            -> Stuck         -> /livez
//	                            -> Troubles      -> /readyz
//
// It reads snapshots when it is asked, and changes nothing: there is no request that
// does, and no profile. What pipelines do is not its business, nor where the
// snapshots come from.
package dashboard

import (
	"time"

	"github.com/aggrun/aggrun/pipeline/status"
)

// Source gives snapshots of the pipelines of a process, by name.
type Source func() []status.Pipeline

// Build says which program this is.
type Build struct{ Version, Go string }

// Clock tells the time: time.Now.
type Clock func() time.Time
