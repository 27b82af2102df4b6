package functions

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"math"
	"math/bits"
)

var distinctValues = []Function{
	{
		Name: "count_distinct", Doc: "number of distinct values; of texts too",
		Formula: "size of the set of x; -0 equals 0", Empty: zeroOfNone, Source: "SQL COUNT(DISTINCT x)",
		Example: "count_distinct(x) of 3, 1, 4, 1 is 3",
		Unit:    NoUnit, Takes: Anything, Operation: true,
		Kind: Distinct, TextKind: Distinct, Value: of((*distinct).size),
	},
	{
		Name: "mode", Doc: "most frequent value; of equally frequent ones the least",
		Formula: "min of the x that come most often; -0 equals 0", Empty: noneOfNone,
		Source:  "min of " + pythonStatistics + ".multimode",
		Example: "mode(x) of 4, 3, 1, 4, 3 is 3",
		Unit:    SameUnit, Operation: true, Kind: Distinct, Value: of((*distinct).mode),
	},
}

// distinct keeps each distinct value, in the order in which they came, and how
// often it came. Numbers are kept as their 8 bytes, -0 as 0. No result depends on
// the hashes.
type distinct struct {
	entries []entry
	keys    []byte   // those of the entries, one after the other
	slots   []uint32 // a hash table of places in entries, from 1; 0 is free; none before the first value
}

// entry is a distinct value; its key ends at end, where the next begins.
type entry struct {
	hash uint64
	n    int64
	end  int
}

// fewestSlots is the size of the table of a few values; sizes are powers of two.
const fewestSlots = 16

// textSeed makes it unforeseeable which texts have hashes alike.
var textSeed = maphash.MakeSeed()

func (d *distinct) Add(_ []int64, values []float64) {
	var key [8]byte
	for _, x := range values {
		b := math.Float64bits(x + 0) // -0 + 0 is 0
		binary.LittleEndian.PutUint64(key[:], b)
		d.count(key[:], scramble(b), 1)
	}
}

func (d *distinct) AddTexts(texts [][]byte) {
	for _, text := range texts {
		d.count(text, maphash.Bytes(textSeed, text), 1)
	}
}

func (d *distinct) Merge(other Accumulator) {
	o := other.(*distinct)
	for i, e := range o.entries {
		d.count(o.key(i), e.hash, e.n)
	}
}

// Reset keeps a table of the size that the window needed: it costs no more than
// the window did, whatever came before.
func (d *distinct) Reset() {
	clear(d.slots)
	d.slots = d.slots[:min(slotsFor(len(d.entries)), len(d.slots))]
	d.entries, d.keys = d.entries[:0], d.keys[:0]
}

// count adds n times key.
func (d *distinct) count(key []byte, hash uint64, n int64) {
	if len(d.slots) == 0 {
		d.grow(fewestSlots)
	}
	at := hash & uint64(len(d.slots)-1)
	for ; d.slots[at] != 0; at = (at + 1) & uint64(len(d.slots)-1) {
		i := int(d.slots[at]) - 1
		if e := &d.entries[i]; e.hash == hash && bytes.Equal(d.key(i), key) {
			e.n += n
			return
		}
	}
	d.keys = append(d.keys, key...)
	d.entries = append(d.entries, entry{hash, n, len(d.keys)})
	d.slots[at] = uint32(len(d.entries))
	if slotsFor(len(d.entries)) > len(d.slots) {
		d.grow(2 * len(d.slots))
	}
}

// grow gives the table n slots. Beyond their length, slots hold nothing but 0.
func (d *distinct) grow(n int) {
	clear(d.slots)
	if n > cap(d.slots) {
		d.slots = make([]uint32, n)
	}
	d.slots = d.slots[:n]
	for i, e := range d.entries {
		at := e.hash & uint64(n-1)
		for d.slots[at] != 0 {
			at = (at + 1) & uint64(n-1)
		}
		d.slots[at] = uint32(i + 1)
	}
}

// slotsFor gives the size of the table of n values: no more than two thirds of
// the slots are taken.
func slotsFor(n int) int {
	return max(fewestSlots, 1<<bits.Len(uint(n+n/2)))
}

func (d *distinct) key(i int) []byte {
	from := 0
	if i > 0 {
		from = d.entries[i-1].end
	}
	return d.keys[from:d.entries[i].end]
}

func (d *distinct) size() (float64, bool) { return float64(len(d.entries)), true }

func (d *distinct) mode() (float64, bool) {
	most, mode := int64(0), math.NaN()
	for i, e := range d.entries {
		if e.n < most {
			continue
		}
		if x := d.number(i); e.n > most || x < mode {
			most, mode = e.n, x
		}
	}
	return some(mode)
}

func (d *distinct) number(i int) float64 {
	return math.Float64frombits(binary.LittleEndian.Uint64(d.key(i)))
}

// scramble spreads a number's bits over its hash (Stafford 2011, mix 13).
func scramble(b uint64) uint64 {
	b = (b ^ b>>30) * 0xbf58476d1ce4e5b9
	b = (b ^ b>>27) * 0x94d049bb133111eb
	return b ^ b>>31
}
