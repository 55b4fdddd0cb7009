package wire_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"

	ogorek "github.com/kisielk/og-rek"

	"bantop/fail2ban/wire"
)

// pythonBanned is the reply to `get JAIL banip` with n addresses, byte for
// byte as CPython 3 pickles it: every address is a call of str, and every
// value on the way is remembered.
func pythonBanned(n int) []byte {
	var b bytes.Buffer
	memo := 1 // the list
	b.WriteString("K\x00]\x94")
	if n > 0 {
		b.WriteString("(\x8c\x08builtins\x94\x8c\x03str\x94\x93\x94")
		memo += 3
	}
	str := memo - 1
	for i := range n {
		if i > 0 && i%1000 == 0 { // Python's batches
			b.WriteString("e(")
		}
		if i > 0 {
			b.WriteByte('h')
			b.WriteByte(byte(str))
		}
		addr := fmt.Sprintf("10.%d.%d.%d", i>>16&255, i>>8&255, i&255)
		b.WriteString("\x8c" + string(rune(len(addr))) + addr + "\x94\x85\x94R\x94")
	}
	if n > 0 {
		b.WriteByte('e')
	}
	b.WriteString("\x86\x94.")
	frame := binary.LittleEndian.AppendUint64([]byte("\x80\x05\x95"), uint64(b.Len()))
	return append(append(frame, b.Bytes()...), wire.End...)
}

// TestPythonBanned holds that the benchmark's reply has the form of a real
// one, and is read whole.
func TestPythonBanned(t *testing.T) {
	for _, n := range []int{0, 1, 3, 2500} {
		v, err := decode(string(pythonBanned(n)), wire.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if v, err = v.Result(); err != nil || v.Len() != n {
			t.Errorf("%d addresses: %d, %v", n, v.Len(), err)
		}
		if got := v.At(n - 1).Text(); n == 2500 && got != "10.0.9.195" {
			t.Errorf("the last address is %q", got)
		}
	}
}

const benchBans = 100_000

func BenchmarkDecode100kBans(b *testing.B) {
	raw := pythonBanned(benchBans)
	b.ReportAllocs()
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		v, err := wire.NewDecoder(bytes.NewReader(raw), wire.Limits{}).Decode()
		if err != nil {
			b.Fatal(err)
		}
		if v, err = v.Result(); err != nil || v.Len() != benchBans {
			b.Fatal(v.Len(), err)
		}
	}
}

// BenchmarkDecode100kBansOgorek is the same with a general pickle library.
func BenchmarkDecode100kBansOgorek(b *testing.B) {
	raw := pythonBanned(benchBans)
	b.ReportAllocs()
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		v, err := ogorek.NewDecoder(bytes.NewReader(raw)).Decode()
		if err != nil {
			b.Fatal(err)
		}
		if n := len(v.(ogorek.Tuple)[1].([]any)); n != benchBans {
			b.Fatal(n)
		}
	}
}

func BenchmarkDecodeStatus(b *testing.B) {
	raw := corpus(b)["1.0.2/status-short"]
	b.ReportAllocs()
	for b.Loop() {
		if _, err := wire.NewDecoder(bytes.NewReader(raw), wire.Limits{}).Decode(); err != nil {
			b.Fatal(err)
		}
	}
}
