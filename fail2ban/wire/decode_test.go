package wire_test

import (
	"errors"
	"strings"
	"testing"

	"bantop/fail2ban"
	"bantop/fail2ban/wire"
)

func decode(s string, lim wire.Limits) (wire.Value, error) {
	return wire.NewDecoder(strings.NewReader(s), lim).Decode()
}

// TestDecodeAccepts walks the forms of values that no recorded reply has:
// those of other protocols, and odd ones.
func TestDecodeAccepts(t *testing.T) {
	for _, c := range []struct{ name, pickle, want string }{
		{"none", "N", "None"},
		{"true", "\x88", "true"},
		{"false", "\x89", "false"},
		{"negative int", "J\xff\xff\xff\xff", "-1"},
		{"two-byte int", "M\x00\x01", "256"},
		{"long of no bytes", "\x8a\x00", "0"},
		{"long of 5 bytes", "\x8a\x05\x00\x00\x00\x00\x01", "4294967296"},
		{"negative long", "\x8a\x01\xff", "-1"},
		{"float", "G\x3f\xf8\x00\x00\x00\x00\x00\x00", "1.5"},
		{"empty tuple", ")", "()"},
		{"list at once", "(K\x01K\x02l", "[1, 2]"},
		{"list by one", "]K\x01a", "[1]"},
		{"list in two batches", "](K\x01e(K\x02e", "[1, 2]"},
		{"dict at once", "(K\x01K\x02d", "{1: 2}"},
		{"dict by one", "}K\x01K\x02s", "{1: 2}"},
		{"tuple of four", "(K\x01K\x02K\x03K\x04t", "(1, 2, 3, 4)"},
		{"memo of protocol 2", "X\x01\x00\x00\x00aq\x00h\x00\x86", `("a", "a")`},
		{"long memo", "X\x01\x00\x00\x00ar\x00\x00\x00\x00j\x00\x00\x00\x00\x86", `("a", "a")`},
		{"address of protocol 2", "c__builtin__\nstr\nX\x01\x00\x00\x00a\x85R", `"a"`},
		{"two addresses, the parts of the second named again",
			"(\x8c\x08builtins\x94\x8c\x03str\x94\x93\x94\x8c\x01a\x94\x85\x94R\x94h\x02\x8c\x01b\x94\x85\x94R\x94h\x06h\x07h\x08h\x07t",
			`("a", "b", "b", ("b"), "b", ("b"))`},
		{"a list named twice", "(]\x94K\x01ah\x00t", "([1], [1])"},
		{"a string with the end mark", "\x8c\x11" + wire.End, `"<F2B_END_COMMAND>"`},
		{"a string that is no UTF-8", "\x8c\x02\xff\xfe", `"\xff\xfe"`},
		{"a string of 8-byte length", "\x8d\x01\x00\x00\x00\x00\x00\x00\x00a", `"a"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := decode("\x80\x02"+c.pickle+"."+wire.End, wire.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if got := dump(v); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// TestDecodeRefuses walks what is no message, each with the words it is
// refused with.
func TestDecodeRefuses(t *testing.T) {
	deep := strings.Repeat("(", 40) + strings.Repeat("t", 40)
	laughs := "K\x01\x94" // each tuple holds the one before twice: 2^60 values
	for i := range 31 {
		laughs += "h" + string(rune(i)) + "\x86\x94"
	}
	for _, c := range []struct{ name, pickle, want string }{
		{"text", "HTTP/1.1 400", "opcode 0x48"},
		{"protocol 0", "\x80\x00N.", "pickle protocol 0"},
		{"protocol 6", "\x80\x06N.", "pickle protocol 6"},
		{"nothing", ".", "0 values left"},
		{"two values", "NN.", "2 values left"},
		{"an open mark", "N(.", "1 values left"},
		{"no mark", "e.", "no mark"},
		{"below the mark", "K\x01(\x85.", "too few values"},
		{"an item for no list", "K\x01K\x02a.", "int where a list"},
		{"a key without a value", "}(K\x01u.", "a key without a value"},
		{"a key without a value at once", "(K\x01d.", "a key without a value"},
		{"a list in itself", "]\x94h\x00a.", "part of itself"},
		{"a list in itself, one below", "]\x94h\x00\x85a.", "part of itself"},
		{"a list changed after it was placed", "]\x94\x85h\x00K\x01a.", "part of itself"},
		{"a memo never set", "h\x05.", "never set"},
		{"a memo out of order", "Nq\x05.", "out of order"},
		{"nothing to remember", "\x94.", "nothing to remember"},
		{"too deep", deep + ".", "nested deeper"},
		{"shared until it explodes", laughs + ".", "more than 524288 values"},
		{"a string too long", "X\xff\xff\xff\xff", "a string of 4294967295 bytes"},
		{"a string longer than memory", "\x8d\xff\xff\xff\xff\xff\xff\xff\xff", "a string of 18446744073709551615 bytes"},
		{"a number too long", "\x8a\x09", "a number of 9 bytes"},
		{"not a number", "G\x7f\xf8\x00\x00\x00\x00\x00\x00.", "the number NaN"},
		{"bytes", "C\x01a.", "opcode 0x43"},
		{"a persistent id", "Q.", "opcode 0x51"},
		{"an old-style instance", "(ios\nsystem\n.", "opcode 0x69"},
		{"a new-style instance", "cos\nsystem\n)\x81.", "opcode 0x81"},
		{"a class by itself", "cos\nsystem\n.", "a class outside a call"},
		{"a class in a tuple", "cos\nsystem\n\x85.", "a class outside a call"},
		{"a class with an endless name", "c" + strings.Repeat("a", 300) + "\n", "longer than 256"},
		{"a class whose name is a number", "K\x01K\x02\x93.", "no string"},
		{"a call of a number", "K\x01)R.", "a call of a int"},
		{"a call with no tuple", "cos\nsystem\nK\x01R.", "a call with a int"},
		{"str of nothing", "cbuiltins\nstr\n)R.", "str with something else"},
		{"str of a number", "cbuiltins\nstr\nK\x01\x85R.", "str with something else"},
		{"attributes of a number", "K\x01Nb.", "int where a exception"},
		{"no end mark", "N." + strings.Repeat("x", 17), "instead of the end mark"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := decode(c.pickle+wire.End, wire.Limits{})
			if !errors.Is(err, wire.ErrFormat) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %s, %v; want an error with %q", dump(v), err, c.want)
			}
		})
	}
}

// TestLimits holds that each limit is the last size that passes.
func TestLimits(t *testing.T) {
	for _, c := range []struct {
		name       string
		lim        wire.Limits
		good, over string
	}{
		{"bytes", wire.Limits{Bytes: 9}, "N\x85\x85\x85\x85\x85\x85\x85\x85", "N\x85\x85\x85\x85\x85\x85\x85\x85\x85"},
		{"string", wire.Limits{String: 2}, "\x8c\x02ab", "\x8c\x03abc"},
		{"depth", wire.Limits{Depth: 2}, "N\x85\x85", "N\x85\x85\x85"},
		{"values", wire.Limits{Values: 3}, "NN\x86", "NNN\x87"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := decode(c.good+"."+wire.End, c.lim); err != nil {
				t.Errorf("within the limit: %v", err)
			}
			if _, err := decode(c.over+"."+wire.End, c.lim); !errors.Is(err, wire.ErrFormat) {
				t.Errorf("over the limit: %v", err)
			}
		})
	}
}

// TestErrorsStay holds that a stream out of step never gives another value.
func TestErrorsStay(t *testing.T) {
	d := wire.NewDecoder(strings.NewReader("?N."+wire.End), wire.Limits{})
	_, first := d.Decode()
	if v, err := d.Decode(); first == nil || err != first {
		t.Errorf("after %v: %s, %v", first, dump(v), err)
	}
}

// TestResult walks the shapes of a reply.
func TestResult(t *testing.T) {
	exception := "\x8c\x02os\x8c\x06system\x93X\x01\x00\x00\x00x\x85R"
	for _, c := range []struct{ name, pickle, want string }{
		{"carried out", "K\x00N\x86", "None"},
		{"a list instead of a tuple", "](K\x00Ne", "None"},
		{"an exception", "K\x01" + exception + "\x86", "error: system: x"},
		{"an exception with attributes", "K\x01" + exception + "}b\x86", "error: system: x"},
		{"an exception in an exception", "K\x01\x8c\x01m\x8c\x01E\x93" + exception + "\x85R\x86", "error: E: os.system(x)"},
		{"words instead of an exception", "K\x01X\x01\x00\x00\x00x\x86", "error: x"},
		{"an object instead of a value", "K\x00" + exception + "\x86", "error: malformed reply: an object among the values"},
		{"an object inside a value", "K\x00" + exception + "\x85\x86", "error: malformed reply: an object among the values"},
		{"a request that it could not read", "X\x08\x00\x00\x00ERROR: x", "error: x"},
		{"shutting down", "](X\x08\x00\x00\x00SHUTDOWNe", "error: fail2ban closed the connection"},
		{"a number", "K\x00", "error: malformed reply: a int instead of a reply"},
		{"another code", "K\x02N\x86", "error: malformed reply: a reply that is no (0, value) or (1, exception)"},
		{"three values", "K\x00NN\x87", "error: malformed reply: a reply that is no (0, value) or (1, exception)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := decode("\x80\x04"+c.pickle+"."+wire.End, wire.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if v, err = v.Result(); err != nil {
				got = "error: " + err.Error()
			} else {
				got = dump(v)
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// TestUnknownJailIsTold holds that the two refusals that callers act on are
// told by errors.Is, from what a real server answers.
func TestUnknownJailIsTold(t *testing.T) {
	for name, want := range map[string]error{
		"1.0.2/unknown-jail":    fail2ban.ErrUnknownJail,
		"1.0.2/invalid-command": fail2ban.ErrUnsupported,
		"1.0.2/stats":           fail2ban.ErrUnsupported,
		"1.1.0/unknown-jail":    fail2ban.ErrUnknownJail,
		"1.1.0/invalid-command": fail2ban.ErrUnsupported,
	} {
		v, err := decode(string(corpus(t)[name]), wire.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = v.Result(); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
}
