package kafka

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// previous is the transaction before the one at hand. Its end is answered before
// the broker has written it to each of the partitions, and what is produced until
// then is refused: after tries of the broker's own, which take up to 100 ms, the
// client looks for other leaders before it tries again. To ask whether the
// transaction is complete takes a millisecond.
type previous struct {
	ended time.Time
	mute  bool // the broker is too old to tell, or may not
}

// completeLimit is how long a transaction usually takes at most to be complete:
// after that nobody asks.
const completeLimit = time.Second

func (p *previous) end() { p.ended = time.Now() }

// await waits until the transaction is complete, or that cannot be told.
func (p *previous) await(s *session) {
	wait := backoff{least: 5 * time.Millisecond, most: 20 * time.Millisecond}
	ctx, cancel := context.WithTimeout(s.ctx, completeLimit)
	defer cancel()
	for !p.mute && time.Since(p.ended) < completeLimit {
		state, err := s.transaction(ctx)
		p.mute = err != nil && ctx.Err() == nil && !kerr.IsRetriable(err) && !kgo.IsRetryableBrokerErr(err)
		if state != "PrepareCommit" && state != "PrepareAbort" {
			return
		}
		wait.sleep(ctx)
	}
}

// transaction is the state of the session's last transaction, in Kafka's words.
func (s *session) transaction(ctx context.Context) (state string, err error) {
	req := kmsg.NewPtrDescribeTransactionsRequest()
	req.TransactionalIDs = []string{s.transactionalID()}
	resp, err := req.RequestWith(ctx, s.tx.Client())
	if err != nil {
		return "", err
	}
	for _, t := range resp.TransactionStates {
		state, err = t.State, kerr.ErrorForCode(t.ErrorCode)
	}
	return state, err
}
