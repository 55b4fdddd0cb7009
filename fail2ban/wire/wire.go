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
// up. Size, depth, string length and count are bounded.
package wire

import "errors"

// End is the mark that follows every message. It may also stand inside a
// string of a reply, where it ends nothing.
const End = "<F2B_END_COMMAND>"

// Close, followed by End, asks the server to close the connection.
const Close = "<F2B_CLOSE_COMMAND>"

// ErrFormat is what every decoding error wraps: bytes that are no reply, or
// more than the limits allow.
var ErrFormat = errors.New("malformed reply")

// Limits bound what one message may hold. The zero value of a field means the
// default.
type Limits struct {
	Bytes  int // of one message; default 64 MiB (100,000 bans with times are 6.5 MB)
	String int // bytes of one string; default 4 MiB
	Depth  int // of nested lists, tuples and dicts; default 32 (fail2ban's own need 6)
	Values int // in one message, those named twice counted twice; default 8 million
}

func (l Limits) withDefaults() Limits {
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&l.Bytes, 64<<20)
	def(&l.String, 4<<20)
	def(&l.Depth, 32)
	def(&l.Values, 8<<20)
	return l
}
