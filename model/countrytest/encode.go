package countrytest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
)

// The types of a value; those above 7 take a byte of their own.
const (
	typeString = 2
	typeDouble = 3
	typeUint16 = 5
	typeUint32 = 6
	typeMap    = 7
	typeUint64 = 9
	typeArray  = 11
	typeBool   = 14
)

// encode writes a value.
func encode(b *bytes.Buffer, v any) {
	switch v := v.(type) {
	case Raw:
		b.Write(v)
	case string:
		control(b, typeString, len(v))
		b.WriteString(v)
	case uint16:
		number(b, typeUint16, uint64(v))
	case uint32:
		number(b, typeUint32, uint64(v))
	case uint64:
		number(b, typeUint64, v)
	case float64:
		control(b, typeDouble, 8)
		b.Write(binary.BigEndian.AppendUint64(nil, math.Float64bits(v)))
	case bool:
		control(b, typeBool, map[bool]int{true: 1}[v])
	case Map:
		control(b, typeMap, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			encode(b, key)
			encode(b, v[key])
		}
	case []any:
		control(b, typeArray, len(v))
		for _, e := range v {
			encode(b, e)
		}
	default:
		panic(fmt.Sprintf("a database holds no %T", v))
	}
}

// number writes a number without the zero bytes before it.
func number(b *bytes.Buffer, kind int, n uint64) {
	digits := bytes.TrimLeft(binary.BigEndian.AppendUint64(nil, n), "\x00")
	control(b, kind, len(digits))
	b.Write(digits)
}

// control writes the type and the size that a value begins with.
func control(b *bytes.Buffer, kind, size int) {
	const extended, twoBytes, threeBytes = 7, 285, 65821
	first, more := byte(size), []byte(nil)
	switch {
	case size >= threeBytes:
		n := size - threeBytes
		first, more = 31, []byte{byte(n >> 16), byte(n >> 8), byte(n)}
	case size >= twoBytes:
		n := size - twoBytes
		first, more = 30, []byte{byte(n >> 8), byte(n)}
	case size >= 29:
		first, more = 29, []byte{byte(size - 29)}
	}
	if kind <= extended {
		b.WriteByte(byte(kind)<<5 | first)
	} else {
		b.Write([]byte{first, byte(kind - extended)})
	}
	b.Write(more)
}
