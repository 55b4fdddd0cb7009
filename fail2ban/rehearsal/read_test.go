package rehearsal

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/fail2bantest"
)

// fill writes a log of so many bytes, of which the lines are of the last minutes.
func fill(t testing.TB, path string, bytes int) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	begin := time.Now().Add(-5 * time.Minute)
	for n, i := 0, 0; n < bytes; i++ {
		at := begin.Add(time.Duration(float64(n) / float64(bytes) * float64(4*time.Minute)))
		k, err := fmt.Fprintf(w, "%s host app: all is well with the request number %d of somebody\n", at.Format(time.DateTime), i)
		if err != nil {
			t.Fatal(err)
		}
		n += k
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestLongLog: a log that is too long for the limit is no fault of the jail; it is
// said how much was read, and that grows.
func TestLongLog(t *testing.T) {
	size := 200 << 20
	if testing.Short() {
		size = 40 << 20
	}
	onReal(t, func(t *testing.T, th *theatre) {
		path := filepath.Join(th.Dir, "log", "long.log")
		fill(t, path, size)
		defer th.untouched(t)()
		o := th.options("new", "logpath = "+path+"\n")
		o.Limit = 4 * time.Second
		r := New(o)
		defer r.Close()
		last, grew := 0, 0
		for {
			k := r.Next(t.Context())
			if k.LinesRead < last {
				t.Errorf("%d lines, %d before", k.LinesRead, last)
			}
			if k.LinesRead > last {
				grew++
			}
			last = k.LinesRead
			if k.Step != fail2ban.RehearseDone {
				continue
			}
			if !k.OK() || k.AllRead || k.Lines < size/100 || k.Lines > size/70 || k.LinesRead == 0 || k.LinesRead >= k.Lines || grew < 2 || k.Took > 6*time.Second {
				t.Errorf("grew %d times: %+v", grew, k)
			}
			t.Logf("%d of %d lines in %v", k.LinesRead, k.Lines, k.Took)
			break
		}
		r.Close()
	})
}

// TestAttacked: a log of nothing but attacks, from many addresses, is read as fast as
// fail2ban can, and kept nowhere.
func TestAttacked(t *testing.T) {
	onReal(t, func(t *testing.T, th *theatre) {
		var addresses []string
		for i := range 30_000 {
			addresses = append(addresses, fmt.Sprintf("198.18.%d.%d", i>>8&127, i&255)) // one failure each, but for some
		}
		path := th.log(t, "attacked.log", time.Minute, append(addresses, slices.Repeat([]string{"203.0.113.1"}, 100)...)...)
		o := th.options("new", "logpath = "+path+"\n")
		o.Limit = time.Minute
		began := time.Now()
		k := run(t, o)
		if !k.OK() || !k.AllRead || k.Matched != 30_100 || k.Lines != 30_100 || strings.Join(k.WouldBan, " ") != "203.0.113.1" || len(k.Failing) != maxFailing || k.Failing[0].Failures != 1 {
			t.Errorf("%s %q, %d matched of %d, would ban %q, %d fail", k.Verdict, k.Reason, k.Matched, k.Lines, k.WouldBan, len(k.Failing))
		}
		t.Log(time.Since(began), k.Steps)
		th.nothingLeft(t)
	})
}

// TestManyLogs: the lines of all logs count, those of the ones that are followed from
// their end on do not, and links are followed.
func TestManyLogs(t *testing.T) {
	onReal(t, func(t *testing.T, th *theatre) {
		for i := range 5 {
			th.log(t, fmt.Sprintf("many-%d.log", i), time.Minute, slices.Repeat([]string{fmt.Sprintf("203.0.113.%d", i)}, i+1)...)
		}
		th.log(t, "empty.log", 0)
		tail := th.log(t, "tail.log", time.Minute, "203.0.113.200", "203.0.113.200", "203.0.113.200")
		link := filepath.Join(th.Dir, "log", "link.log")
		if err := os.Symlink("many-4.log", link); err != nil {
			t.Fatal(err)
		}
		defer th.untouched(t)()
		k := run(t, th.options("new", "logpath = "+th.Dir+"/log/many-[0-3].log\n  "+link+"\n  "+th.Dir+"/log/empty.log\n  "+tail+" tail\n"))
		if !k.OK() || !k.AllRead || k.Lines != 15 || k.LinesRead != 15 || k.Matched != 15 || strings.Join(k.WouldBan, " ") != "203.0.113.2 203.0.113.3 203.0.113.4" || fmt.Sprint(k.Failing) != "[{203.0.113.1 2} {203.0.113.0 1}]" || len(k.Files) != 7 {
			t.Errorf("%+v", k)
		}
	})
}

// TestRotatedAway: a log that goes while it is read ends the reading, too.
func TestRotatedAway(t *testing.T) {
	onReal(t, func(t *testing.T, th *theatre) {
		path := th.log(t, "away.log", time.Minute, "203.0.113.1")
		r := New(th.options("new", "logpath = "+path+"\n"))
		defer r.Close()
		for {
			k := r.Next(t.Context())
			if k.Step == fail2ban.RehearseRead {
				_ = os.Remove(path) // it is gone the second time
			}
			if k.Step == fail2ban.RehearseDone {
				if !k.OK() || k.Matched != 1 {
					t.Errorf("%+v", k)
				}
				break
			}
		}
	})
}

// BenchmarkRehearsal is a good jail, with a log in which somebody attacks.
func BenchmarkRehearsal(b *testing.B) {
	for _, install := range fail2bantest.RealInstalls(b) {
		b.Run(install.Version, func(b *testing.B) {
			th := newTheatre(b, install)
			path := th.log(b, "new.log", time.Minute, slices.Repeat([]string{"203.0.113.1", "203.0.113.2"}, 50)...)
			times := make(map[fail2ban.RehearsalStep][]float64)
			for b.Loop() {
				k := run(b, th.options("new", "logpath = "+path+"\n"))
				if !k.OK() || len(k.WouldBan) != 2 {
					b.Fatal(k)
				}
				for _, s := range k.Steps {
					times[s.Step] = append(times[s.Step], float64(s.Took.Microseconds())/1000)
				}
				times[fail2ban.RehearseDone] = append(times[fail2ban.RehearseDone], float64(k.Took.Microseconds())/1000)
			}
			for step, t := range times {
				b.ReportMetric(fail2bantest.Median(t), "ms/"+string(step))
			}
		})
	}
}
