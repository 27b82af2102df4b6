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
// transaction is complete takes a millisecond. That takes it a few as a rule, but
// seconds where a hundred partitions are new and get their first index entries by
// it; so it is asked in the background, and the worker goes on.
type previous struct {
	complete chan struct{} // closed once the transaction is, or nobody asks any more; nil: there was none
	mute     bool          // the broker is too old to tell, or may not; belongs to who asks, until complete is closed
}

// ended begins to ask whether the transaction is complete, for half of a session's
// timeout at most.
func (p *previous) ended(s *session) {
	if p.mute {
		return
	}
	complete := make(chan struct{})
	p.complete = complete
	s.wg.Go(func() {
		defer close(complete)
		ctx, cancel := context.WithTimeout(s.ctx, s.cfg.Timing.Session/2)
		defer cancel()
		p.mute = s.completed(ctx)
	})
}

// busy tells that the transaction is not complete yet.
func (p *previous) busy() bool {
	if p.complete == nil {
		return false
	}
	select {
	case <-p.complete:
		return false
	default:
		return true
	}
}

// await waits until the transaction is complete, or that cannot be told.
func (p *previous) await() {
	if p.complete != nil {
		<-p.complete
	}
}

// completed asks until the session's last transaction is complete or ctx ends; mute
// tells that the broker does not tell.
func (s *session) completed(ctx context.Context) (mute bool) {
	wait := backoff{least: 5 * time.Millisecond, most: 20 * time.Millisecond}
	for !mute && ctx.Err() == nil {
		wait.sleep(ctx)
		state, err := s.transaction(ctx)
		mute = err != nil && ctx.Err() == nil && !kerr.IsRetriable(err) && !kgo.IsRetryableBrokerErr(err)
		if state != "PrepareCommit" && state != "PrepareAbort" {
			break
		}
	}
	return mute
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
