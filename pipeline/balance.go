package pipeline

import (
	"cmp"
	"maps"
	"math"
	"slices"
)

// Member is what a member of the group tells the leader as it joins.
type Member struct {
	ID         string
	Topics     []string         // that it announced
	Owned      []Partition      // that it holds from an earlier assignment
	Generation int32            // of that assignment
	Counts     map[string]int32 // partitions of each topic as the last leader saw them
	Version    string           // of the pipeline: what it computes; "" of one that does not tell
	Loaded     int64            // when its process loaded that, ns; 0 of one that does not tell
}

// Assignment is what the leader decides.
type Assignment struct {
	Members map[string][]Partition // by member
	Counts  map[string]int32       // partitions of each topic, for everyone to know what is whole
	Version string                 // of the pipeline, which members that are assigned something have
}

// Balance assigns whole shards: sticky, spread by number of partitions. counts
// are the leader's own partition counts. A partition goes to the member that
// holds its shard; one that nobody owns goes there only if no other member holds
// any part; one that is claimed twice at one generation goes to nobody. Moving a
// shard means that nobody gets it this round: once its owner has let go, it
// joins again and the new owner gets all of it. Members of the version that was
// loaded last share everything, and the others stand by: what they hold moves.
func Balance(shard func(Partition) string, members []Member, counts map[string]int32) Assignment {
	slices.SortFunc(members, func(a, b Member) int { return cmp.Compare(a.ID, b.ID) })
	version := newest(members)
	b := &balance{members: members, version: version, counts: union(members, version, counts), load: map[string]int{}}
	b.shards = b.group(shard)
	b.claim()
	b.choose()
	b.move()
	return b.assign()
}

// balance is the leader's work sheet.
type balance struct {
	members []Member
	version string
	counts  map[string]int32
	shards  []*shardClaim
	load    map[string]int // partitions by member
	topics  map[string]map[string]bool
}

// shardClaim is one shard: its partitions, who holds how many, who gets it.
type shardClaim struct {
	name       string
	partitions []Partition
	topics     []string
	owner      map[Partition]string // "" where two members claim it
	held       map[string]int       // by member
	target     string
}

// newest is the version that was loaded last; of two at one time the larger one, so
// that leaders agree.
func newest(members []Member) (version string) {
	loaded := int64(math.MinInt64)
	for _, m := range members {
		if m.Loaded > loaded || m.Loaded == loaded && m.Version > version {
			version, loaded = m.Version, m.Loaded
		}
	}
	return version
}

// union is the largest count anyone knows of each topic that some member of the
// version announced: the leader's metadata may be older than another member's.
func union(members []Member, version string, counts map[string]int32) map[string]int32 {
	all := map[string]int32{}
	announced := map[string]bool{}
	for _, m := range members {
		for _, t := range m.Topics {
			announced[t] = announced[t] || m.Version == version
		}
	}
	add := func(topic string, n int32) {
		if announced[topic] && n > 0 {
			all[topic] = max(all[topic], n)
		}
	}
	for t, n := range counts {
		add(t, n)
	}
	for _, m := range members {
		for t, n := range m.Counts {
			add(t, n)
		}
		for _, p := range m.Owned {
			add(p.Topic, p.ID+1)
		}
	}
	return all
}

// group lists the shards in the order of their names.
func (b *balance) group(shard func(Partition) string) []*shardClaim {
	by := map[string]*shardClaim{}
	for _, topic := range sortedKeys(b.counts) {
		for id := range b.counts[topic] {
			p := Partition{topic, id}
			name := shard(p)
			s := by[name]
			if s == nil {
				s = &shardClaim{name: name, owner: map[Partition]string{}, held: map[string]int{}}
				by[name] = s
			}
			if n := len(s.topics); n == 0 || s.topics[n-1] != topic {
				s.topics = append(s.topics, topic)
			}
			s.partitions = append(s.partitions, p)
		}
	}
	shards := make([]*shardClaim, 0, len(by))
	for _, name := range sortedKeys(by) {
		shards = append(shards, by[name])
	}
	return shards
}

// claim notes who holds what: of two claims the higher generation's counts, two
// at one generation void each other.
func (b *balance) claim() {
	type claim struct {
		member     string
		generation int32
	}
	claims := map[Partition]claim{}
	for _, m := range b.members {
		for _, p := range m.Owned {
			old, ok := claims[p]
			switch {
			case !ok || m.Generation > old.generation:
				claims[p] = claim{m.ID, m.Generation}
			case m.Generation == old.generation:
				claims[p] = claim{"", m.Generation}
			}
		}
	}
	for _, s := range b.shards {
		for _, p := range s.partitions {
			if c, ok := claims[p]; ok {
				s.owner[p] = c.member
				if c.member != "" {
					s.held[c.member]++
				}
			}
		}
	}
}

// choose gives each shard to the member that holds most of it, and those that
// nobody holds to whoever has least.
func (b *balance) choose() {
	for _, s := range b.shards {
		for _, m := range b.members {
			if n := s.held[m.ID]; n > 0 && b.takes(m, s) && (s.target == "" || n > s.held[s.target]) {
				s.target = m.ID
			}
		}
		b.load[s.target] += len(s.partitions)
	}
	for _, s := range b.shards {
		if s.target == "" {
			if m, ok := b.least(s); ok {
				s.target = m
				b.load[m] += len(s.partitions)
			}
		}
	}
}

// takes tells whether a member does not stand by, and has announced every topic of a
// shard.
func (b *balance) takes(m Member, s *shardClaim) bool {
	if b.topics == nil {
		b.topics = map[string]map[string]bool{}
		for _, m := range b.members {
			set := map[string]bool{}
			for _, t := range m.Topics {
				set[t] = true
			}
			b.topics[m.ID] = set
		}
	}
	return m.Version == b.version && !slices.ContainsFunc(s.topics, func(t string) bool { return !b.topics[m.ID][t] })
}

// least is the member with the fewest partitions among those that can take s.
func (b *balance) least(s *shardClaim) (string, bool) {
	best, found := "", false
	for _, m := range b.members {
		if b.takes(m, s) && (!found || b.load[m.ID] < b.load[best]) {
			best, found = m.ID, true
		}
	}
	return best, found
}

// move shifts shards to less loaded members as long as that evens the load.
func (b *balance) move() {
	for moved := true; moved; {
		moved = false
		for _, s := range b.shards {
			to, ok := b.least(s)
			if n := len(s.partitions); ok && s.target != "" && b.load[s.target]-b.load[to] > n {
				b.load[s.target] -= n
				b.load[to] += n
				s.target = to
				moved = true
			}
		}
	}
}

// assign hands out what may be handed out this round.
func (b *balance) assign() Assignment {
	a := Assignment{Members: map[string][]Partition{}, Counts: maps.Clone(b.counts), Version: b.version}
	for _, m := range b.members {
		a.Members[m.ID] = nil
	}
	for _, s := range b.shards {
		if s.target == "" {
			continue
		}
		alone := len(s.held) == 0 || len(s.held) == 1 && s.held[s.target] > 0
		for _, p := range s.partitions {
			owner, owned := s.owner[p]
			if owner == s.target || !owned && alone {
				a.Members[s.target] = append(a.Members[s.target], p)
			}
		}
	}
	return a
}
