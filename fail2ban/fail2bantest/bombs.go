package fail2bantest

import (
	"encoding/binary"
	"fmt"
	"strings"

	"bantop/fail2ban/wire"
)

// A Bomb is a reply that takes much more to read than it should.
type Bomb struct {
	Name string
	// Command is the command that the reply has the right form for; "" for a
	// reply that answers nothing.
	Command string
	// Reply makes the reply, end mark included.
	Reply func() []byte
}

// Bombs are replies of a hostile server, each of another kind: text or values that
// are named again and again, lengths that are lies, nesting without end, code to be
// run, and answers of the right form that hold far too much.
func Bombs() []Bomb {
	bombs := []Bomb{
		{"doubling", "", doubling},
		{"deep", "", func() []byte { return pickled(repeat("]", 200_000) + repeat("a", 199_999)) }},
		{"in itself", "", func() []byte { return pickled("]q\x00h\x00a") }},
		{"length of 1 GB", "", func() []byte { return pickled("X\x00\x00\x00\x40" + repeat("A", 100)) }},
		{"length beyond all", "", func() []byte {
			return pickled("\x8d\x05\x00\x00\x00\x00\x00\x00\x80" + repeat("A", 100))
		}},
		{"number of 256 MB", "", func() []byte { return pickled("\x8b\x00\x00\x00\x10" + repeat("\xff", 1000)) }},
		{"frame beyond all", "", func() []byte {
			return []byte("\x80\x04\x95" + repeat("\xff", 8) + "K\x00N\x86." + wire.End)
		}},
		{"call of os.system", "", func() []byte { return pickled("cos\nsystem\n" + text("true") + "\x85R") }},
		{"numbers", "", func() []byte { return pickled("](" + repeat("K\x01", 8<<20) + "e") }},
		{"marks", "", func() []byte { return pickled(repeat("(", 30<<20)) }},
		{"remembered", "", func() []byte { return pickled("N" + repeat("\x94", 30<<20)) }},
		{"empty lists", "", func() []byte { return pickled("](" + repeat("]", 8<<20) + "e") }},
		{"empty tuples", "", func() []byte { return pickled("](" + repeat(")", 8<<20) + "e") }},
		{"empty strings", "", func() []byte { return pickled("](" + repeat("\x8c\x00", 8<<20) + "e") }},
		{"strings", "", func() []byte { return pickled("](" + repeat(text(repeat("A", 1<<20)), 60) + "e") }},
		{"strings of 4 MB", "", func() []byte { return pickled("](" + repeat(text(repeat("A", 4<<20)), 8) + "e") }},
		{"lists named again", "", func() []byte {
			return pickled("(" + text(repeat("A", 4000)) + "\x85q\x00" + repeat("h\x00", 400_000) + "l")
		}},
	}
	for _, n := range []int{100, 10_000, 400_000} {
		named := text(repeat("A", 1<<20)) + "q\x00" + repeat("h\x00", n-1)
		bombs = append(bombs,
			Bomb{fmt.Sprintf("text named %d times", n), "", func() []byte { return pickled("](" + named + "e") }},
			Bomb{fmt.Sprintf("exception with text named %d times", n), "", func() []byte { return raised(named) }})
	}
	return append(bombs, wellFormedBombs()...)
}

// wellFormedBombs are answers of the right form.
func wellFormedBombs() []Bomb {
	path := text("/"+repeat("f", 4000)) + "q\x00"
	counts := "(" + text("Filter") + "](" +
		pair("Currently failed", "K\x01") + pair("Total failed", "K\x01") +
		pair("File list", "]("+path+repeat("h\x00", 400_000)+"e") +
		"et" + "(" + text("Actions") + "](" + pair("Currently banned", "K\x01") + pair("Total banned", "K\x01") + "et"
	return []Bomb{
		{"long exception", "", func() []byte { return raised(text(repeat("B", 1<<20))) }},
		{"long words", "", func() []byte {
			return []byte("\x80\x04" + text("ERROR: "+repeat("é", 500_000)) + "." + wire.End)
		}},
		{"long version", "version", func() []byte { return pickled(text("1.0." + repeat("2", 1<<20-10))) }},
		{"long path", "get", func() []byte { return pickled(text("/" + repeat("x", 1<<20-10))) }},
		{"many jails", "status", func() []byte {
			return pickled("](" + pair("Number of jail", "K\x01") + pair("Jail list", text(repeat("a, ", 1<<20/3))) + "e")
		}},
		{"long jail", "status", func() []byte {
			return pickled("](" + pair("Number of jail", "K\x01") + pair("Jail list", text(repeat("a", 1<<20))) + "e")
		}},
		{"many jails at once", "stats", func() []byte {
			return pickled("}(" + repeat(text("a")+"("+text("polling")+"K\x01K\x01\x86K\x01K\x01\x86t", 300_000) + "u")
		}},
		{"many files", "status", func() []byte { return pickled("](" + counts + "e") }},
		{"many bans", "get", func() []byte { return pickled("](" + repeat(text("a"), 900_000) + "e") }},
		{"long bans", "get", func() []byte {
			return pickled("](" + text(repeat("a", 1<<20)) + "q\x00" + repeat("h\x00", 200_000) + "e")
		}},
		{"many actions", "get", func() []byte {
			return pickled("](" + text(repeat("a", 4000)) + "q\x00" + repeat("h\x00", 400_000) + "e")
		}},
	}
}

// doubling is a list that holds another one twice, that holds another one twice:
// 2^60 lists in 400 bytes.
func doubling() []byte {
	b := "]q\x00"
	for i := range 60 {
		b += "]q" + string(rune(i+1)) + "(h" + string(rune(i)) + "h" + string(rune(i)) + "e"
	}
	return pickled(b)
}

var repeat = strings.Repeat

// pickled is the reply (0, value) for a value that is pickled already.
func pickled(value string) []byte { return []byte("\x80\x04K\x00" + value + "\x86." + wire.End) }

// raised is the reply for an exception with those arguments.
func raised(args string) []byte {
	return []byte("\x80\x04K\x01cbuiltins\nException\n(" + args + "tR\x86." + wire.End)
}

func pair(key, value string) string { return text(key) + value + "\x86" }

// text is a pickled string.
func text(s string) string {
	return "X" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(s)))) + s
}
