package socket_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bantop/fail2ban"
	"bantop/fail2ban/fail2bantest"
	"bantop/fail2ban/socket"
	"bantop/fail2ban/wire"
)

// short is long enough for a local answer, and short enough to wait for none.
const short = 300 * time.Millisecond

// TestErrors walks every way in which an exchange fails: its kind, its words,
// the next step it names.
func TestErrors(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*testing.T, *fail2bantest.Server)
		kind  error
		words string
		hint  string
	}{
		{"not running", func(_ *testing.T, s *fail2bantest.Server) { s.Stop() },
			fail2ban.ErrNotRunning, "no such file or directory", " start"},
		{"killed", func(_ *testing.T, s *fail2bantest.Server) { s.Kill() },
			fail2ban.ErrStaleSocket, "connection refused", " -x start"},
		{"no socket", func(t *testing.T, s *fail2bantest.Server) {
			s.Stop()
			if err := os.WriteFile(s.Path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, fail2ban.ErrNotRunning, "that path is no socket", " start"},
		{"queue full", func(t *testing.T, s *fail2bantest.Server) {
			if err := s.Refuse(); err != nil {
				t.Fatal(err)
			}
		}, fail2ban.ErrBusy, "resource temporarily unavailable", "wait"},
		{"hangs", inject(fail2bantest.Fault{Hang: true}), fail2ban.ErrTimeout, "did not answer in time", "wait"},
		{"half a reply, then silence", inject(fail2bantest.Fault{Half: true}), fail2ban.ErrTimeout, "did not answer in time", "wait"},
		{"half a reply, then the end", inject(fail2bantest.Fault{Close: true}),
			fail2ban.ErrClosed, "unexpected EOF", "stopping or restarting"},
		{"closes without a word", inject(fail2bantest.Fault{Close: true, Raw: []byte{}}),
			fail2ban.ErrClosed, "closed the connection", "stopping or restarting"},
		{"garbage", inject(fail2bantest.Fault{Raw: []byte("HTTP/1.1 400 Bad Request\r\n")}),
			fail2ban.ErrProtocol, "opcode 0x48", "check that"},
		{"a reply of another form", inject(fail2bantest.Fault{Raw: wire.AppendReply(nil, wire.Items{1, 2})}),
			fail2ban.ErrProtocol, `"1 2" is not what was asked for`, "check that"},
		{"shutting down", inject(fail2bantest.Fault{Raw: []byte("\x80\x04]\x8c\x08SHUTDOWNa." + wire.End)}),
			fail2ban.ErrClosed, "closed the connection", "stopping or restarting"},
		{"exception", inject(fail2bantest.Fault{Raise: &wire.Exception{Module: "sqlite3", Name: "OperationalError", Args: []any{"database is locked"}}}),
			nil, "OperationalError: database is locked", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := fail2bantest.New(t, fail2bantest.Options{Jails: jailNames})
			c.spoil(t, s)
			client := newClient(t, fakeOptions(s))
			ctx, cancel := context.WithTimeout(t.Context(), short)
			defer cancel()
			err := client.Ping(ctx)
			checkError(t, err, c.kind, "ping fail2ban ("+s.Path+")", c.words)
			if hint := fail2ban.Hint(err); (c.hint == "") != (hint == "") || !strings.Contains(hint, c.hint) {
				t.Errorf("the next step is %q, want %q", hint, c.hint)
			}
		})
	}
}

func inject(f fail2bantest.Fault) func(*testing.T, *fail2bantest.Server) {
	return func(_ *testing.T, s *fail2bantest.Server) { s.Inject(f) }
}

func checkError(t *testing.T, err, kind error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if kind != nil && !errors.Is(err, kind) {
		t.Errorf("got %v, want %v", err, kind)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q does not say %q", err, w)
		}
	}
}

// TestServerWordsAreKept holds that the class and words of an exception reach
// the caller.
func TestServerWordsAreKept(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{})
	s.Inject(fail2bantest.Fault{Raise: &wire.Exception{Module: "sqlite3", Name: "OperationalError", Args: []any{"locked", 5}}})
	err := newClient(t, fakeOptions(s)).Ping(t.Context())
	e, ok := errors.AsType[*fail2ban.ServerError](err)
	if !ok || e.Class != "sqlite3.OperationalError" || e.Message != "locked 5" {
		t.Errorf("got %+v from %v", e, err)
	}
}

// TestPathTooLong holds that a path that no socket can have is told as such.
func TestPathTooLong(t *testing.T) {
	c := newClient(t, socket.Options{Path: "/tmp/" + strings.Repeat("x", 120)})
	checkError(t, c.Ping(t.Context()), fail2ban.ErrNotRunning, "too long for a socket")
}

// TestPermission is a socket that this user may not open, on a real file
// system.
func TestPermission(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{})
	err := forbidden(t, s, func(c *socket.Client) error { return c.Ping(context.Background()) })
	checkError(t, err, fail2ban.ErrPermission, "permission denied")
	if hint := fail2ban.Hint(err); !strings.Contains(hint, "(mode 0000): run sudo bantop") {
		t.Errorf("the next step is %q", hint)
	}
}

// forbidden does something as a user who may not open the socket. Root may open
// all, so the thread becomes somebody else for it.
func forbidden(t *testing.T, s *fail2bantest.Server, do func(*socket.Client) error) error {
	t.Helper()
	if err := os.Chmod(s.Path, 0); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(s.Path), 0o755); err != nil {
		t.Fatal(err)
	}
	errs := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with its goroutine
		if os.Geteuid() == 0 {
			if err := unix.Setfsuid(65534); err != nil {
				errs <- fmt.Errorf("become nobody: %w", err)
				return
			}
		}
		errs <- do(socket.New(fakeOptions(s)))
	}()
	return <-errs
}

// TestLateAnswer holds that a slow server is neither hung up on nor asked
// again, and that an answer that comes too late is not taken for another's.
func TestLateAnswer(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: jailNames})
	client := newClient(t, fakeOptions(s))
	if err := client.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Inject(fail2bantest.Fault{Hang: true, Times: 1})
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		_, err := client.Version(ctx)
		cancel()
		checkError(t, err, fail2ban.ErrTimeout)
	}
	s.ClearFaults()
	if names, err := client.Jails(t.Context()); err != nil || len(names) != 3 {
		t.Errorf("after the late answer: %q, %v", names, err)
	}
	if n := s.Accepted(); n != 1 {
		t.Errorf("%d connections, want one for all", n)
	}
	if n := s.Commands("version"); n != 1 {
		t.Errorf("version was asked %d times, want once", n)
	}
}

// TestSlowAnswer holds that an answer that takes long but comes in time is one.
func TestSlowAnswer(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Version: "1.1.0"})
	s.Inject(fail2bantest.Fault{Command: "version", Delay: 200 * time.Millisecond, Times: 1})
	started := time.Now()
	version, err := newClient(t, fakeOptions(s)).Version(t.Context())
	if err != nil || version != "1.1.0" || time.Since(started) < 200*time.Millisecond {
		t.Errorf("got %q, %v after %v", version, err, time.Since(started))
	}
}

// TestHalfReplyIsGivenUp holds that a reply that stops in its middle does not
// keep the connection for ever, while one that has not begun does.
func TestHalfReplyIsGivenUp(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: jailNames})
	opts := fakeOptions(s)
	opts.Timeout = 20 * time.Millisecond
	client := newClient(t, opts)
	s.Inject(fail2bantest.Fault{Half: true, Times: 1})
	fail2bantest.Eventually(t, "an answer on another connection", func() bool { return client.Ping(t.Context()) == nil })
	if n := s.Accepted(); n != 2 {
		t.Errorf("%d connections, want 2", n)
	}
}

// TestBusyPasses holds that a full queue that empties in time is no error.
func TestBusyPasses(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{})
	if err := s.Refuse(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(50*time.Millisecond, s.ClearFaults)
	defer timer.Stop()
	if err := newClient(t, fakeOptions(s)).Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestRestartBetween holds that a server that was restarted since the last
// exchange answers the next one, and shows as another process.
func TestRestartBetween(t *testing.T) {
	eachServer(t, func(t *testing.T, client *socket.Client, restart func()) {
		if err := client.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		before := client.PID()
		restart()
		if err := client.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		if after := client.PID(); before == 0 || after == 0 || after == before {
			t.Errorf("process %d before, %d after", before, after)
		}
		if client.Gone() {
			t.Error("told as gone")
		}
	})
}

// TestGone holds that a process that ended is known to have ended.
func TestGone(t *testing.T) {
	for _, install := range fail2bantest.RealInstalls(t) {
		r := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{})
		client := newClient(t, socket.Options{Path: r.Path, PIDFile: r.PIDFile})
		if err := client.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		if client.Gone() {
			t.Error("told as gone while it runs")
		}
		if err := r.Kill(); err != nil {
			t.Fatal(err)
		}
		if !client.Gone() {
			t.Error("not told as gone")
		}
		if fresh := newClient(t, socket.Options{Path: r.Path, PIDFile: r.PIDFile}); !fresh.Gone() {
			t.Error("the process of the pid file not told as gone")
		}
	}
}

// eachServer runs a test on an in-process server and on the real ones.
func eachServer(t *testing.T, test func(t *testing.T, client *socket.Client, restart func())) {
	t.Run("fake", func(t *testing.T) {
		s := fail2bantest.New(t, fail2bantest.Options{Jails: jailNames})
		test(t, newClient(t, fakeOptions(s)), func() {
			if err := s.Restart(); err != nil {
				t.Fatal(err)
			}
		})
	})
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run("real "+install.Version, func(t *testing.T) {
			r := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{Jails: jailNames})
			test(t, newClient(t, socket.Options{Path: r.Path, PIDFile: r.PIDFile}), func() {
				if err := r.Stop(); err != nil {
					t.Fatal(err)
				}
				if err := r.Start(); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}

// TestManyInOneGo holds that hundreds of commands are answered in order on one
// connection.
func TestManyInOneGo(t *testing.T) {
	names := make([]string, 200)
	for i := range names {
		names[i] = fmt.Sprintf("jail%03d", i)
	}
	s := fail2bantest.New(t, fail2bantest.Options{Jails: names})
	for i, name := range names {
		for a := range i % 7 {
			s.Ban(name, fmt.Sprintf("192.0.2.%d", a))
		}
	}
	jails, err := newClient(t, fakeOptions(s)).JailStatuses(t.Context(), names)
	if err != nil || len(jails) != len(names) {
		t.Fatalf("%d jails, %v", len(jails), err)
	}
	for i, j := range jails {
		if j.Name != names[i] || j.Banned != i%7 {
			t.Errorf("jail %d: %+v", i, j)
		}
	}
	if n := s.Accepted(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

// TestShortIsRefused holds that a server without the short form of status is
// asked for the long one, and the short one not tried again.
func TestShortIsRefused(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: jailNames, Version: "0.8.14"})
	s.Ban("j001", "192.0.2.1")
	client := newClient(t, fakeOptions(s))
	for range 2 {
		jails, err := client.JailStatuses(t.Context(), jailNames)
		if err != nil || len(jails) != 3 || jails[0].Banned != 1 {
			t.Fatalf("%+v, %v", jails, err)
		}
	}
	if n := s.Commands("status"); n != 9 {
		t.Errorf("%d status commands, want 3 that were refused and 6", n)
	}
}

// TestClientsDoNotLeak holds that a closed client leaves no goroutine, even
// with an answer outstanding.
func TestClientsDoNotLeak(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{})
	s.Inject(fail2bantest.Fault{Hang: true})
	before := runtime.NumGoroutine()
	for range 20 {
		c := socket.New(fakeOptions(s))
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		checkError(t, c.Ping(ctx), nil)
		cancel()
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	s.ClearFaults()
	fail2bantest.Eventually(t, "the end of all goroutines", func() bool { return runtime.NumGoroutine() <= before+1 })
}

// TestCancelled holds that a caller that gives up is told so, and nothing else.
func TestCancelled(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := newClient(t, fakeOptions(s)).Ping(ctx)
	if !errors.Is(err, context.Canceled) || errors.Is(err, fail2ban.ErrTimeout) {
		t.Errorf("got %v", err)
	}
}
