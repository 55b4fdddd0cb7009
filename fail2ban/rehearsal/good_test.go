package rehearsal

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"bantop/fail2ban"
)

// TestGoodJail: it is known whom a good jail would ban, who fails, and how much was
// read, and nothing of the live server is touched.
func TestGoodJail(t *testing.T) {
	onReal(t, func(t *testing.T, th *theatre) {
		old := slices.Repeat([]string{"198.51.100.99"}, 500)
		th.log(t, "new.log", time.Hour, old...)
		path := th.log(t, "new.log", time.Minute, "203.0.113.1", "203.0.113.1", "203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.3", "2001:db8::1", "2001:db8::1", "2001:db8::1", "198.51.100.1", "198.51.100.1", "198.51.100.1")
		defer th.untouched(t)()
		o := th.options("new", "logpath = "+path+"\nignoreip = 198.51.100.0/24\nignorecommand = /bin/false\nusedns = yes\n")
		o.Ports = "80,443"
		k := run(t, o)
		if k.Verdict != fail2ban.VerdictReady || !k.AllRead || k.Reason != "" {
			t.Errorf("%+v", k)
		}
		if !slices.Equal(k.WouldBan, []string{"2001:db8::1", "203.0.113.1"}) || fmt.Sprint(k.Failing) != "[{203.0.113.3 2} {203.0.113.2 1}]" || k.Matched != 9 || k.MaxRetry != 3 {
			t.Errorf("would ban %q, failing %v, matched %d of %d", k.WouldBan, k.Failing, k.Matched, k.MaxRetry)
		}
		// Where fail2ban begins to read is somewhere before findtime (its search is by halves).
		if k.Lines < 12 || k.Lines >= 512 || k.LinesRead != k.Lines {
			t.Errorf("%d of %d lines", k.LinesRead, k.Lines)
		}
		if !slices.Equal(k.Files, []string{path}) || k.Ports != "80,443" || !slices.Equal(k.Actions, []string{"noop"}) || !slices.Equal(k.Without, []string{"ignorecommand", "usedns"}) || k.Appear != nil || k.Vanish != nil || k.Change != nil {
			t.Errorf("%+v", k)
		}
		if len(k.Steps) != 4 || k.Took <= 0 {
			t.Errorf("%+v", k.Steps)
		}
		t.Log(k.Steps, k.Took, k.Lines)
	})
}
