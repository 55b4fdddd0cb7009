package runner_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bantop/config"
	"bantop/fail2ban"
	"bantop/fail2ban/control"
	"bantop/fail2ban/fail2bantest"
	"bantop/fail2ban/socket"
	"bantop/model"
	"bantop/model/runner"
	"bantop/model/store"
)

// hand is a fail2ban-client that does to a server in this process what a test
// wants.
type hand struct {
	reload  func() error
	restart func(control.State) error
	done    []string
}

func (h *hand) Dump(context.Context) (control.Dump, error) { return control.Dump{}, nil }

func (h *hand) Reload(context.Context) error {
	h.done = append(h.done, "reload")
	return h.reload()
}

func (h *hand) ReloadJail(_ context.Context, jail string) error {
	h.done = append(h.done, "restart jail "+jail)
	return h.reload()
}

func (h *hand) Restart(_ context.Context, s control.State) error {
	h.done = append(h.done, fmt.Sprint("restart ", s))
	return h.restart(s)
}

func perform(t *testing.T, r *runner.Runner, kind model.ActKind, want ...string) model.ActFinished {
	t.Helper()
	msg, ok := r.Do(t.Context(), model.Perform{ID: 7, Kind: kind, Want: want}).(model.ActFinished)
	if !ok || msg.ID != 7 || msg.At.IsZero() {
		t.Fatalf("got %+v", msg)
	}
	return msg
}

// TestReloadUntilJailsAreThere: a reload that said OK and left no jail is done
// again, three times at most.
func TestReloadUntilJailsAreThere(t *testing.T) {
	for needed, want := range map[int]model.ActFinished{
		1: {Attempts: 1}, 2: {Attempts: 2}, 3: {Attempts: 3}, 4: {Attempts: 3, Missing: []string{"b"}},
	} {
		s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"a", "b"}})
		s.LoseJails("b")
		h := &hand{}
		h.reload = func() error {
			if len(h.done) == needed {
				s.RestoreJails()
			}
			return nil
		}
		r := start(t, s, func(o *runner.Options) { o.Control = h })
		r.Gather(50 * time.Millisecond)
		got := perform(t, r, model.ActReload, "a", "b")
		if got.Attempts != want.Attempts || !slices.Equal(got.Missing, want.Missing) || got.Reason != "" {
			t.Errorf("back with reload %d: %+v", needed, got)
		}
	}
}

// TestActFails: what failed is told, with what to do next, and not tried again.
func TestActFails(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"a"}})
	h := &hand{
		reload:  func() error { return errors.New("reload fail2ban: no") },
		restart: func(control.State) error { return fmt.Errorf("restart fail2ban: %w", control.ErrNoClient) },
	}
	r := start(t, s, func(o *runner.Options) { o.Control = h })
	if got := perform(t, r, model.ActReload, "a"); got.Reason != "reload fail2ban: no" || got.Attempts != 1 || !strings.Contains(got.Hint, "log") {
		t.Errorf("got %+v", got)
	}
	if got := perform(t, r, model.ActRestart, "a"); !strings.Contains(got.Reason, "not installed") || !strings.Contains(got.Hint, "install fail2ban") {
		t.Errorf("got %+v", got)
	}
	if got := perform(t, start(t, s, nil), model.ActReload); !strings.Contains(got.Reason, "no fail2ban-client") {
		t.Errorf("without a control program: %+v", got)
	}
}

// TestRestartKnowsTheState: how a server is started again depends on how it
// went.
func TestRestartKnowsTheState(t *testing.T) {
	for want, spoil := range map[control.State]func(*fail2bantest.Server){
		control.Runs: func(*fail2bantest.Server) {}, control.Stopped: (*fail2bantest.Server).Stop, control.Died: (*fail2bantest.Server).Kill,
	} {
		s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"a"}})
		writePID(t, s.PIDFile)
		h := &hand{restart: func(got control.State) error {
			if got != want {
				t.Errorf("state %v, want %v", got, want)
			}
			return s.Restart()
		}}
		r := start(t, s, func(o *runner.Options) { o.Control = h })
		probe(t, r, 1)
		spoil(s)
		if got := perform(t, r, model.ActRestart, "a"); got.Reason != "" || len(got.Missing) > 0 || len(h.done) != 1 {
			t.Errorf("%v: %+v, %q", want, got, h.done)
		}
	}
}

func writePID(t *testing.T, file string) {
	t.Helper()
	if err := os.WriteFile(file, []byte("999999999"), 0o600); err != nil { // nobody's
		t.Fatal(err)
	}
}

func openStore(t *testing.T, dir, socket string) store.Store {
	t.Helper()
	st, err := store.Open(t.Context(), store.Options{Dir: dir, Socket: socket})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() }) // some tests close it themselves
	return st
}

// TestOneActs: while one instance acts, another is told who does what; when it
// has done, the right is free.
func TestOneActs(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"a"}})
	dir := t.TempDir()
	begun, finish := make(chan struct{}), make(chan struct{})
	instance := func(who string, h *hand) *runner.Runner {
		return start(t, s, func(o *runner.Options) {
			o.Control, o.Store, o.Person = h, openStore(t, dir, s.Path), runner.Person{Who: who, TTY: "pts/3", Host: "web-3"}
		})
	}
	slow := instance("lukas", &hand{restart: func(control.State) error { close(begun); <-finish; return nil }})
	quick := &hand{reload: func() error { return nil }}
	other := instance("mira", quick)
	done := make(chan model.ActFinished)
	go func() { done <- slow.Do(t.Context(), model.Perform{ID: 1, Kind: model.ActRestart}).(model.ActFinished) }()
	<-begun
	if got := perform(t, other, model.ActReload); !strings.HasPrefix(got.Reason, "lukas (pts/3) is doing a restart since ") || got.Hint == "" || len(quick.done) > 0 {
		t.Errorf("got %+v, did %q", got, quick.done)
	}
	close(finish)
	if got := <-done; got.Reason != "" {
		t.Errorf("got %+v", got)
	}
	if got := perform(t, other, model.ActReload, "a"); got.Reason != "" || len(quick.done) != 1 {
		t.Errorf("afterwards: %+v", got)
	}
}

// TestJournal: an act is written down with who did it, where, also while bantop
// ends.
func TestJournal(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{})
	st := openStore(t, t.TempDir(), s.Path)
	r := start(t, s, func(o *runner.Options) {
		o.Store, o.Person = st, runner.Person{Who: "lukas", TTY: "pts/3", Host: "web-3"}
	})
	at := time.Now().Round(0)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if msg := r.Do(ended, model.Journal{At: at, Act: "dismiss crash", Jail: "nginx-x", Result: "done"}); msg != nil {
		t.Errorf("got %+v", msg)
	}
	acts, err := st.Acts(t.Context(), 10)
	want := store.Act{At: at, Who: "lukas", TTY: "pts/3", Host: "web-3", Act: "dismiss crash", Jail: "nginx-x", Result: "done"}
	if err != nil || len(acts) != 1 || !acts[0].At.Equal(at) {
		t.Fatalf("%+v, %v", acts, err)
	}
	if acts[0].At = at; acts[0] != want {
		t.Errorf("got %+v", acts[0])
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	if msg, ok := r.Do(t.Context(), model.Journal{At: at, Act: "lock"}).(model.StoreFailed); !ok || !strings.HasPrefix(msg.Reason, "write the journal: ") {
		t.Errorf("got %+v", msg)
	}
}

// TestReadLog: the log is where the server says; when it has gone, where it was,
// else where its configuration says.
func TestReadLog(t *testing.T) {
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			real := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{Jails: []string{"sshd"}})
			log := filepath.Join(real.Dir, "log", "fail2ban.log")
			instance := func(target string) *runner.Runner {
				c := socket.New(socket.Options{Path: real.Path, PIDFile: real.PIDFile})
				t.Cleanup(func() { c.Close() })
				return begin(t, runner.Options{Client: c, LogTarget: target})
			}
			read := func(what string, r *runner.Runner, want string) {
				t.Helper()
				msg, ok := r.Do(t.Context(), model.ReadLog{}).(model.LogRead)
				found := slices.ContainsFunc(msg.Notes, func(n fail2ban.LogNote) bool { return n.Text == "Jail 'sshd' started" })
				if !ok || msg.At.IsZero() || found != (want == "") || !strings.Contains(msg.Reason, want) {
					t.Errorf("%s: %d notes, %q", what, len(msg.Notes), msg.Reason)
				}
			}
			r := instance("")
			read("while it runs", r, "")
			if err := real.Stop(); err != nil {
				t.Fatal(err)
			}
			read("where it was", r, "")
			read("where its configuration says", instance(log), "")
			read("where nobody says", instance(""), "nobody says to which")
			read("in the journal", instance("SYSTEMD-JOURNAL"), "SYSTEMD-JOURNAL")
		})
	}
}

// TestKeepSettings: this run's settings go into the file beside the
// administrator's.
func TestKeepSettings(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bantop.toml")
	r := start(t, fail2bantest.New(t, fail2bantest.Options{}), func(o *runner.Options) { o.File = file })
	keep := func(text string) model.SettingsKept {
		return r.Do(t.Context(), model.KeepSettings{Values: []config.Value{{Key: "refresh", Text: text}}}).(model.SettingsKept)
	}
	local := filepath.Join(filepath.Dir(file), "bantop.local.toml")
	if got := keep("5s"); got.Reason != "" || got.File != local {
		t.Errorf("got %+v", got)
	}
	if b, err := os.ReadFile(local); err != nil || !strings.Contains(string(b), `refresh = "5s"`) {
		t.Errorf("%q, %v", b, err)
	}
	if got := keep("soon"); !strings.HasPrefix(got.Reason, "keep the settings: ") || got.File != local {
		t.Errorf("got %+v", got)
	}
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("the administrator's file: %v", err)
	}
}

// TestConfigure: another timeout holds from the next look on.
func TestConfigure(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"a"}})
	r := start(t, s, nil)
	s.Inject(fail2bantest.Fault{Hang: true})
	if msg := r.Do(t.Context(), model.Configure{Timeout: 100 * time.Millisecond}); msg != nil {
		t.Errorf("got %+v", msg)
	}
	if p := probe(t, r, 1); p.Fault != model.NoAnswer || !strings.HasPrefix(p.Reason, "no answer for 100ms") {
		t.Errorf("got %+v", p)
	}
}
