package pipeline

import (
	"cmp"
	"slices"
)

// unknown is what was refused because the registry did not know its schema id. A
// replay refuses the same records, whatever the registry has learnt since: as
// long as not more than maxUnknown ids were refused, exactly; of older ones it is
// known only up to where there were any, and that one of them has been registered
// in the meantime is not seen.
type unknown struct {
	last      map[int32]int64 // by schema id, the last offset refused
	forgotten int64           // the last offset of those that there was no room for; None
}

func recall(ids []Unknown, forgotten int64) unknown {
	u := unknown{forgotten: forgotten}
	for _, id := range ids {
		u.add(id.Schema, id.Last)
	}
	return u
}

// add notes a refusal, and lets go of the oldest when there are too many.
func (u *unknown) add(schema int32, offset int64) {
	if u.last == nil {
		u.last = map[int32]int64{}
	}
	u.last[schema] = offset
	if len(u.last) <= maxUnknown {
		return
	}
	oldest, at := schema, offset
	for id, last := range u.last {
		if last < at {
			oldest, at = id, last
		}
	}
	delete(u.last, oldest)
	u.forgotten = max(u.forgotten, at)
}

// again notes a refusal on replay that is not listed, where there is room: whoever
// replays next refuses the record too.
func (u *unknown) again(schema int32, offset int64) {
	if !u.refused(schema, offset) && len(u.last) < maxUnknown {
		u.add(schema, offset)
	}
}

// refused tells that the record at offset was refused for its id, which the
// registry knows by now.
func (u *unknown) refused(schema int32, offset int64) bool {
	last, listed := u.last[schema]
	return listed && offset <= last
}

// next is the first of rows [i, end) that was refused, or end.
func (u *unknown) next(b *Batch, i, end int) int {
	for ; len(u.last) > 0 && i < end; i++ {
		if u.refused(b.Schemas[i], b.Offsets[i]) {
			return i
		}
	}
	return end
}

// explains tells that an id which the registry does not know on replay was not
// known then either.
func (u *unknown) explains(schema int32, offset int64) bool {
	return u.refused(schema, offset) || offset <= u.forgotten
}

// since lists what records at or after r need, by schema id.
func (u *unknown) since(r int64) (ids []Unknown, forgotten int64) {
	for id, last := range u.last {
		if last >= r {
			ids = append(ids, Unknown{id, last})
		}
	}
	slices.SortFunc(ids, func(a, b Unknown) int { return cmp.Compare(a.Schema, b.Schema) })
	if u.forgotten >= r {
		return ids, u.forgotten
	}
	return ids, None
}
