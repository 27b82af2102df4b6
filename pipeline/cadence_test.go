package pipeline

import "testing"

// When a commit is due, by what waits, for how long, and whether the one before it
// is complete.
func TestIsDue(t *testing.T) {
	const now, live, past = int64(1e18), int64(1e18 - 1e9), int64(1e17)
	for name, c := range map[string]struct {
		due    due
		busy   bool
		waited int64 // ns; None
		since  int64 // the last commit, ns
		want   bool
	}{
		"nothing waits":                     {due{}, false, None, 0.9e9, false},
		"offsets":                           {due{}, false, None, 1e9, true},
		"offsets, busy":                     {due{}, true, None, 9e9, false},
		"of a backlog":                      {due{results: 9, shards: 15, newest: past}, false, 1e9, 1e9, true},
		"of a backlog, busy":                {due{results: 9, shards: 15, newest: past}, true, 9e9, 9e9, false},
		"of a backlog, of 100 sinks":        {due{results: 900, shards: 100, newest: past}, false, 7e9, 7e9, false},
		"of a backlog, of 100 sinks, later": {due{results: 900, shards: 100, newest: past}, false, 7e9, 8e9, true},
		"live":                              {due{results: 9, newest: live}, false, 0.2e9, 0.2e9, true},
		"live, of 100 sinks":                {due{results: 900, shards: 100, newest: live}, false, 0.2e9, 0.2e9, true},
		"live, busy":                        {due{results: 9, newest: live}, true, 9e9, 9e9, false},
		"letters, busy":                     {due{letters: 9, newest: live}, true, 0.9e9, 0.9e9, false},
		"many":                              {due{results: 2500, shards: 1, newest: past}, false, 0, 0, true},
		"many, busy":                        {due{results: 4999, shards: 1, newest: past}, true, 0, 0, false},
		"most, busy":                        {due{results: 5000, shards: 1, newest: past}, true, 0, 0, true},
		"much room":                         {due{results: 1, cells: 2048, shards: 1, newest: past}, false, 0, 0, true},
		"much room, busy":                   {due{results: 1, cells: 4095, shards: 1, newest: past}, true, 0, 0, false},
		"all room, busy":                    {due{results: 1, cells: 4096, shards: 1, newest: past}, true, 0, 0, true},
		"all room, of 100 sinks":            {due{results: 1, cells: 8192, shards: 100, newest: past}, false, 0, 0, true},
		"a beginning, busy":                 {due{fresh: true}, true, None, 0, true},
		"all is read, busy":                 {due{read: true}, true, None, 0, true},
	} {
		w := NewWorker(compiled(t, nil), nil, false)
		w.now, w.last, w.due, w.busy, w.synced = now, now-c.since, c.due, c.busy, true
		if c.waited != None {
			w.waiting = now - c.waited
		}
		if got := w.isDue(); got != c.want {
			t.Errorf("%s: due %v, want %v", name, got, c.want)
		}
	}
}

// A commit is due where it lets go of so many values of exact quantiles, of so many
// cells that all have the same share.
func TestIsHeavy(t *testing.T) {
	const most = int64(2400)
	for name, c := range map[string]struct {
		samples     int64
		held, cells int // in all, and to let go of
		busy, want  bool
	}{
		"few":             {99, 10, 10, false, false},
		"enough":          {100, 10, 10, false, true},
		"enough, held on": {198, 10, 5, false, false},
		"a share":         {200, 10, 5, false, true},
		"few, busy":       {199, 10, 10, true, false},
		"enough, busy":    {200, 10, 10, true, true},
		"overfull, busy":  {1300, 10, 1, true, true},
		"nothing waits":   {1300, 10, 0, false, false},
	} {
		w := NewWorker(compiled(t, nil), nil, false)
		w.plan.maxSamples, w.cells.samples, w.cells.held, w.busy = most, c.samples, c.held, c.busy
		w.due = due{results: c.cells, cells: c.cells, shards: 1}
		if got := w.heavy(); got != c.want {
			t.Errorf("%s: heavy %v, want %v", name, got, c.want)
		}
		if got := w.isDue(); c.want && !got {
			t.Errorf("%s: not due", name)
		}
	}
}

// While transactions are completed in the background the worker reads on: commits of
// a backlog come once they are, and so do those of live results.
func TestReadingGoesOnWhileBusy(t *testing.T) {
	for name, c := range map[string]struct {
		live        bool
		lags, every int64 // ns
	}{
		"backlog":          {false, 3e9, 3e9},
		"live":             {true, 0.7e9, 1e9},
		"live, for long":   {true, 3e9, 3e9},
		"backlog, at once": {false, 0, 1e9},
	} {
		client := &slow{plan: compiled(t, nil), lags: c.lags, now: 1e18}
		w := NewWorker(client.plan, client, false)
		for client.now < 1e18+60e9 {
			if c.live {
				client.next = client.now / 1e9
			}
			if err := w.Step(); err != nil {
				t.Fatal(err)
			}
		}
		want := 60e9 / c.every
		if n := int64(len(client.commits)); n < want-3 || n > want+3 || client.polls < 5900 {
			t.Errorf("%s: %d commits and %d polls in a minute, want about %d and 6,000", name, n, client.polls, want)
		}
	}
}

// A client is busy from its commit on, whatever the last poll told: what is left
// waits for it to be less.
func TestCommitMakesBusy(t *testing.T) {
	client := &slow{plan: compiled(t, nil), now: 1e18}
	w := NewWorker(client.plan, client, false)
	for len(client.commits) == 0 {
		if w.busy {
			t.Fatal("busy before a commit")
		}
		if err := w.Step(); err != nil {
			t.Fatal(err)
		}
	}
	if !w.busy {
		t.Error("not busy after a commit")
	}
}
