package wire

import (
	"math"
	"strconv"
	"unicode/utf8"
)

// Kind is what a Value is.
type Kind uint8

// The kinds of value that a message can hold.
const (
	None Kind = iota
	Bool
	Int
	Float
	String
	List
	Tuple
	Dict
	Call  // a class called with arguments: an exception
	class // a class name on its own: only while decoding
)

var kindNames = [...]string{"None", "bool", "int", "float", "str", "list", "tuple", "dict", "exception", "class"}

func (k Kind) String() string { return kindNames[k] }

// A node is one value of a message. Its two numbers depend on the kind: the
// halves of a number, the bounds of a string in text, of a tuple in kids, the
// index of a list or dict in lists, or a call's class and arguments.
type node struct {
	kind   Kind
	sealed bool   // it is part of another value: it may not change any more
	depth  uint16 // of what is below it; 0 for what holds nothing
	size   uint32 // values in it, itself included
	a, b   uint32
}

// message is one decoded message: all of its values side by side, so that
// 100,000 addresses cost a handful of allocations.
type message struct {
	nodes []node
	kids  []uint32   // the items of all tuples
	lists [][]uint32 // the items of each list; of a dict, keys and values in turn
	text  []string   // all strings, end to end, in pieces
	calls int        // how many of the nodes are calls
}

// The text of a message is in pieces that double up to 1<<pieceBits bytes; a
// longer string has a piece of its own. A string's position is the number of
// its piece and where in it it begins.
const (
	pieceBits  = 20
	firstPiece = 512
	mostPieces = 1 << (32 - pieceBits)
)

// at returns the text of a string or class.
func (m *message) at(n node) string {
	if n.b == 0 {
		return "" // of a message without any text there is no piece
	}
	begin := n.a & (1<<pieceBits - 1)
	return m.text[n.a>>pieceBits][begin : begin+n.b]
}

// Value is one value of a decoded message. The zero Value is None. A Value
// keeps its whole message in memory; clone the strings that should outlive it.
type Value struct {
	m *message
	i uint32
}

func (v Value) node() node {
	if v.m == nil {
		return node{}
	}
	return v.m.nodes[v.i]
}

// Kind tells what the value is.
func (v Value) Kind() Kind { return v.node().kind }

// Int returns a number or a boolean (0, 1), and whether the value is one.
func (v Value) Int() (int64, bool) {
	n := v.node()
	if n.kind != Int && n.kind != Bool {
		return 0, false
	}
	return int64(uint64(n.a)<<32 | uint64(n.b)), true
}

// Float returns a number, and whether the value is one.
func (v Value) Float() (float64, bool) {
	if n := v.node(); n.kind == Float {
		return math.Float64frombits(uint64(n.a)<<32 | uint64(n.b)), true
	}
	i, ok := v.Int()
	return float64(i), ok
}

// Str returns a string, and whether the value is one.
func (v Value) Str() (string, bool) {
	n := v.node()
	if n.kind != String {
		return "", false
	}
	return v.m.at(n), true
}

func (v Value) items() []uint32 {
	n := v.node()
	switch n.kind {
	case Tuple:
		return v.m.kids[n.a : n.a+n.b]
	case List, Dict:
		return v.m.lists[n.a]
	default:
		return nil
	}
}

// Len returns how many items a list or tuple, or how many pairs a dict has; 0
// for anything else.
func (v Value) Len() int {
	n := len(v.items())
	if v.Kind() == Dict {
		n /= 2
	}
	return n
}

// At returns item i of a list or tuple, or None where there is no such item.
func (v Value) At(i int) Value {
	items := v.items()
	if v.Kind() == Dict || i < 0 || i >= len(items) {
		return Value{}
	}
	return Value{v.m, items[i]}
}

// Pair returns key and value number i of a dict, in the order they were sent.
func (v Value) Pair(i int) (key, value Value) {
	items := v.items()
	if v.Kind() != Dict || i < 0 || 2*i+1 >= len(items) {
		return Value{}, Value{}
	}
	return Value{v.m, items[2*i]}, Value{v.m, items[2*i+1]}
}

// Field returns the value that is named key in a list of pairs, which is how
// fail2ban writes a status: [("Currently failed", 1), …]. It returns None
// where there is none.
func (v Value) Field(key string) Value {
	for i := range v.Len() {
		pair := v.At(i)
		if k, ok := pair.At(0).Str(); ok && k == key {
			return pair.At(1)
		}
	}
	return Value{}
}

// Strings returns the items of a list or tuple of strings, and whether it is
// one. Numbers and None are given as text, since fail2ban puts both in lists
// of names; a nested list is joined with spaces (a journal match). The strings
// share the message's text, however often one is named; for nested lists that
// have to be written out, more than 1 MiB in all is not taken for names.
func (v Value) Strings() ([]string, bool) {
	if k := v.Kind(); k != List && k != Tuple {
		return nil, false
	}
	const most = 1 << 20
	out, made := make([]string, v.Len()), 0
	for i := range out {
		item := v.At(i)
		s, isText := item.Str()
		if !isText {
			b, whole := item.appendText(nil)
			if made += len(b); !whole || made > most {
				return nil, false
			}
			s = string(b)
		}
		out[i] = s
	}
	return out, true
}

// mostText is how many bytes Text makes of a value that is not a string.
const mostText = 4096

// Text returns the value as text: a string as it is, a list or tuple as its
// items with spaces between them, None as nothing. What is made of several
// strings is cut after 4 KiB, since one string may be among them ten thousand
// times.
func (v Value) Text() string {
	if s, ok := v.Str(); ok {
		return s
	}
	b, whole := v.appendText(nil)
	if !whole {
		return string(b) + "…"
	}
	return string(b)
}

// appendText appends the value to b, up to mostText bytes, and reports whether
// that is all of it.
func (v Value) appendText(b []byte) ([]byte, bool) {
	switch n := v.node(); n.kind {
	case String:
		s, _ := v.Str()
		return appendCut(b, s)
	case Bool:
		return appendCut(b, strconv.FormatBool(n.b != 0))
	case Int:
		i, _ := v.Int()
		return appendCut(b, strconv.FormatInt(i, 10))
	case Float:
		f, _ := v.Float()
		return appendCut(b, strconv.FormatFloat(f, 'g', -1, 64))
	case List, Tuple, Dict:
		return v.appendItems(b)
	case Call:
		b, whole := appendCut(b, v.class()+"(")
		if whole {
			b, whole = Value{v.m, n.b}.appendText(b)
		}
		if whole {
			b, whole = appendCut(b, ")")
		}
		return b, whole
	default:
		return b, true
	}
}

// appendItems appends the items of a list, tuple or dict.
func (v Value) appendItems(b []byte) ([]byte, bool) {
	whole := true
	for k, i := range v.items() {
		if k > 0 {
			b, whole = appendCut(b, " ")
		}
		if whole {
			b, whole = Value{v.m, i}.appendText(b)
		}
		if !whole {
			break
		}
	}
	return b, whole
}

func appendCut(b []byte, s string) ([]byte, bool) {
	room := mostText - len(b)
	if len(s) <= room {
		return append(b, s...), true
	}
	for room > 0 && !utf8.RuneStart(s[room]) {
		room--
	}
	return append(b, s[:room]...), false
}

// class returns the name of a called class.
func (v Value) class() string {
	n := v.node()
	if n.kind != Call {
		return ""
	}
	return v.m.at(v.m.nodes[n.a])
}

// args returns the arguments of a call, a tuple.
func (v Value) args() Value {
	n := v.node()
	if n.kind != Call {
		return Value{}
	}
	return Value{v.m, n.b}
}
