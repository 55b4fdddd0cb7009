package wire

// The opcodes of pickle that fail2ban's messages use, protocols 2 to 5
// (CPython, Lib/pickletools.py). Any other is refused.
const (
	opMark            = '('
	opStop            = '.'
	opBinInt          = 'J'
	opBinInt1         = 'K'
	opBinInt2         = 'M'
	opNone            = 'N'
	opReduce          = 'R'
	opBinUnicode      = 'X'
	opAppend          = 'a'
	opBuild           = 'b'
	opGlobal          = 'c'
	opDict            = 'd'
	opAppends         = 'e'
	opBinGet          = 'h'
	opLongBinGet      = 'j'
	opList            = 'l'
	opBinPut          = 'q'
	opLongBinPut      = 'r'
	opSetItem         = 's'
	opTuple           = 't'
	opSetItems        = 'u'
	opEmptyDict       = '}'
	opEmptyList       = ']'
	opEmptyTuple      = ')'
	opBinFloat        = 'G'
	opProto           = 0x80
	opTuple1          = 0x85
	opTuple2          = 0x86
	opTuple3          = 0x87
	opNewTrue         = 0x88
	opNewFalse        = 0x89
	opLong1           = 0x8a
	opShortBinUnicode = 0x8c
	opBinUnicode8     = 0x8d
	opStackGlobal     = 0x93
	opMemoize         = 0x94
	opFrame           = 0x95
)

// step carries out one opcode.
func (d *Decoder) step(op byte) error {
	switch op {
	case opMark:
		return d.mark()
	case opMemoize:
		return d.remember(uint64(len(d.memo)))
	case opBinPut, opLongBinPut:
		n, err := d.number(width(op))
		if err != nil {
			return err
		}
		return d.remember(n)
	case opBinGet, opLongBinGet:
		if op == opBinGet {
			if done, err := d.address(); done || err != nil {
				return err
			}
		}
		n, err := d.number(width(op))
		if err != nil {
			return err
		}
		return d.recall(n)
	case opProto:
		return d.proto()
	case opFrame:
		_, err := d.number(8) // its length only helps who reads ahead
		return err
	case opGlobal, opStackGlobal, opReduce, opBuild:
		return d.stepCall(op)
	case opEmptyTuple, opTuple1, opTuple2, opTuple3, opTuple, opEmptyList, opList, opAppend, opAppends,
		opEmptyDict, opDict, opSetItem, opSetItems:
		return d.stepContainer(op)
	default:
		return d.stepScalar(op)
	}
}

// mark puts a mark on the stack. A list or tuple has one mark at a time, and so
// has a call's tuple of arguments.
func (d *Decoder) mark() error {
	if len(d.marks) > 2*d.lim.Depth {
		return formatf("nested deeper than %d", d.lim.Depth)
	}
	return push(d, &d.marks, uint32(len(d.stack)))
}

// width is how many bytes the length or number after an opcode has.
func width(op byte) int {
	switch op {
	case opBinGet, opBinPut, opBinInt1, opShortBinUnicode, opLong1:
		return 1
	case opBinInt2:
		return 2
	case opBinUnicode8:
		return 8
	default:
		return 4
	}
}

func (d *Decoder) proto() error {
	v, err := d.number(1)
	if err != nil {
		return err
	}
	if v < 2 || v > 5 {
		return formatf("pickle protocol %d", v)
	}
	return nil
}

func (d *Decoder) stepScalar(op byte) error {
	switch op {
	case opNone:
		return d.add(node{})
	case opNewTrue:
		return d.addInt(Bool, 1)
	case opNewFalse:
		return d.addInt(Bool, 0)
	case opBinFloat:
		return d.addFloat()
	case opBinInt, opBinInt1, opBinInt2, opLong1, opBinUnicode, opShortBinUnicode, opBinUnicode8:
	default:
		return formatf("pickle opcode %#02x", op)
	}
	n, err := d.number(width(op))
	if err != nil {
		return err
	}
	switch op {
	case opBinInt:
		return d.addInt(Int, int64(int32(n)))
	case opBinInt1, opBinInt2:
		return d.addInt(Int, int64(n))
	case opLong1:
		return d.long(int(n))
	default:
		return d.addString(n)
	}
}

// long reads a two's complement number of n bytes, at most 8.
func (d *Decoder) long(n int) error {
	if n > 8 {
		return formatf("a number of %d bytes", n)
	}
	u, err := d.number(n)
	if err != nil {
		return err
	}
	shift := 64 - 8*n
	return d.addInt(Int, int64(u<<shift)>>shift)
}

func (d *Decoder) stepContainer(op byte) error {
	switch op {
	case opEmptyTuple:
		return d.addTuple(nil)
	case opTuple1, opTuple2, opTuple3:
		return d.popped(int(op-opTuple1)+1, d.addTuple)
	case opTuple:
		return d.marked(d.addTuple)
	case opEmptyList:
		return d.addList(List, nil)
	case opEmptyDict:
		return d.addList(Dict, nil)
	case opList:
		return d.marked(func(vals []uint32) error { return d.addList(List, vals) })
	case opDict:
		return d.marked(d.addDict)
	case opAppend:
		return d.popped(1, func(vals []uint32) error { return d.extend(List, vals) })
	case opAppends:
		return d.marked(func(vals []uint32) error { return d.extend(List, vals) })
	case opSetItem:
		return d.popped(2, func(vals []uint32) error { return d.extend(Dict, vals) })
	default: // opSetItems
		return d.marked(func(vals []uint32) error { return d.extend(Dict, vals) })
	}
}

func (d *Decoder) addDict(vals []uint32) error {
	if len(vals)%2 != 0 {
		return formatf("a key without a value")
	}
	return d.addList(Dict, vals)
}

func (d *Decoder) popped(n int, use func([]uint32) error) error {
	vals, err := d.pop(n)
	if err != nil {
		return err
	}
	return use(vals)
}

func (d *Decoder) marked(use func([]uint32) error) error {
	vals, err := d.popMark()
	if err != nil {
		return err
	}
	return use(vals)
}

// remember puts the topmost value into the memo.
func (d *Decoder) remember(at uint64) error {
	if len(d.stack) <= d.base() {
		return formatf("nothing to remember")
	}
	v := d.stack[len(d.stack)-1]
	switch {
	case at < uint64(len(d.memo)):
		d.memo[at] = v
	case at == uint64(len(d.memo)):
		return push(d, &d.memo, v)
	default: // Python numbers them without gaps
		return formatf("memo %d out of order", at)
	}
	return nil
}

// recall pushes a value of the memo again.
func (d *Decoder) recall(at uint64) error {
	if at >= uint64(len(d.memo)) {
		return formatf("memo %d was never set", at)
	}
	if len(d.stack) >= d.lim.Values {
		return formatf("more than %d values", d.lim.Values)
	}
	v := d.memo[at]
	if v&memoTuple != 0 { // see address
		if err := d.addTuple([]uint32{v &^ memoTuple}); err != nil {
			return err
		}
		d.memo[at] = d.stack[len(d.stack)-1]
		return nil
	}
	return d.pushIndex(v)
}
