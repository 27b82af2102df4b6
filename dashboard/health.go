package dashboard

import (
	"fmt"
	"time"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/status"
)

// How long things may take before they are told of.
const (
	// stallAfter is how long a shard that has something to read or to commit may stand
	// still. A backlog's commits rest for 10 s at most, and take seconds.
	stallAfter = time.Minute
	// stuckAfter is how long a step may take in which nothing outside is waited for,
	// beyond a poll's quarter of a second: it applies some thousand records.
	stuckAfter = time.Minute
	// endAfter is how long the end of a transaction may take: after five minutes the
	// process ends by itself.
	endAfter = 6 * time.Minute
)

// Trouble is why a pipeline is not ready, or a process does not live.
type Trouble struct {
	Pipeline string
	Shard    string // "": all of the pipeline
	Why      string
	Since    time.Time
}

func (t Trouble) String() string {
	shard := ""
	if t.Shard != "" {
		shard = fmt.Sprintf(", shard %q", t.Shard)
	}
	return fmt.Sprintf("pipeline %s%s: %s, since %s", t.Pipeline, shard, t.Why, t.Since.UTC().Format(time.RFC3339))
}

// Stuck tells which pipelines' workers have made no step though they wait for nothing
// outside. What waits for brokers or registries is not: a new process would wait, too.
func Stuck(all []status.Pipeline, now time.Time) (found []Trouble) {
	for i := range all {
		p := &all[i]
		if took := now.Sub(p.Begun); p.Work == status.Step && took > stuckAfter {
			found = append(found, Trouble{p.Name, "", "its worker makes no step", p.Begun})
		} else if p.Work == status.Ending && took > endAfter {
			found = append(found, Trouble{p.Name, "", "a transaction does not end", p.Begun})
		}
	}
	return found
}

// Troubles tells what keeps a process from being ready: each pipeline that has not
// joined, and each shard that does not get on.
func Troubles(all []status.Pipeline, now time.Time) (found []Trouble) {
	for i := range all {
		p := &all[i]
		if trouble, ok := pipelineTrouble(p, now); ok {
			found = append(found, trouble)
		}
		for _, r := range p.Registries {
			if !r.Silent.IsZero() && !over(p) {
				found = append(found, Trouble{p.Name, "", fmt.Sprintf("the %s registry does not answer, and is waited for", r.Name), r.Silent})
			}
		}
		if over(p) {
			continue
		}
		for j := range p.Worker.Shards {
			if trouble, ok := shardTrouble(p, &p.Worker.Shards[j], now); ok {
				found = append(found, trouble)
			}
		}
	}
	return found
}

// over tells that a pipeline does nothing any more, whatever was left to do.
func over(p *status.Pipeline) bool { return p.State == status.Stopped || p.State == status.Ended }

// pipelineTrouble is what keeps all of a pipeline back.
func pipelineTrouble(p *status.Pipeline, now time.Time) (Trouble, bool) {
	is := func(why string, since time.Time) (Trouble, bool) { return Trouble{p.Name, "", why, since}, true }
	last := ""
	if p.Error != "" {
		last = "; the last session ended by: " + line(p.Error)
	}
	switch {
	case p.State == status.Stopped:
		return is("stopped: "+line(p.Error), p.Since)
	case p.State == status.Ended:
		return is("it was told to end", p.Since)
	case p.State == status.Finished:
		return Trouble{}, false
	case p.State == status.Preparing:
		return is("it is being prepared: topics, schemas and offsets are looked up", p.Since)
	case p.Work == status.Step && now.Sub(p.Begun) > stuckAfter:
		return is("its worker makes no step", p.Begun)
	case (p.Work == status.Committing || p.Work == status.Ending) && now.Sub(p.Begun) > stallAfter:
		return is("a commit, or the question what is committed, does not come to an end: brokers or the sink registry do not answer", p.Begun)
	case p.State == status.Joining:
		return is("it has not joined its group, or not taken up what it was assigned"+last, p.Since)
	}
	return Trouble{}, false
}

// shardTrouble is what keeps one shard back. Its stillness is measured on the worker's
// clock, and goes on while no newer state is told.
func shardTrouble(p *status.Pipeline, s *pipeline.ShardStatus, now time.Time) (Trouble, bool) {
	is := func(why string, since int64) (Trouble, bool) {
		return Trouble{p.Name, s.Shard, why, moment(since)}, true
	}
	switch {
	case s.Stopped.Reason != "":
		return is("stopped: "+line(s.Stopped.Reason), s.Stopped.Since)
	case s.Torn != pipeline.None:
		return is(fmt.Sprintf("torn: %d of its %d partitions are here", s.Owned, s.Need), s.Torn)
	}
	if since, ok := Stalled(p.Progress[s.Shard], p.Clock(now)); ok {
		return is("stalled: "+standstill(p, s), since)
	}
	for i := range s.Partitions {
		if q := &s.Partitions[i]; q.Asks && p.Worker.Now-max(q.End.Asked, q.Active) > int64(stallAfter) {
			return is(fmt.Sprintf("brokers do not tell where topic %s, partition %d ends", q.Topic, q.ID), max(q.End.Asked, q.Active))
		}
	}
	return Trouble{}, false
}

// Stalled tells that a shard has had something to read or to commit for so long in
// which neither a committed offset nor C moved, and since when, ns on the worker's clock.
func Stalled(p status.Progress, now int64) (since int64, ok bool) {
	return p.Since, p.Busy && now-p.Since > int64(stallAfter)
}

// standstill says what a stalled shard has to do.
func standstill(p *status.Pipeline, s *pipeline.ShardStatus) string {
	lag := int64(0)
	for i := range s.Partitions {
		q := &s.Partitions[i]
		lag += status.Lag(q, p.Logs)
		if q.Stop == pipeline.None && q.Applied >= q.End.Stable && q.End.High > q.Applied {
			return fmt.Sprintf("topic %s, partition %d is read up to a transaction of its producer that is open at offset %d", q.Topic, q.ID, q.End.Stable)
		}
	}
	what := fmt.Sprintf("%d offsets are to be read or committed", lag)
	if s.Results+s.Letters > 0 {
		what += fmt.Sprintf(", and about %d results and %d dead letters wait", s.Results, s.Letters)
	}
	return what + "; no offset and no window gets on"
}

func moment(ns int64) time.Time { return time.Unix(0, ns) }

// line is a text as one line.
func line(text string) string {
	for i, r := range text {
		if r == '\n' {
			return text[:i] + " ..."
		}
	}
	return text
}
