package simulation

import (
	"slices"

	"github.com/aggrun/aggrun/pipeline"
)

// tear gives a partition that nobody holds to a member that does not get the
// rest of its shard, as a leader of another make may.
func (g *group) tear(plan pipeline.Assignment, said []pipeline.Member) {
	if len(said) < 2 || !g.w.lasts(tear) {
		return
	}
	for i, from := range said {
		ids := plan.Members[from.ID]
		for k, id := range ids {
			shared := slices.ContainsFunc(ids, func(o pipeline.Partition) bool {
				return o != id && g.w.plan.Shard(o) == g.w.plan.Shard(id)
			})
			to := said[(i+1)%len(said)]
			if shared && !owned(said, id) && slices.Contains(to.Topics, id.Topic) {
				plan.Members[from.ID] = slices.Delete(slices.Clone(ids), k, k+1)
				plan.Members[to.ID] = append(plan.Members[to.ID], id)
				g.w.reached[point14]++
				g.w.logf("group: %v torn from %s to %s", id, from.ID, to.ID)
				return
			}
		}
	}
}

// withhold gives a shard to nobody this round, in a storm.
func (g *group) withhold(plan pipeline.Assignment, said []pipeline.Member) {
	g.withheld = false
	if !g.w.lasts(storm) || g.w.chance(50) {
		return
	}
	g.withheld = true
	shard := g.w.plan.Shard(g.w.script.sources[g.w.IntN(len(g.w.script.sources))].id)
	for _, m := range said {
		plan.Members[m.ID] = slices.DeleteFunc(slices.Clone(plan.Members[m.ID]), func(id pipeline.Partition) bool { return g.w.plan.Shard(id) == shard })
	}
}

// blow makes members join again and again while there is a storm.
func (g *group) blow() {
	if g.w.over {
		return
	}
	if (g.withheld || g.w.lasts(storm)) && len(g.members) > 0 {
		g.w.reached[stormed]++
		if s := g.members[g.w.IntN(len(g.members))].s; !s.joining && !s.dead && s.frozen() == 0 {
			s.rejoin()
		}
	}
	g.w.after(g.w.between(20*ms, 400*ms), g.blow)
}

func owned(said []pipeline.Member, id pipeline.Partition) bool {
	return slices.ContainsFunc(said, func(m pipeline.Member) bool { return slices.Contains(m.Owned, id) })
}
