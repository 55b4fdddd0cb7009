package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// AppendRequest appends a command to b as the bytes of a request: a pickled
// list of strings (protocol 2, which every Python reads) and the end mark. An
// argument that holds the end mark is refused, since the server would take it
// for the end of the command.
func AppendRequest(b []byte, command ...string) ([]byte, error) {
	for _, arg := range command {
		if strings.Contains(arg, End) {
			return nil, fmt.Errorf("encode a command: the argument %q holds the end mark", arg)
		}
	}
	b = append(b, opProto, 2, opEmptyList, opMark)
	for _, arg := range command {
		b = appendText(b, arg)
	}
	b = append(b, opAppends, opStop)
	return append(b, End...), nil
}

// AppendCall is AppendRequest for a command with other values than strings: nil, bool,
// int, float64, string, []string, []any and map[string]any, nested. Any other is an
// error, and so is a text that holds the end mark.
func AppendCall(b []byte, command ...any) ([]byte, error) {
	if err := mayBeSent(command); err != nil {
		return nil, err
	}
	b = append(b, opProto, 2)
	b = appendAll(append(b, opEmptyList), opMark, command, opAppends)
	return append(append(b, opStop), End...), nil
}

// mayBeSent is why a value cannot stand in a command; nil if it can.
func mayBeSent(value any) error {
	switch v := value.(type) {
	case nil, bool, int, float64:
	case string:
		if strings.Contains(v, End) {
			return fmt.Errorf("encode a command: the argument %.100q holds the end mark", v)
		}
	case []string:
		for _, one := range v {
			if err := mayBeSent(one); err != nil {
				return err
			}
		}
	case []any:
		for _, one := range v {
			if err := mayBeSent(one); err != nil {
				return err
			}
		}
	case map[string]any:
		for key, one := range v {
			if err := errors.Join(mayBeSent(key), mayBeSent(one)); err != nil {
				return err
			}
		}
	default:
		return fmt.Errorf("encode a command: a %T cannot be sent", value)
	}
	return nil
}

func appendText(b []byte, s string) []byte {
	b = append(b, opBinUnicode)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(s)))
	return append(b, s...)
}

// The values that AppendReply writes beside nil, bool, int, float64, string
// and []string.
type (
	// Items is a list.
	Items []any
	// Pack is a tuple.
	Pack []any
	// Entries is a dict: keys and values in turn.
	Entries []any
	// Address is a string sent as fail2ban sends an address: str("192.0.2.1").
	Address string
	// Exception is a class with arguments.
	Exception struct {
		Module, Name string
		Args         []any
	}
)

// AppendReply appends the reply (0, value), or (1, value) where value is an
// Exception, and the end mark. It panics for a value of another type than
// those above: the caller is a server of this project.
func AppendReply(b []byte, value any) []byte {
	code := 0
	if _, ok := value.(Exception); ok {
		code = 1
	}
	b = append(b, opProto, 4)
	b = appendValue(b, Pack{code, value})
	return append(append(b, opStop), End...)
}

func appendValue(b []byte, value any) []byte {
	switch v := value.(type) {
	case nil:
		return append(b, opNone)
	case bool:
		if v {
			return append(b, opNewTrue)
		}
		return append(b, opNewFalse)
	case int:
		return appendInt(b, int64(v))
	case float64:
		return binary.BigEndian.AppendUint64(append(b, opBinFloat), math.Float64bits(v))
	case string:
		return appendText(b, v)
	case Address:
		b = append(appendText(appendText(b, "builtins"), "str"), opStackGlobal)
		return append(appendText(b, string(v)), opTuple1, opReduce)
	case Exception:
		b = append(appendText(appendText(b, v.Module), v.Name), opStackGlobal)
		return append(appendAll(b, opMark, v.Args, opTuple), opReduce)
	case []string:
		b = append(b, opEmptyList, opMark)
		for _, s := range v {
			b = appendText(b, s)
		}
		return append(b, opAppends)
	case []any:
		return appendAll(append(b, opEmptyList), opMark, v, opAppends)
	case map[string]any:
		var pairs []any
		for _, key := range slices.Sorted(maps.Keys(v)) {
			pairs = append(pairs, key, v[key])
		}
		return appendAll(append(b, opEmptyDict), opMark, pairs, opSetItems)
	case Items:
		return appendAll(append(b, opEmptyList), opMark, v, opAppends)
	case Pack:
		return appendAll(b, opMark, v, opTuple)
	case Entries:
		return appendAll(append(b, opEmptyDict), opMark, v, opSetItems)
	default:
		panic(fmt.Sprintf("wire: encode a %T", value))
	}
}

func appendAll(b []byte, before byte, values []any, after byte) []byte {
	b = append(b, before)
	for _, v := range values {
		b = appendValue(b, v)
	}
	return append(b, after)
}

func appendInt(b []byte, i int64) []byte {
	if i == int64(int32(i)) {
		return binary.LittleEndian.AppendUint32(append(b, opBinInt), uint32(int32(i)))
	}
	return binary.LittleEndian.AppendUint64(append(b, opLong1, 8), uint64(i))
}
