package wire_test

import (
	"bytes"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"bantop/fail2ban"
	"bantop/fail2ban/fail2bantest"
	"bantop/fail2ban/wire"
)

// TestBombs holds that no reply makes the decoder, or what is made of its value
// as text, allocate more than 64 MB in all, and that no error is longer than a
// message may be.
func TestBombs(t *testing.T) {
	for _, bomb := range fail2bantest.Bombs() {
		t.Run(bomb.Name, func(t *testing.T) {
			raw := bomb.Reply()
			for name, r := range map[string]func() *wire.Decoder{
				"together": func() *wire.Decoder { return wire.NewDecoder(bytes.NewReader(raw), wire.Limits{}) },
				"in pieces": func() *wire.Decoder {
					return wire.NewDecoder(iotest.HalfReader(bytes.NewReader(raw)), wire.Limits{})
				},
			} {
				allocated := allocates(func() { useReply(t, r()) })
				if allocated > wire.DefaultMemory+16<<20 {
					t.Errorf("%s: %d MB for a reply of %d KB", name, allocated>>20, len(raw)>>10)
				}
			}
		})
	}
}

// useReply does all with a reply that may be done.
func useReply(t *testing.T, d *wire.Decoder) {
	v, err := d.Decode()
	if err == nil {
		_ = v.Text()
		v, err = v.Result()
	}
	if err == nil {
		_ = v.Text()
		_, _ = v.Strings()
		return
	}
	if n := len([]rune(err.Error())); n > fail2ban.MostMessage+300 {
		t.Errorf("an error of %d characters: %.300s", n, err)
	}
}

// allocates is how many bytes a function allocates, those included that are
// garbage again.
func allocates(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestLargeRepliesAreRead holds that what real servers send is far below the
// limits: 100,000 bans with their times, and as many addresses.
func TestLargeRepliesAreRead(t *testing.T) {
	const bans = 100_000
	line := "203.0.113.111 \t2026-01-02 15:04:05 + 600 = 2026-01-02 15:14:05"
	lines := make([]string, bans)
	for i := range lines {
		lines[i] = line
	}
	for name, raw := range map[string][]byte{
		"times": wire.AppendReply(nil, lines), "addresses": pythonBanned(bans),
		"a million tries": wire.AppendReply(nil, strings.Repeat("1", 1<<20)),
	} {
		var n int
		allocated := allocates(func() {
			v, err := wire.NewDecoder(bytes.NewReader(raw), wire.Limits{}).Decode()
			if err != nil {
				t.Errorf("%s: %v", name, err)
				return
			}
			n = max(1, v.At(1).Len())
		})
		if n != bans && name != "a million tries" {
			t.Errorf("%s: %d of %d", name, n, bans)
		}
		t.Logf("%s: %d KB, %d KB allocated", name, len(raw)>>10, allocated>>10)
	}
}

// TestBudgetIsForAllMessages holds that several messages together keep to a
// budget, until it is filled again.
func TestBudgetIsForAllMessages(t *testing.T) {
	one := wire.AppendReply(nil, strings.Repeat("x", 1000))
	budget := new(wire.Budget)
	d := wire.NewDecoder(bytes.NewReader(bytes.Repeat(one, 100)), wire.Limits{Budget: budget})
	budget.Fill(20_000)
	read := 0
	for ; read < 100; read++ {
		if read == 10 {
			budget.Fill(20_000)
		}
		if _, err := d.Decode(); err != nil {
			if !strings.Contains(err.Error(), "too much memory") {
				t.Error(err)
			}
			break
		}
	}
	if read < 15 || read > 40 {
		t.Errorf("%d messages of 1000 bytes and more within twice 20,000", read)
	}
}
