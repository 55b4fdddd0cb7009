package wire

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// Decoder reads messages from a stream, one after the other. It reads no
// further than it must to see the end of a message, so that it can wait on a
// connection; the bytes that came with it are kept for the next.
type Decoder struct {
	r        io.Reader
	lim      Limits
	buf      []byte
	pos, end int
	taken    int   // bytes of the current message
	err      error // of the stream: it ends everything

	m      *message
	text   strings.Builder // the piece of the message's text that is being filled
	budget *Budget
	stack  []uint32
	marks  []uint32 // heights of the stack
	memo   []uint32
	str    uint32 // 1 + the value that is known to be the class builtins.str; 0 before
}

// NewDecoder returns a Decoder on r.
func NewDecoder(r io.Reader, lim Limits) *Decoder {
	d := &Decoder{r: r, lim: lim.withDefaults(), buf: make([]byte, 4096), budget: lim.Budget}
	if d.budget == nil {
		d.budget = new(Budget)
	}
	return d
}

// Decode reads one message and its end mark. It returns io.EOF where the
// stream ends between two messages, io.ErrUnexpectedEOF inside one, an error
// that wraps ErrFormat for bytes that are no message, and the stream's own
// error otherwise. After any error the stream is out of step and every further
// call returns the same error.
func (d *Decoder) Decode() (Value, error) {
	if d.err != nil {
		return Value{}, d.err
	}
	v, err := d.decode()
	if err != nil {
		d.err = err
		return Value{}, err
	}
	return v, nil
}

// Buffered is how many bytes were read that belong to messages still to be
// decoded.
func (d *Decoder) Buffered() int { return d.end - d.pos }

func (d *Decoder) decode() (Value, error) {
	d.m = &message{}
	d.taken, d.str = 0, 0
	d.text.Reset()
	if d.lim.Budget == nil {
		d.budget.Fill(d.lim.Memory)
	}
	d.stack, d.marks, d.memo = d.stack[:0], d.marks[:0], d.memo[:0]
	if err := d.fill(1); err != nil {
		if err == io.ErrUnexpectedEOF {
			err = io.EOF
		}
		return Value{}, err
	}
	for {
		if err := d.fill(1); err != nil {
			return Value{}, err
		}
		op := d.buf[d.pos]
		d.skip(1)
		if op == opStop {
			break
		}
		if err := d.step(op); err != nil {
			return Value{}, err
		}
		if d.taken > d.lim.Bytes {
			return Value{}, formatf("longer than %d bytes", d.lim.Bytes)
		}
	}
	if len(d.stack) != 1 || len(d.marks) != 0 {
		return Value{}, formatf("%d values left at the end", len(d.stack))
	}
	if d.m.nodes[d.stack[0]].kind == class {
		return Value{}, formatf("a class outside a call")
	}
	mark, err := d.take(len(End))
	if err != nil {
		return Value{}, err
	}
	if string(mark) != End {
		return Value{}, formatf("%q instead of the end mark", mark)
	}
	d.share()
	return Value{d.m, d.stack[0]}, nil
}

// fill makes sure that n bytes stand in the buffer.
func (d *Decoder) fill(n int) error {
	if d.end-d.pos >= n {
		return nil
	}
	if d.taken+n > d.lim.Bytes {
		return formatf("longer than %d bytes", d.lim.Bytes)
	}
	if d.pos > 0 {
		copy(d.buf, d.buf[d.pos:d.end])
		d.end -= d.pos
		d.pos = 0
	}
	for d.end < n {
		if d.end == len(d.buf) {
			d.buf = append(d.buf, make([]byte, min(len(d.buf), 1<<20))...)
		}
		got, err := d.r.Read(d.buf[d.end:])
		d.end += got
		if err != nil && d.end < n {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}

func (d *Decoder) skip(n int) {
	d.pos += n
	d.taken += n
}

// take returns the next n bytes; they are good until the next call.
func (d *Decoder) take(n int) ([]byte, error) {
	if err := d.fill(n); err != nil {
		return nil, err
	}
	b := d.buf[d.pos : d.pos+n]
	d.skip(n)
	return b, nil
}

// number reads a little-endian number of n bytes.
func (d *Decoder) number(n int) (uint64, error) {
	var b [8]byte
	got, err := d.take(n)
	if err != nil {
		return 0, err
	}
	copy(b[:], got)
	return binary.LittleEndian.Uint64(b[:]), nil
}

// add makes a node and pushes it.
func (d *Decoder) add(n node) error {
	if len(d.m.nodes) >= d.lim.Values {
		return formatf("more than %d values", d.lim.Values)
	}
	if n.size == 0 {
		n.size = 1
	}
	if len(d.m.nodes) == cap(d.m.nodes) {
		if err := grow(d, &d.m.nodes, 1); err != nil {
			return err
		}
	}
	d.m.nodes = append(d.m.nodes, n)
	return d.pushIndex(uint32(len(d.m.nodes) - 1))
}

// pushIndex puts the value with that number on the stack.
func (d *Decoder) pushIndex(i uint32) error {
	if len(d.stack) == cap(d.stack) {
		if err := grow(d, &d.stack, 1); err != nil {
			return err
		}
	}
	d.stack = append(d.stack, i)
	return nil
}

func (d *Decoder) addInt(kind Kind, i int64) error {
	return d.add(node{kind: kind, a: uint32(uint64(i) >> 32), b: uint32(uint64(i))})
}

// addString reads the string of n bytes that follows and pushes it.
func (d *Decoder) addString(n uint64) error {
	if n > uint64(d.lim.String) {
		return formatf("a string of %d bytes, more than %d", n, d.lim.String)
	}
	b, err := d.take(int(n))
	if err != nil {
		return err
	}
	return d.addText(b)
}

// addText pushes a string.
func (d *Decoder) addText(b []byte) error {
	at, err := d.keepText(b)
	if err != nil {
		return err
	}
	return d.add(node{kind: String, a: at, b: uint32(len(b))})
}

// addFloat reads a big-endian double and pushes it.
func (d *Decoder) addFloat() error {
	b, err := d.take(8)
	if err != nil {
		return err
	}
	bits := binary.BigEndian.Uint64(b)
	if f := math.Float64frombits(bits); math.IsNaN(f) || math.IsInf(f, 0) {
		return formatf("the number %v", f)
	}
	return d.add(node{kind: Float, a: uint32(bits >> 32), b: uint32(bits)})
}

// base is the height of the stack that the current operation may not go below.
func (d *Decoder) base() int {
	if len(d.marks) == 0 {
		return 0
	}
	return int(d.marks[len(d.marks)-1])
}

// pop takes the n topmost values off the stack. They are good until the next
// push.
func (d *Decoder) pop(n int) ([]uint32, error) {
	at := len(d.stack) - n
	if at < d.base() {
		return nil, formatf("too few values on the stack")
	}
	vals := d.stack[at:]
	d.stack = d.stack[:at]
	return vals, nil
}

// popMark takes everything above the last mark off the stack, and the mark.
func (d *Decoder) popMark() ([]uint32, error) {
	if len(d.marks) == 0 {
		return nil, formatf("no mark on the stack")
	}
	at := d.base()
	d.marks = d.marks[:len(d.marks)-1]
	vals := d.stack[at:]
	d.stack = d.stack[:at]
	return vals, nil
}

// top is the topmost value, which must be of that kind.
func (d *Decoder) top(kind Kind) (*node, error) {
	if len(d.stack) <= d.base() {
		return nil, formatf("no %v on the stack", kind)
	}
	n := &d.m.nodes[d.stack[len(d.stack)-1]]
	if n.kind != kind {
		return nil, formatf("%v where a %v should be", n.kind, kind)
	}
	return n, nil
}

// hold makes into part of n the values in vals: n grows by their size and
// depth, and they cannot change any more, so that no value ever holds itself.
func (d *Decoder) hold(n *node, vals []uint32) error {
	size, depth := uint64(n.size), n.depth
	for _, i := range vals {
		v := &d.m.nodes[i]
		if v.kind == class {
			return formatf("a class outside a call")
		}
		v.sealed = true
		size += uint64(v.size)
		depth = max(depth, v.depth+1)
	}
	if n.sealed {
		return formatf("a value that is part of itself")
	}
	if int(depth) > d.lim.Depth {
		return formatf("nested deeper than %d", d.lim.Depth)
	}
	if size > uint64(d.lim.Values) {
		return formatf("more than %d values", d.lim.Values)
	}
	n.size, n.depth = uint32(size), depth
	return nil
}

// addTuple pushes a tuple of vals.
func (d *Decoder) addTuple(vals []uint32) error {
	n := node{kind: Tuple, size: 1, a: uint32(len(d.m.kids)), b: uint32(len(vals))}
	if err := d.hold(&n, vals); err != nil {
		return err
	}
	if err := push(d, &d.m.kids, vals...); err != nil {
		return err
	}
	return d.add(n)
}

// addList pushes a list, or a dict, of vals.
func (d *Decoder) addList(kind Kind, vals []uint32) error {
	n := node{kind: kind, size: 1, a: uint32(len(d.m.lists))}
	if err := d.hold(&n, vals); err != nil {
		return err
	}
	if err := d.spend(len(vals) * 4); err != nil {
		return err
	}
	items := slices.Clone(vals)
	if len(d.m.lists) == cap(d.m.lists) {
		if err := grow(d, &d.m.lists, 1); err != nil {
			return err
		}
	}
	d.m.lists = append(d.m.lists, items)
	return d.add(n)
}

// extend puts vals into the list or dict that is topmost.
func (d *Decoder) extend(kind Kind, vals []uint32) error {
	if kind == Dict && len(vals)%2 != 0 {
		return formatf("a key without a value")
	}
	n, err := d.top(kind)
	if err != nil {
		return err
	}
	if err := d.hold(n, vals); err != nil {
		return err
	}
	return push(d, &d.m.lists[n.a], vals...)
}

func formatf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrFormat, fmt.Sprintf(format, args...))
}
