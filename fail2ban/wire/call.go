package wire

// strClass is the one class that may be called outside an exception: fail2ban
// sends an address as str("192.0.2.1") (server/ipdns.py, IPAddr.__reduce__).
const strClass = "builtins.str"

// maxName bounds the name of a module or class.
const maxName = 256

func (d *Decoder) stepCall(op byte) error {
	switch op {
	case opGlobal:
		return d.global()
	case opStackGlobal:
		return d.popped(2, func(vals []uint32) error {
			module, name := Value{d.m, vals[0]}.node(), Value{d.m, vals[1]}.node()
			if module.kind != String || name.kind != String {
				return formatf("a class whose name is no string")
			}
			return d.addClass(d.textOf(module), d.textOf(name))
		})
	case opReduce:
		return d.popped(2, d.call)
	default: // opBuild: an exception's attributes, which nobody needs
		if _, err := d.pop(1); err != nil {
			return err
		}
		_, err := d.top(Call)
		return err
	}
}

// global reads module and name, a line each (protocols 2 and 3).
func (d *Decoder) global() error {
	module, err := d.line()
	if err != nil {
		return err
	}
	first := string(module)
	name, err := d.line()
	if err != nil {
		return err
	}
	return d.addClass(first, string(name))
}

func (d *Decoder) line() ([]byte, error) {
	for n := 1; n <= maxName; n++ {
		if err := d.fill(n); err != nil {
			return nil, err
		}
		if d.buf[d.pos+n-1] == '\n' {
			b, err := d.take(n)
			return b[:n-1], err
		}
	}
	return nil, formatf("a name longer than %d bytes", maxName)
}

func (d *Decoder) addClass(module, name string) error {
	if len(module)+len(name) > maxName {
		return formatf("a name longer than %d bytes", maxName)
	}
	if module == "__builtin__" { // what protocol 2 calls it
		module = "builtins"
	}
	full := module + "." + name
	at, err := d.keepText([]byte(full))
	if err != nil {
		return err
	}
	return d.add(node{kind: class, a: at, b: uint32(len(full))})
}

// call calls a class with a tuple of arguments, both just popped: str with one
// string is that string, anything else is kept as it is for Result to judge.
func (d *Decoder) call(vals []uint32) error {
	c, args := d.m.nodes[vals[0]], Value{d.m, vals[1]}
	if c.kind != class {
		return formatf("a call of a %v", c.kind)
	}
	if args.Kind() != Tuple {
		return formatf("a call with a %v", args.Kind())
	}
	if d.textOf(c) == strClass {
		if args.Len() != 1 || args.At(0).Kind() != String {
			return formatf("a call of str with something else than one string")
		}
		return d.pushIndex(args.At(0).i)
	}
	n := node{kind: Call, size: 1, a: vals[0], b: vals[1]}
	if err := d.hold(&n, vals[1:]); err != nil {
		return err
	}
	d.m.calls++
	return d.add(n)
}

// memoTuple marks a memo entry that stands for a tuple of one value, which is
// made when somebody recalls it. No value has a number that high.
const memoTuple = 1 << 31

// address carries out in one step what a reply says for each address of a list
// but the first:
//
//	BINGET class, SHORT_BINUNICODE address, MEMOIZE, TUPLE1, MEMOIZE, REDUCE, MEMOIZE
//
// that is str(("192.0.2.1",)), all of it remembered. The opcode BINGET was
// read. It tells whether it did; where anything is out of the ordinary it
// leaves all as it was. It makes a reply of 100,000 bans 2.5 times as fast.
func (d *Decoder) address() (bool, error) {
	const head, rest = 3, "\x94\x85\x94R\x94" // index, opcode, length; what follows the string
	b := d.buf[d.pos:d.end]
	if len(b) < head || b[1] != opShortBinUnicode || int(b[0]) >= len(d.memo) {
		return false, nil
	}
	size := int(b[2])
	all := head + size + len(rest)
	if len(b) < all || size > d.lim.String || string(b[head+size:all]) != rest || !d.isStr(d.memo[b[0]]) {
		return false, nil
	}
	text := b[head : head+size]
	d.skip(all)
	if err := d.addText(text); err != nil {
		return false, err
	}
	v := d.stack[len(d.stack)-1]
	return true, push(d, &d.memo, v, v|memoTuple, v)
}

// isStr tells whether a value of the memo is the class builtins.str.
func (d *Decoder) isStr(v uint32) bool {
	if v+1 == d.str {
		return true
	}
	if v&memoTuple != 0 {
		return false
	}
	if c := d.m.nodes[v]; c.kind != class || d.textOf(c) != strClass {
		return false
	}
	d.str = v + 1
	return true
}
