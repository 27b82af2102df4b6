package pipeline

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// maxMetadata bounds the text of a Checkpoint, bytes. The broker's own bound
// (offset.metadata.max.bytes) is 4,096 by default.
const maxMetadata = 3500

const checkpointVersion = 1

// maxUnknown bounds Checkpoint.Unknown: garbage must not fill the metadata.
const maxUnknown = 32

// Checkpoint is what a commit remembers of a partition beside its offset: it
// travels in the commit's metadata string.
type Checkpoint struct {
	Fingerprint Fingerprint
	Replay      int64     // first offset that an undecided window needs, or the committed offset
	Largest     int64     // largest event time read, ns; None before the first
	Closed      int64     // every window of the shard with end <= Closed is decided, ns; None
	Skipped     int64     // windows with end <= Skipped lack records from before the start, ns; None
	Ticks       []Tick    // in force over [Replay, committed), ascending
	Unknown     []Unknown // schema ids refused since Replay, the latest of them
	Forgotten   int64     // the last offset refused for an id that Unknown had no room for; None
}

// Tick is the minute against which max_future compared the records from an
// offset on.
type Tick struct {
	From   int64 // offset
	Minute int64 // since the epoch
}

// Unknown is a schema id that the registry did not know.
type Unknown struct {
	Schema int32
	Last   int64 // the last offset refused for it
}

// errForeign says that a metadata string is not one of ours.
var errForeign = errors.New("the metadata is not aggrun's")

// Encode gives the metadata string of a commit at offset done.
func (c Checkpoint) Encode(done int64) string { return string(c.appendTo(nil, done)) }

// appendTo appends what Encode gives: the bytes, which their text then takes the
// place of.
func (c *Checkpoint) appendTo(dst []byte, done int64) []byte {
	from := len(dst)
	dst = c.appendBytes(dst, done)
	dst = binary.BigEndian.AppendUint32(dst, crc32.ChecksumIEEE(dst[from:]))
	end := len(dst)
	dst = base64.StdEncoding.AppendEncode(dst, dst[from:])
	return dst[:from+copy(dst[from:], dst[end:])]
}

func (c *Checkpoint) appendBytes(b []byte, done int64) []byte {
	b = binary.AppendUvarint(append(b, checkpointVersion), uint64(len(c.Fingerprint)))
	for _, h := range c.Fingerprint {
		b = binary.BigEndian.AppendUint32(b, h)
	}
	b = binary.AppendUvarint(b, uint64(done-c.Replay))
	for _, t := range []int64{c.Largest, c.Closed, c.Skipped, c.Forgotten} {
		b = binary.AppendVarint(b, t)
	}
	b = binary.AppendUvarint(b, uint64(len(c.Ticks)))
	for _, t := range c.Ticks {
		b = binary.AppendVarint(b, done-t.From)
		b = binary.AppendVarint(b, t.Minute)
	}
	b = binary.AppendUvarint(b, uint64(len(c.Unknown)))
	for _, u := range c.Unknown {
		b = binary.AppendVarint(b, int64(u.Schema))
		b = binary.AppendVarint(b, done-u.Last)
	}
	return b
}

// DecodeCheckpoint reads the metadata string of a commit at offset done. The
// error is errForeign's for any text that Encode did not write.
func DecodeCheckpoint(metadata string, done int64) (Checkpoint, error) {
	b, err := base64.StdEncoding.DecodeString(metadata)
	if err != nil || len(b) < 6 || len(metadata) > maxMetadata {
		return Checkpoint{}, errForeign
	}
	body, sum := b[:len(b)-4], binary.BigEndian.Uint32(b[len(b)-4:])
	if crc32.ChecksumIEEE(body) != sum || body[0] != checkpointVersion {
		return Checkpoint{}, errForeign
	}
	r := reader{b: body[1:]}
	c := r.checkpoint(done)
	if r.bad || len(r.b) > 0 {
		return Checkpoint{}, errForeign
	}
	return c, nil
}

// reader takes a checkpoint apart; bad is set once it does not hold what it
// should.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) checkpoint(done int64) (c Checkpoint) {
	for i := range r.count(4) {
		if h := r.hash(); i < len(c.Fingerprint) {
			c.Fingerprint[i] = h
		}
	}
	back := r.uvarint()
	r.bad = r.bad || back > uint64(done) // done is no less than 0, as offsets are
	c.Replay = done - int64(back)
	c.Largest, c.Closed, c.Skipped, c.Forgotten = r.varint(), r.varint(), r.varint(), r.varint()
	for range r.count(2) {
		c.Ticks = append(c.Ticks, Tick{From: done - r.varint(), Minute: r.varint()})
	}
	for range r.count(2) {
		c.Unknown = append(c.Unknown, Unknown{Schema: int32(r.varint()), Last: done - r.varint()})
	}
	return c
}

// count is a number of items of at least width bytes each.
func (r *reader) count(width int) int {
	n := r.uvarint()
	if n > uint64(len(r.b)/width) {
		r.bad = true
		return 0
	}
	return int(n)
}

func (r *reader) hash() uint32 {
	if len(r.b) < 4 {
		r.bad = true
		return 0
	}
	h := binary.BigEndian.Uint32(r.b)
	r.b = r.b[4:]
	return h
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	return take(r, v, n)
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	return take(r, v, n)
}

func take[T int64 | uint64](r *reader, v T, n int) T {
	if n <= 0 {
		r.bad = true
		return 0
	}
	r.b = r.b[n:]
	return v
}
