package kafka

import (
	"math"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A transaction begins once the one before it is complete, or once it turns out
// that the broker does not tell.
func TestAwaitPrevious(t *testing.T) {
	for name, c := range map[string]struct {
		state string
		err   *kerr.Error
		times int64 // that the broker answers so
		least int64 // questions
		most  int64
	}{
		"complete":         {state: "CompleteCommit", times: math.MaxInt64, least: 1, most: 50},
		"still under way":  {state: "PrepareCommit", times: 5, least: 6, most: 50},
		"for ever":         {state: "PrepareAbort", times: math.MaxInt64, least: 10, most: math.MaxInt64},
		"no permission":    {err: kerr.TransactionalIDAuthorizationFailed, times: math.MaxInt64, least: 1, most: 1},
		"none of the name": {err: kerr.TransactionalIDNotFound, times: math.MaxInt64, least: 1, most: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 24, twoTopics())
			w.feedAll(100, sources...)
			var asked atomic.Int64
			w.fake.ControlKey(int16(kmsg.DescribeTransactions), func(kreq kmsg.Request) (kmsg.Response, error, bool) {
				w.fake.KeepControl()
				if asked.Add(1) > c.times {
					return nil, nil, false
				}
				req := kreq.(*kmsg.DescribeTransactionsRequest)
				resp := req.ResponseKind().(*kmsg.DescribeTransactionsResponse)
				s := kmsg.NewDescribeTransactionsResponseTransactionState()
				s.TransactionalID, s.State = req.TransactionalIDs[0], c.state
				if c.err != nil {
					s.ErrorCode = c.err.Code
				}
				resp.TransactionStates = append(resp.TransactionStates, s)
				return resp, nil, true
			})
			if _, err := w.untilEnd(nil); err != nil {
				t.Fatal(err)
			}
			w.check(w.results(w.topics()...), math.MaxInt64)
			if n := asked.Load(); n < c.least || n > c.most {
				t.Errorf("asked %d times, want %d to %d", n, c.least, c.most)
			}
		})
	}
}
