package faults

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// The fake broker keeps a member for ever whose connection was gone by the time that
// its join was answered: only an answer that is sent starts its session's timeout. A
// broker gives such a member up, so this file does.

// phantomAfter is how long a member may be silent: longer than its session and a
// rebalance together.
const phantomAfter = 5 * time.Second

// hear notes when members were heard of.
func (w *world) hear() {
	keys := []kmsg.Key{kmsg.JoinGroup, kmsg.SyncGroup, kmsg.Heartbeat}
	w.fake.Fault(kfake.Fault{Keys: keys, Count: -1, Observe: true, When: func(req kmsg.Request) bool {
		id := ""
		switch r := req.(type) {
		case *kmsg.JoinGroupRequest:
			id = r.MemberID
		case *kmsg.SyncGroupRequest:
			id = r.MemberID
		case *kmsg.HeartbeatRequest:
			id = r.MemberID
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.heard[id] = time.Now()
		return true
	}})
}

// exorcise has members leave that were silent for too long.
func (w *world) exorcise(members []kfake.GroupMember) {
	for _, m := range members {
		w.mu.Lock()
		at, ok := w.heard[m.MemberID]
		if !ok {
			at = time.Now()
			w.heard[m.MemberID] = at
		}
		w.mu.Unlock()
		if time.Since(at) < phantomAfter {
			continue
		}
		req := kmsg.NewPtrLeaveGroupRequest()
		req.Group = groupPrefix + pipe
		left := kmsg.NewLeaveGroupRequestMember()
		left.MemberID = m.MemberID
		req.MemberID, req.Members = m.MemberID, append(req.Members, left)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		if _, err := req.RequestWith(ctx, w.client); err == nil {
			w.add("dead members that the fake broker kept", 1)
		}
		cancel()
	}
}
