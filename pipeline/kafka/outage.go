package kafka

import (
	"sync"
	"time"

	"github.com/aggrun/aggrun/pipeline/status"
)

// outage is what is known of a registry that does not answer: how many wait for it,
// and since when the first of them does.
type outage struct {
	mu      sync.Mutex
	errors  int64
	waiting int
	since   time.Time
}

// met notes that the registry did not answer somebody, who waits from now on, and
// may have waited before.
func (o *outage) met(waiting bool) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.errors++
	if !waiting {
		if o.waiting == 0 {
			o.since = time.Now()
		}
		o.waiting++
	}
	return true
}

// over notes that somebody has an answer, or gave up.
func (o *outage) over(waiting bool) {
	if !waiting {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.waiting--; o.waiting == 0 {
		o.since = time.Time{}
	}
}

func (o *outage) status(name string) status.Registry {
	o.mu.Lock()
	defer o.mu.Unlock()
	return status.Registry{Name: name, Errors: o.errors, Silent: o.since}
}
