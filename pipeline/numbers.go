package pipeline

import (
	"encoding/binary"
	"hash/maphash"
	mathbits "math/bits"
)

// numbering gives groups small numbers, from 0, in the order in which they come: a
// hash table that lasts from batch to batch. No result depends on the numbers.
type numbering struct {
	groups []*group
	slots  []slot
	seed   maphash.Seed
	salt   [2]uint64 // of the hash of short keys, by seed
	bytes  int       // of keys
	single bool      // a key is one value, without its length
}

// slot is one of the table's.
type slot struct {
	hash   uint64
	key    string // of the group's id
	number int32
	taken  bool
}

// What may be remembered however few cells are held: they have their groups whether
// or not these are numbered still.
const (
	fewestSlots   = 64
	maxNumbered   = 1 << 16
	maxGroupNames = 4 << 20 // bytes
)

// full tells that it is time to forget all numbers: there are many, and twice as many
// as cells. To forget those of groups that are in open windows would be in vain, as
// the next of their records numbers them again.
func (n *numbering) full(held int) bool {
	return (len(n.groups) >= maxNumbered || n.bytes >= maxGroupNames) && len(n.groups) > 2*held
}

func (n *numbering) clear() { *n = numbering{seed: n.seed, single: n.single} }

// of gives the number of the group that key identifies.
func (n *numbering) of(key []byte) int {
	if len(n.slots) == 0 {
		n.salt = [2]uint64{maphash.String(n.seed, "first"), maphash.String(n.seed, "last")}
		n.grow()
	}
	hash := n.hash(key)
	for at := int(hash); ; at++ {
		s := &n.slots[at&(len(n.slots)-1)]
		if !s.taken {
			return n.add(key, hash)
		}
		if s.hash == hash && s.key == string(key) {
			return int(s.number)
		}
	}
}

// hash takes the usual key, an integer or a short text, in two words that may
// overlap, each of which an unknown salt keeps from being chosen, and folds their
// product (wyhash, Wang Yi).
func (n *numbering) hash(key []byte) uint64 {
	var first, last uint64
	switch k := len(key); {
	case 8 <= k && k <= 16:
		first, last = binary.LittleEndian.Uint64(key), binary.LittleEndian.Uint64(key[k-8:])
	case 4 <= k && k < 8:
		first, last = uint64(binary.LittleEndian.Uint32(key)), uint64(binary.LittleEndian.Uint32(key[k-4:]))
	default:
		return maphash.Bytes(n.seed, key)
	}
	high, low := mathbits.Mul64(first^n.salt[0], last^n.salt[1])
	return high ^ low
}

func (n *numbering) add(key []byte, hash uint64) int {
	if len(n.slots) <= 2*len(n.groups) {
		n.grow()
	}
	g := &group{id: n.id(key)}
	n.put(slot{hash, string(g.id[len(g.id)-len(key):]), int32(len(n.groups)), true})
	n.groups = append(n.groups, g)
	n.bytes += len(key)
	return len(n.groups) - 1
}

func (n *numbering) id(key []byte) groupID {
	if !n.single {
		return groupID(key)
	}
	return groupID(append(binary.BigEndian.AppendUint32(nil, uint32(len(key))), key...))
}

// put takes the first free slot from the hash's on.
func (n *numbering) put(s slot) {
	at, mask := int(s.hash), len(n.slots)-1
	for n.slots[at&mask].taken {
		at++
	}
	n.slots[at&mask] = s
}

func (n *numbering) grow() {
	old := n.slots
	n.slots = make([]slot, max(fewestSlots, 2*len(old)))
	for _, s := range old {
		if s.taken {
			n.put(s)
		}
	}
}
