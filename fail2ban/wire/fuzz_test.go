package wire_test

import (
	"bytes"
	"testing"
	"testing/iotest"

	"bantop/fail2ban"
	"bantop/fail2ban/fail2bantest"
	"bantop/fail2ban/wire"
)

// FuzzDecode feeds the decoder foreign bytes, from real replies on: it must
// not crash, keep to its limits, and give the same whether the bytes come
// together or one by one. What is made of a value or of an error is short.
func FuzzDecode(f *testing.F) {
	for _, raw := range corpus(f) {
		f.Add(raw)
	}
	f.Add(pythonBanned(3))
	for _, bomb := range fail2bantest.Bombs() {
		raw := bomb.Reply()
		f.Add(raw[:min(len(raw), 1<<12)]) // more of the same finds no more
	}
	lim := wire.Limits{Bytes: 1 << 16, String: 1 << 12, Depth: 8, Values: 1 << 12, Memory: 1 << 18}
	f.Fuzz(func(t *testing.T, raw []byte) {
		whole, err := wire.NewDecoder(bytes.NewReader(raw), lim).Decode()
		pieces, err2 := wire.NewDecoder(iotest.OneByteReader(bytes.NewReader(raw)), lim).Decode()
		if (err == nil) != (err2 == nil) {
			t.Fatalf("together: %v, in pieces: %v", err, err2)
		}
		if err != nil {
			return
		}
		if a, b := dump(whole), dump(pieces); a != b {
			t.Fatalf("together: %s, in pieces: %s", a, b)
		}
		_, _ = whole.Strings()
		value, err := whole.Result()
		if err != nil && len([]rune(err.Error())) > fail2ban.MostMessage+300 {
			t.Fatalf("an error of %d bytes", len(err.Error()))
		}
		if n := len(value.Text()); n > 1<<12+len("…") {
			t.Fatalf("a text of %d bytes", n)
		}
	})
}
