package pipeline

import (
	"cmp"
	"maps"
	"slices"
)

func (e Joining) apply(w *Worker) { w.keep(e.Owned) }

func (e Synced) apply(w *Worker) {
	w.keep(e.Owned)
	w.synced = true
	w.owned = map[string]int{}
	for _, id := range e.Owned {
		w.owned[w.shard(id)]++
	}
	w.counts = e.Counts
	w.measure()
}

// measure tells how many partitions each shard has. One that the group has
// committed belongs to it even where the leader, whose metadata may be old, does
// not know it: windows must not close without what was read of it.
func (w *Worker) measure() {
	all := map[string]int32{}
	maps.Copy(all, w.counts)
	for topic, n := range w.kept {
		all[topic] = max(all[topic], n)
	}
	w.need = map[string]int{}
	for topic, n := range all {
		for id := range n {
			w.need[w.shard(Partition{topic, id})]++
		}
	}
}

func (e Lost) apply(w *Worker) {
	for _, id := range e.Partitions {
		w.drop(id)
	}
}

func (e Assigned) apply(w *Worker) {
	w.kept = e.Counts
	w.measure()
	for _, pos := range e.Positions {
		shard := w.shard(pos.Partition)
		t := w.tasks[shard]
		if t == nil {
			t = newTask(w.plan, shard, w.plan.Sink(pos.Topic), w.cells)
			w.add(t)
		}
		t.install(pos, w.now)
	}
}

// add takes a shard up.
func (w *Worker) add(t *task) {
	w.tasks[t.shard] = t
	i, _ := slices.BinarySearchFunc(w.order, t.shard, func(o *task, shard string) int { return cmp.Compare(o.shard, shard) })
	w.order = slices.Insert(w.order, i, t)
}

// keep forgets every partition that is not among owned.
func (w *Worker) keep(owned []Partition) {
	kept := make(map[Partition]bool, len(owned))
	for _, id := range owned {
		kept[id] = true
	}
	for _, t := range slices.Clone(w.order) {
		for _, p := range slices.Clone(t.parts) {
			if !kept[p.id] {
				w.drop(p.id)
			}
		}
	}
}

// drop forgets a partition, and a shard with its last one.
func (w *Worker) drop(id Partition) {
	shard := w.shard(id)
	t := w.tasks[shard]
	if t == nil {
		return
	}
	t.drop(id)
	if len(t.parts) == 0 {
		delete(w.tasks, shard)
		w.order = slices.DeleteFunc(w.order, func(o *task) bool { return o == t })
	}
}
