package pipeline

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func shardOfTest(p Partition) string { return p.Topic[:1] }

// Whatever members claim, what one holds goes to no other, and joining again and
// again ends with every shard whole at one member, evenly.
func TestBalanceProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 500 {
		counts := map[string]int32{}
		var topics []string
		for i := range 1 + r.IntN(6) {
			topic := fmt.Sprintf("%c%d", 'a'+rune(r.IntN(4)), i)
			topics = append(topics, topic)
			counts[topic] = 1 + r.Int32N(4)
		}
		members := make([]Member, 1+r.IntN(4))
		for i := range members {
			members[i] = Member{ID: fmt.Sprint(i), Topics: topics, Generation: r.Int32N(3)}
		}
		for topic, n := range counts {
			for id := range n {
				if r.IntN(2) == 0 {
					m := &members[r.IntN(len(members))]
					m.Owned = append(m.Owned, Partition{topic, id})
				}
			}
		}
		for round := range 6 {
			before := slices.Clone(members)
			a := Balance(shardOfTest, members, counts)
			checkNothingTaken(t, before, a)
			for i := range members {
				members[i].Owned = a.Members[members[i].ID]
				members[i].Generation = int32(10 + round)
			}
		}
		checkWhole(t, members, counts)
	}
}

func checkNothingTaken(t *testing.T, before []Member, a Assignment) {
	t.Helper()
	holder := map[Partition]Member{}
	contested := map[Partition]bool{}
	for _, m := range before {
		for _, p := range m.Owned {
			if h, ok := holder[p]; ok && h.Generation == m.Generation {
				contested[p] = true
			} else if !ok || m.Generation > h.Generation {
				holder[p], contested[p] = m, false
			}
		}
	}
	given := map[Partition]string{}
	for id, ps := range a.Members {
		for _, p := range ps {
			if other, ok := given[p]; ok {
				t.Fatalf("%v went to %s and %s", p, other, id)
			}
			given[p] = id
			if h, ok := holder[p]; ok && !contested[p] && h.ID != id {
				t.Fatalf("%v of %s went to %s", p, h.ID, id)
			}
		}
	}
}

func checkWhole(t *testing.T, members []Member, counts map[string]int32) {
	t.Helper()
	owner, n := map[string]string{}, 0
	for _, m := range members {
		for _, p := range m.Owned {
			n++
			s := shardOfTest(p)
			if o, ok := owner[s]; ok && o != m.ID {
				t.Fatalf("shard %s is torn between %s and %s", s, o, m.ID)
			}
			owner[s] = m.ID
		}
	}
	all := 0
	for _, c := range counts {
		all += int(c)
	}
	if n != all {
		t.Fatalf("%d of %d partitions are assigned", n, all)
	}
}

func TestBalanceNewPartitionJoinsItsShard(t *testing.T) {
	members := []Member{
		{ID: "1", Topics: []string{"a0"}, Generation: 3, Owned: []Partition{{"a0", 0}, {"a0", 1}}},
		{ID: "2", Topics: []string{"a0"}, Generation: 3},
	}
	a := Balance(shardOfTest, members, map[string]int32{"a0": 3})
	if len(a.Members["1"]) != 3 || a.Counts["a0"] != 3 {
		t.Errorf("got %+v", a)
	}
}

func TestBalanceTopicGoesOnlyToWhoAnnouncedIt(t *testing.T) {
	members := []Member{
		{ID: "1", Topics: []string{"b0"}},
		{ID: "2", Topics: []string{"a0", "b0"}},
	}
	a := Balance(shardOfTest, members, map[string]int32{"a0": 2, "b0": 2, "nobody": 5})
	for _, p := range a.Members["1"] {
		if p.Topic == "a0" {
			t.Errorf("member 1 got %v", p)
		}
	}
	if len(a.Members["1"])+len(a.Members["2"]) != 4 {
		t.Errorf("got %+v", a)
	}
}
