package faults

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"reflect"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// This file stands between a worker and the brokers: it knows where requests and
// answers begin, cuts connections at them, holds answers back, and changes what they
// say. So a request is done, and nobody hears of it.

// wireKind is what is done to a request.
type wireKind int

const (
	cutBefore wireKind = iota // the connection is cut, the request is not sent
	cutAfter                  // it is done, and cut before the answer
	failAfter                 // it is done, and answered as failed
	late                      // it is done, and answered late
)

func (k wireKind) String() string {
	return [...]string{"cut before", "cut after", "answered as failed", "answered late"}[k]
}

// wireFault is done to the next requests of a key.
type wireFault struct {
	kind  wireKind
	key   kmsg.Key
	err   *kerr.Error   // of failAfter
	delay time.Duration // of late
	left  int
	hits  int
}

// wires are the faults that wait for a request.
type wires struct {
	mu     sync.Mutex
	faults []*wireFault
}

func (w *wires) add(f *wireFault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = append(w.faults, f)
}

func (w *wires) clear() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = nil
}

// take gives what is to be done to a request of a key, now that it is sent or, after,
// answered; nil: nothing.
func (w *wires) take(key kmsg.Key, after bool) *wireFault {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.faults {
		if f.key == key && f.left > 0 && (f.kind != cutBefore) == after {
			f.left--
			f.hits++
			return f
		}
	}
	return nil
}

// errCut is what a worker hears of a connection that was cut.
var errCut = errors.New("the connection was cut")

// network is that of one process: it can be frozen, and cut for good.
type network struct {
	wires *wires

	mu     sync.Mutex
	dead   bool
	conns  map[*conn]bool
	frozen chan struct{} // closed when it thaws; nil: it is not frozen
}

func newNetwork(w *wires) *network { return &network{wires: w, conns: map[*conn]bool{}} }

// dial connects to a broker.
func (n *network) dial(ctx context.Context, protocol, address string) (net.Conn, error) {
	n.await()
	if n.isDead() {
		return nil, errCut
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, protocol, address)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.dead {
		_ = c.Close()
		return nil, errCut
	}
	out := &conn{Conn: c, network: n, asked: map[uint32]asked{}}
	n.conns[out] = true
	return out, nil
}

func (n *network) isDead() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dead
}

// cut closes every connection; those of a dead one are the last.
func (n *network) cut(dead bool) {
	n.mu.Lock()
	conns := n.conns
	n.conns, n.dead = map[*conn]bool{}, n.dead || dead
	n.mu.Unlock()
	for c := range conns {
		_ = c.Conn.Close()
	}
	if dead {
		n.thaw()
	}
}

// freeze holds back whatever is sent or received from now on.
func (n *network) freeze() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.frozen == nil {
		n.frozen = make(chan struct{})
	}
}

func (n *network) thaw() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.frozen != nil {
		close(n.frozen)
		n.frozen = nil
	}
}

// await waits as long as the network is frozen.
func (n *network) await() {
	n.mu.Lock()
	frozen := n.frozen
	n.mu.Unlock()
	if frozen != nil {
		<-frozen
	}
}

// asked is a request that was sent.
type asked struct{ key, version int16 }

// conn is a connection to a broker.
type conn struct {
	net.Conn
	network *network
	mu      sync.Mutex
	asked   map[uint32]asked // by correlation id
	answer  []byte           // what is left of the one that is read
}

// requestHead is the length, key, version and correlation id of a request, which kgo
// writes at once.
const requestHead = 12

func (c *conn) Write(b []byte) (int, error) {
	c.network.await()
	if len(b) >= requestHead {
		a := asked{int16(binary.BigEndian.Uint16(b[4:])), int16(binary.BigEndian.Uint16(b[6:]))}
		if c.network.wires.take(kmsg.Key(a.key), false) != nil {
			return 0, c.broken()
		}
		c.mu.Lock()
		c.asked[binary.BigEndian.Uint32(b[8:])] = a
		c.mu.Unlock()
	}
	return c.Conn.Write(b)
}

func (c *conn) broken() error {
	_ = c.Conn.Close()
	return errCut
}

func (c *conn) Close() error {
	c.network.mu.Lock()
	delete(c.network.conns, c)
	c.network.mu.Unlock()
	return c.Conn.Close()
}

func (c *conn) Read(b []byte) (int, error) {
	if len(c.answer) == 0 {
		if err := c.receive(); err != nil {
			return 0, err
		}
	}
	n := copy(b, c.answer)
	c.answer = c.answer[n:]
	return n, nil
}

// receive reads an answer whole, and does to it what is to be done.
func (c *conn) receive() error {
	var size [4]byte
	if _, err := io.ReadFull(c.Conn, size[:]); err != nil {
		return err
	}
	frame := make([]byte, 4+int(binary.BigEndian.Uint32(size[:])))
	copy(frame, size[:])
	if _, err := io.ReadFull(c.Conn, frame[4:]); err != nil {
		return err
	}
	c.network.await()
	c.mu.Lock()
	id := binary.BigEndian.Uint32(frame[4:])
	a := c.asked[id]
	delete(c.asked, id)
	c.mu.Unlock()
	if f := c.network.wires.take(kmsg.Key(a.key), true); f != nil {
		switch f.kind {
		case cutAfter:
			return c.broken()
		case late:
			time.Sleep(f.delay)
		case failAfter:
			frame = a.failed(frame, f.err)
		}
	}
	c.answer = frame
	return nil
}

// failed gives an answer in which everything has failed.
func (a asked) failed(frame []byte, err *kerr.Error) []byte {
	resp := kmsg.ResponseForKey(a.key)
	resp.SetVersion(a.version)
	head := 8 // length and correlation id
	if resp.IsFlexible() {
		head++ // no tags
	}
	if resp.ReadFrom(frame[head:]) != nil {
		return frame
	}
	setErrors(reflect.ValueOf(resp), err.Code)
	out := resp.AppendTo(append([]byte{}, frame[:head]...))
	binary.BigEndian.PutUint32(out, uint32(len(out)-4))
	return out
}

// setErrors gives every error code there is a value.
func setErrors(v reflect.Value, code int16) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			setErrors(v.Elem(), code)
		}
	case reflect.Slice:
		for i := range v.Len() {
			setErrors(v.Index(i), code)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.Name == "ErrorCode" {
				v.Field(i).SetInt(int64(code))
			} else if f.IsExported() {
				setErrors(v.Field(i), code)
			}
		}
	}
}
