package simulation

// fault is one thing that goes wrong: from a time on it waits for the process to
// come to the place where it strikes.
type fault struct {
	what    mishap
	process int
	at      int64
	until   int64 // of what lasts; a fault that has not struck by then does not
}

// mishap is what may go wrong.
type mishap int

const (
	crashBeforeBegin mishap = iota
	crashAfterProduce
	crashAfterOffsets
	crashAwaitingEnd // EndTxn is sent, and may arrive
	crashAfterEnd
	crashReplaying
	kill         // anywhere
	blackout     // all of them
	endConfirmed // refused, says the client, but the broker tells that it was not
	answerLost
	endLost
	endRefused
	freeze // past the session's timeout
	twin   // frozen, and another process takes its name
	slowEnd
	produceFails
	coordinatorMoves
	tear
	registryDown
	deadLettersDown
	pollFails
	lookFails
	slowJoin
	storm // one rebalance after another

	crashPolled  // after a poll that brought something
	freezePolled // the same, past the session's timeout
)

var mishapNames = map[mishap]string{
	crashBeforeBegin: "crash before Begin", crashAfterProduce: "crash after Produce", crashAfterOffsets: "crash after TxnOffsetCommit",
	crashAwaitingEnd: "crash with EndTxn sent", crashAfterEnd: "crash after the commit", crashReplaying: "crash while replaying",
	kill: "kill", blackout: "kill of all", endConfirmed: "EndTxn answered by an error, found committed", answerLost: "EndTxn done, answer lost",
	endLost: "EndTxn lost", endRefused: "End false", freeze: "frozen past the session", twin: "frozen, and another takes its name",
	slowEnd: "slow End", produceFails: "a produce fails", coordinatorMoves: "coordinator moves", tear: "a shard is torn",
	registryDown: "registry down", deadLettersDown: "dead letters cannot be written", pollFails: "fetch error", lookFails: "look-up error",
	slowJoin: "joins late", storm: "storm", crashPolled: "crash after a poll", freezePolled: "frozen past the session, after a poll",
}

func (m mishap) String() string { return mishapNames[m] }

// mishaps are the faults that a schedule draws from, and the row of PROTOCOL
// section 5 that each stands for.
var mishaps = []struct {
	what mishap
	row  mark
}{
	{crashBeforeBegin, point1}, {crashAfterProduce, point2}, {crashAfterOffsets, point3},
	{crashAwaitingEnd, point4}, {answerLost, point4}, {endLost, point4}, {endConfirmed, confirmed},
	{crashAfterEnd, point5}, {endRefused, point6}, {endRefused, point6}, {freeze, point7}, {twin, point7},
	{slowEnd, point8}, {produceFails, point9}, {coordinatorMoves, point10},
	{crashReplaying, point13}, {tear, point14}, {kill, point16}, {blackout, point16}, {registryDown, point17},
	{deadLettersDown, point18}, {pollFails, pollFailed}, {lookFails, lookFailed}, {slowJoin, joinedLate}, {storm, stormed},
}

// drawFaults chooses one to four.
func (s *script) drawFaults(d dice) {
	end := s.t0 + 30*sec
	for range 1 + d.IntN(4) {
		f := fault{what: mishaps[d.IntN(len(mishaps))].what, process: d.IntN(len(s.lives)), at: s.t0 + d.between(sec, end-s.t0)}
		f.until = f.at + d.between(4*sec, 15*sec)
		s.faults = append(s.faults, f)
		switch f.what {
		case crashReplaying: // something has to be replayed
			s.faults = append(s.faults, fault{what: kill, process: f.process, at: f.at, until: f.until})
		case tear: // a shard has to be without an owner
			s.faults = append(s.faults, fault{what: kill, process: f.process, at: f.at, until: f.until})
		case blackout:
			s.blackOut(d, f)
		case storm:
			s.faults[len(s.faults)-1].until = f.at + d.between(3*sec, 10*sec)
		case twin:
			s.lives[f.process].named = true
		case endRefused:
			for range d.IntN(4) {
				s.faults = append(s.faults, f)
			}
		}
	}
}

// blackOut kills every process, soon after a partition appeared if one does.
func (s *script) blackOut(d dice, f fault) {
	if src := pick(d, s.sources...); src.born > s.t0 {
		f.at = src.born + d.between(0, 15*sec)
		f.until = f.at
	}
	for i := range s.lives {
		s.faults = append(s.faults, fault{what: kill, process: i, at: f.at, until: f.until})
	}
}

// armed tells whether a fault of the kind strikes the process here.
func (p *process) armed(what mishap) bool {
	if !p.w.strikes(p, what) {
		return false
	}
	p.w.reached[mishapMark(what)]++
	p.w.logf("%s: %v strikes", p, what)
	return true
}

// mishapMark is the mark that counts a mishap.
func mishapMark(what mishap) mark {
	switch what {
	case crashPolled:
		return point1
	case freezePolled:
		return point7
	}
	for _, m := range mishaps {
		if m.what == what {
			return m.row
		}
	}
	panic("a mishap without a row")
}
