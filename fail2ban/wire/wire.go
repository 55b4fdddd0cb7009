// Package wire is the codec of fail2ban's socket, in both directions: requests
// and replies as bytes.
//
// A request is a pickled list of strings, a reply a pickled pair, each followed
// by an end mark:
//
//	(0, value)        the command was carried out
//	(1, exception)    it was not
//
// (fail2ban 1.0.2, server/asyncserver.py and client/csocket.py.)
//
// Pickle is a program for a stack machine that can call anything. The decoder
// here builds values only: numbers, strings, booleans, None, lists, tuples and
// dicts. Of the names that a pickle can call it accepts one, builtins.str with
// one string, which is how fail2ban sends an address; what stands in the place
// of an exception is kept as a class name and its words. It never looks a name
// up.
//
// What is read is bounded (size, depth, length of a string, number of values),
// and so is what is built of it: a few bytes can name one text ten thousand
// times. A name costs an index and shares the text. Whoever makes one text of
// many, such as Value.Text, stops at a length.
package wire

import (
	"errors"
	"sync/atomic"
)

// End is the mark that follows every message. It may also stand inside a
// string of a reply, where it ends nothing.
const End = "<F2B_END_COMMAND>"

// Close, followed by End, asks the server to close the connection.
const Close = "<F2B_CLOSE_COMMAND>"

// ErrFormat is what every decoding error wraps: bytes that are no reply, or
// more than the limits allow.
var ErrFormat = errors.New("malformed reply")

// DefaultMemory is how many bytes may be allocated to build a message if
// Limits say nothing else. It leaves 16 MiB for what is made of it until there are
// 64 in all.
const DefaultMemory = 48 << 20

// Limits bound what one message may hold. The zero value of a field means the
// default.
type Limits struct {
	Bytes  int // of one message; default 32 MiB (100,000 bans with times are 6.5 MB)
	String int // bytes of one string; default 1 MiB
	Depth  int // of nested lists, tuples and dicts; default 32 (fail2ban's own need 6)
	Values int // in one message, those named twice counted twice; default 500,000
	Memory int // bytes allocated to build one message; default 48 MiB (those bans take 10)

	// Budget, if it is set, takes the place of Memory: it is what may be
	// allocated for all messages until it is filled again.
	Budget *Budget
}

// Budget is how many bytes may still be allocated. Several goroutines may use
// it. What was allocated and is garbage again counts too, so the bound holds
// however late the garbage is collected.
type Budget struct{ left atomic.Int64 }

// Fill sets the budget to n bytes.
func (b *Budget) Fill(n int) { b.left.Store(int64(n)) }

// take takes n bytes out of the budget and reports whether they were left.
func (b *Budget) take(n int) bool { return b.left.Add(-int64(n)) >= 0 }

func (l Limits) withDefaults() Limits {
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&l.Bytes, 32<<20)
	def(&l.String, 1<<20)
	def(&l.Depth, 32)
	def(&l.Values, 1<<19)
	def(&l.Memory, DefaultMemory)
	return l
}
