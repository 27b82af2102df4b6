package simulation

import "testing"

// TestTouches holds that who has begun a transaction, and then lost all that it had,
// can tell whether that timed out before its end came.
func TestTouches(t *testing.T) {
	id := &producerID{}
	id.open = &pendingCommit{of: id}
	for _, what := range []string{"transaction timeout", "fence"} {
		if !(&group{}).touches(&event{note: &note{what: what}}, &process{s: &session{open: id.open}}) {
			t.Errorf("%s: of no matter to the transaction", what)
		}
	}
}
