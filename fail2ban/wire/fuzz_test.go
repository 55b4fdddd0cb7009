package wire_test

import (
	"bytes"
	"testing"
	"testing/iotest"

	"bantop/fail2ban/wire"
)

// FuzzDecode feeds the decoder foreign bytes, from real replies on: it must
// not crash, keep to its limits, and give the same whether the bytes come
// together or one by one.
func FuzzDecode(f *testing.F) {
	for _, raw := range corpus(f) {
		f.Add(raw)
	}
	f.Add(pythonBanned(3))
	lim := wire.Limits{Bytes: 1 << 16, String: 1 << 12, Depth: 8, Values: 1 << 12}
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
		_, _ = whole.Result()
	})
}
