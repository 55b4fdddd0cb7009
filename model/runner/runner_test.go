package runner_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/fail2bantest"
	"bantop/fail2ban/socket"
	"bantop/model"
	"bantop/model/runner"
)

func client(t *testing.T, s *fail2bantest.Server) *socket.Client {
	c := socket.New(socket.Options{Path: s.Path, PIDFile: s.PIDFile, Processes: s.Processes(), Timeout: 5 * time.Second})
	t.Cleanup(func() { c.Close() })
	return c
}

func start(t *testing.T, s *fail2bantest.Server, change func(*runner.Options)) *runner.Runner {
	o := runner.Options{Client: client(t, s), Timeout: 5 * time.Second}
	if change != nil {
		change(&o)
	}
	return begin(t, o)
}

func probe(t *testing.T, r *runner.Runner, seq uint64) model.ProbeFinished {
	t.Helper()
	p, ok := r.Do(t.Context(), model.Probe{Seq: seq, Applied: model.ProbeID{Term: 3, Seq: seq}}).(model.ProbeFinished)
	if !ok || p.ProbeID != (model.ProbeID{Term: 3, Seq: seq + 1}) || p.Request != seq {
		t.Fatalf("got %+v", p)
	}
	return p
}

// TestProbe: a look brings all that the model wants to know, from servers of
// both versions.
func TestProbe(t *testing.T) {
	for _, version := range []string{"1.0.2", "1.1.0"} {
		t.Run(version, func(t *testing.T) {
			s := fail2bantest.New(t, fail2bantest.Options{Version: version, Jails: []string{"sshd", "postfix"}})
			s.Ban("sshd", "192.0.2.1")
			s.Fail("postfix", "192.0.2.2", 2)
			s.Edit("sshd", func(j *fail2bantest.Jail) {
				j.Files, j.Journal, j.Actions = nil, []string{"_SYSTEMD_UNIT=sshd.service _COMM=sshd"}, nil
			})
			written := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
			r := start(t, s, func(o *runner.Options) { o.LastMod = func(string) time.Time { return written } })
			p := probe(t, r, 1)
			want := []fail2ban.Jail{
				{Name: "postfix", Counts: fail2ban.Counts{Failing: 1, TotalFailed: 2}, Files: []string{"/var/log/postfix.log"}, Actions: []string{"noop"}, LastLine: written},
				{Name: "sshd", Counts: fail2ban.Counts{Banned: 1, TotalBanned: 1}, Journal: []string{"_SYSTEMD_UNIT=sshd.service _COMM=sshd"}},
			}
			if p.Fault != model.Answered || p.Version != version || p.PID == 0 || p.Since.IsZero() || p.Latency <= 0 || p.Boot <= 0 || p.Finished.Before(p.Started) {
				t.Errorf("got %+v", p)
			}
			if len(p.Jails) != 2 {
				t.Fatalf("got %+v", p.Jails)
			}
			for i, j := range p.Jails {
				if j.Name != want[i].Name || j.Counts != want[i].Counts || !slices.Equal(j.Files, want[i].Files) ||
					!slices.Equal(j.Journal, want[i].Journal) || !slices.Equal(j.Actions, want[i].Actions) || !j.LastLine.Equal(want[i].LastLine) {
					t.Errorf("got %+v, want %+v", j, want[i])
				}
			}
		})
	}
}

// TestProbeAsksLittle: what rarely changes is asked again only when something
// shows that it may have, and 1.1 is asked for all counts at once.
func TestProbeAsksLittle(t *testing.T) {
	for version, counting := range map[string]string{"1.0.2": "status", "1.1.0": "stats"} {
		t.Run(version, func(t *testing.T) {
			s := fail2bantest.New(t, fail2bantest.Options{Version: version, Jails: []string{"a", "b"}})
			r := start(t, s, nil)
			seq := uint64(0)
			asked := func(what string) (details, counts int) {
				t.Helper()
				d, c := s.Commands("get"), s.Commands(counting)
				seq++
				if p := probe(t, r, seq); p.Fault != model.Answered {
					t.Fatalf("%s: %+v", what, p)
				}
				return s.Commands("get") - d, s.Commands(counting) - c
			}
			details := func(what string, want bool) {
				t.Helper()
				if got, _ := asked(what); (got > 0) != want {
					t.Errorf("%s: details asked: %v", what, got > 0)
				}
			}
			details("at first", true)
			details("nothing new", false)
			s.Ban("a", "192.0.2.1")
			details("a ban", false)
			s.AddJail("c")
			details("a new jail", true)
			s.RemoveJail("c")
			details("a jail less", true)
			if err := s.Restart(); err != nil {
				t.Fatal(err)
			}
			details("another process", true)
			details("nothing new", false)
			if _, counts := asked("counts"); version == "1.1.0" && counts != 1 || version == "1.0.2" && counts != 3 {
				t.Errorf("%d commands for the counts", counts)
			}
			if n := s.Commands("stats"); version == "1.0.2" && n != 0 {
				t.Errorf("1.0.2 was asked for stats %d times: each leaves an error in its log", n)
			}
		})
	}
}

// TestFaults: every way of not answering, as the model is told of it.
func TestFaults(t *testing.T) {
	for _, c := range []struct {
		name   string
		spoil  func(*testing.T, *fail2bantest.Server)
		fault  model.Fault
		gone   bool
		reason string
	}{
		{"stopped", func(_ *testing.T, s *fail2bantest.Server) { s.Stop() }, model.NotRunning, false, "fail2ban is not running ("},
		{"killed", func(_ *testing.T, s *fail2bantest.Server) { s.Kill() }, model.StaleSocket, true, "fail2ban died and left its socket ("},
		{"queue full", func(t *testing.T, s *fail2bantest.Server) {
			if err := s.Refuse(); err != nil {
				t.Fatal(err)
			}
		}, model.Busy, false, "fail2ban is busy with other clients ("},
		{"hangs", inject(fail2bantest.Fault{Hang: true}), model.NoAnswer, false, "no answer for 300ms ("},
		{"half an answer", inject(fail2bantest.Fault{Half: true}), model.NoAnswer, false, "no answer for 300ms ("},
		{"closes", inject(fail2bantest.Fault{Close: true}), model.NoAnswer, false, "fail2ban closed the connection ("},
		{"garbage", inject(fail2bantest.Fault{Raw: []byte("x")}), model.Unreadable, false, "fail2ban's answer cannot be read ("},
		{"an exception", inject(fail2bantest.Fault{Command: "status", Raise: raise()}), model.Unreadable, false,
			"fail2ban refused to list the jails: OperationalError: database is locked"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"a"}})
			c.spoil(t, s)
			c2 := socket.New(socket.Options{Path: s.Path, PIDFile: s.PIDFile, Processes: s.Processes(), Timeout: 300 * time.Millisecond})
			defer c2.Close()
			r := begin(t, runner.Options{Client: c2, Timeout: 300 * time.Millisecond})
			p := probe(t, r, 1)
			if p.Fault != c.fault || p.Gone != c.gone || !strings.HasPrefix(p.Reason, c.reason) || len(p.Jails) != 0 {
				t.Errorf("got %+v", p)
			}
			s.ClearFaults()
			if c.name != "stopped" && c.name != "killed" {
				seq := uint64(1) // an answer that stands still in its middle is waited for a while
				fail2bantest.Eventually(t, "it answers again", func() bool {
					seq++
					return probe(t, r, seq).Fault == model.Answered
				})
			}
		})
	}
}

func inject(f fail2bantest.Fault) func(*testing.T, *fail2bantest.Server) {
	return func(_ *testing.T, s *fail2bantest.Server) { s.Inject(f) }
}

// TestNeverTwoProbes: however many are asked for, looks follow one another.
func TestNeverTwoProbes(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"a"}})
	c := &counting{Client: client(t, s)}
	r := begin(t, runner.Options{Client: c})
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() { r.Do(t.Context(), model.Probe{Seq: uint64(i)}) })
	}
	wg.Wait()
	if c.most != 1 || c.total != 20 {
		t.Errorf("%d looks, up to %d at a time", c.total, c.most)
	}
}

// counting counts how many looks list the jails at the same time.
type counting struct {
	*socket.Client
	mu               sync.Mutex
	now, most, total int
}

func (c *counting) Jails(ctx context.Context) ([]string, error) {
	c.mu.Lock()
	c.total++
	c.now++
	c.most = max(c.most, c.now)
	c.mu.Unlock()
	time.Sleep(time.Millisecond)
	names, err := c.Client.Jails(ctx)
	c.mu.Lock()
	c.now--
	c.mu.Unlock()
	return names, err
}

// TestHurry: a probe that waits goes at once when somebody hurries; without,
// it waits; and when bantop ends it is given up.
func TestHurry(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"a"}})
	r := start(t, s, nil)
	probe(t, r, 1)
	done := make(chan model.Msg, 1)
	go func() { done <- r.Do(t.Context(), model.Probe{Seq: 2, After: time.Hour}) }()
	select {
	case msg := <-done:
		t.Fatalf("it did not wait: %+v", msg)
	case <-time.After(50 * time.Millisecond):
	}
	if msg := r.Do(t.Context(), model.Hurry{}); msg != nil {
		t.Errorf("got %+v", msg)
	}
	if p, ok := (<-done).(model.ProbeFinished); !ok || p.Fault != model.Answered {
		t.Errorf("got %+v", p)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { done <- r.Do(ctx, model.Probe{Seq: 3, After: time.Hour}) }()
	cancel()
	if msg := <-done; msg != nil {
		t.Errorf("got %+v", msg)
	}
}

// TestFetch: the screen of a jail and the names of new bans.
func TestFetch(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	s.Ban("sshd", "192.0.2.1")
	r := start(t, s, nil)
	j, ok := r.Do(t.Context(), model.FetchJail{Jail: "sshd", Request: 7, Bans: true}).(model.JailFetched)
	if !ok || j.Jail != "sshd" || j.Request != 7 || j.Reason != "" || !j.HasBans || len(j.Bans) != 1 || j.Settings.MaxRetry != 3 || j.At.IsZero() {
		t.Errorf("got %+v", j)
	}
	if j := r.Do(t.Context(), model.FetchJail{Jail: "sshd"}).(model.JailFetched); j.HasBans || j.Bans != nil {
		t.Errorf("bans that nobody asked for: %+v", j)
	}
	if j := r.Do(t.Context(), model.FetchJail{Jail: "gone"}).(model.JailFetched); !strings.Contains(j.Reason, "no such jail") {
		t.Errorf("got %+v", j)
	}
	at := time.Now()
	b, ok := r.Do(t.Context(), model.FetchBans{Jail: "sshd", At: at, Count: 2}).(model.BansFetched)
	if !ok || b.Jail != "sshd" || !b.At.Equal(at) || b.Count != 2 || len(b.Bans) != 1 || b.Bans[0].Address != "192.0.2.1" {
		t.Errorf("got %+v", b)
	}
	if b := r.Do(t.Context(), model.FetchBans{Jail: "gone", Count: 1}).(model.BansFetched); b.Count != 1 || b.Bans != nil {
		t.Errorf("got %+v", b)
	}
	if msg := r.Do(t.Context(), nil); msg != nil {
		t.Errorf("got %+v", msg)
	}
}

// TestLogHurries: a line in the server's log brings the next look at once, and
// goes on doing so after the log was rotated.
func TestLogHurries(t *testing.T) {
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			real := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{})
			c := socket.New(socket.Options{Path: real.Path, PIDFile: real.PIDFile})
			defer c.Close()
			r := begin(t, runner.Options{Client: c, Watch: true})
			probe(t, r, 1)
			log := filepath.Join(real.Dir, "log", "fail2ban.log")
			for i, what := range []string{"a ban", "another, after the log was rotated"} {
				if i > 0 {
					if err := os.Rename(log, log+".1"); err != nil {
						t.Fatal(err)
					}
					if _, err := real.Client("flushlogs"); err != nil {
						t.Fatal(err)
					}
					restartDetails(t, real)
					probe(t, r, 10)
				}
				done := make(chan model.Msg, 1)
				go func() { done <- r.Do(t.Context(), model.Probe{Seq: 2, After: time.Hour}) }()
				time.Sleep(time.Second) // what the start has logged is over
				select {
				case <-done: // hurried by it
					go func() { done <- r.Do(t.Context(), model.Probe{Seq: 3, After: time.Hour}) }()
				default:
				}
				if _, err := real.Client("set", "j001", "banip", "192.0.2.1", "192.0.2."+string(rune('2'+i))); err != nil {
					t.Fatal(err)
				}
				select {
				case msg := <-done:
					if p := msg.(model.ProbeFinished); p.Jails[0].Banned < i+1 {
						t.Errorf("%s: %+v", what, p.Jails[0])
					}
				case <-time.After(15 * time.Second):
					t.Fatalf("%s: the log hurried nobody", what)
				}
			}
		})
	}
}

// restartDetails makes the next look ask for the details, as it does every 10 s.
func restartDetails(t *testing.T, real *fail2bantest.Real) {
	t.Helper()
	if _, err := real.Client("stop", "j003"); err != nil {
		t.Fatal(err)
	}
}
