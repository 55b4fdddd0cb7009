package socket_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/fail2bantest"
	"bantop/fail2ban/socket"
	"bantop/fail2ban/wire"
)

// An act is one of the calls that change who is banned.
type act func(*socket.Client, context.Context, []fail2ban.Target) ([]fail2ban.Result, error)

// acts are all of them, on targets.
var acts = map[string]act{
	"ban":          (*socket.Client).Ban,
	"unban":        (*socket.Client).Unban,
	"ignore":       (*socket.Client).AddIgnore,
	"not ignore":   (*socket.Client).DelIgnore,
	"ban for":      banFor(time.Hour),
	"ban for ever": banFor(fail2ban.Permanent),
	"unban everywhere": func(c *socket.Client, ctx context.Context, targets []fail2ban.Target) ([]fail2ban.Result, error) {
		return c.UnbanEverywhere(ctx, addressesOf(targets))
	},
}

func banFor(length time.Duration) act {
	return func(c *socket.Client, ctx context.Context, targets []fail2ban.Target) ([]fail2ban.Result, error) {
		return c.BanFor(ctx, targets, length)
	}
}

func addressesOf(targets []fail2ban.Target) []string {
	addresses := make([]string, len(targets))
	for i, t := range targets {
		addresses[i] = t.Address
	}
	return addresses
}

// in are addresses in one jail.
func in(jail string, addresses ...string) []fail2ban.Target {
	targets := make([]fail2ban.Target, len(addresses))
	for i, a := range addresses {
		targets[i] = fail2ban.Target{Jail: jail, Address: a}
	}
	return targets
}

func outcomes(results []fail2ban.Result) []fail2ban.Outcome {
	out := make([]fail2ban.Outcome, len(results))
	for i, r := range results {
		out[i] = r.Outcome
	}
	return out
}

// Short names for the table below.
const (
	done, same, refused, unknown = fail2ban.Done, fail2ban.Unchanged, fail2ban.Refused, fail2ban.Unknown
	all                          = "" // in every jail
)

// TestActs does one act after the other, with all that the server makes of
// addresses, and wants the same of every server.
func TestActs(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		oddLength := done // of 10.0.0.0/x: a name to 1.1.0
		if b.version == "1.0.2" {
			oddLength = refused
		}
		for _, c := range []struct {
			act, jail, address string
			outcome            fail2ban.Outcome
			count              int
		}{
			{"ban", "j001", "192.0.2.1", done, 1},
			{"ban", "j001", "192.0.2.1", same, 0},
			{"ban", "j002", "192.0.2.1", done, 1},
			{"ban", "gone", "192.0.2.1", refused, 0},
			{"unban", "gone", "192.0.2.1", refused, 0},
			{"unban", "j001", "192.0.2.1", done, 1},
			{"unban", "j001", "192.0.2.1", same, 0},
			{"ban", "j001", "192.0.2.1", done, 1},
			{"unban everywhere", all, "192.0.2.1", done, 2},
			{"unban everywhere", all, "192.0.2.1", same, 0},

			// Whatever is not an address is a name.
			{"ban", "j001", "not-an-ip", done, 1},
			{"ban", "j001", "not-an-ip", same, 0},
			{"unban", "j001", "not-an-ip", done, 1},
			{"ban", "j001", "192.0.2.01", done, 1},
			{"unban", "j001", "192.0.2.1", same, 0},
			{"unban", "j001", "192.0.2.01", done, 1},
			{"ban", "j001", "10.0.0.0/x", oddLength, count(oddLength)},
			{"unban", "j001", "10.0.0.0/x", unchangedUnless(oddLength), count(oddLength)},
			{"ban", "j001", "", refused, 0},
			{"unban everywhere", all, "", refused, 0},
			{"unban everywhere", all, "--all", refused, 0},
			{"unban", "j001", "--report-absent", refused, 0},
			{"ban", "j001", "a" + wire.End, refused, 0},

			// Spellings: all ban, one alone is found again.
			{"ban", "j001", "2001:DB8:0:0::1", done, 1},
			{"ban", "j001", "[2001:db8::1]", same, 0},
			{"unban", "j001", "2001:DB8:0:0::1", same, 0},
			{"unban", "j001", "[2001:db8::1]", same, 0},
			{"unban", "j001", "2001:db8::1", done, 1},
			{"ban", "j001", "::ffff:192.0.2.9", done, 1},
			{"unban", "j001", "::ffff:192.0.2.9", same, 0},
			{"unban", "j001", "192.0.2.9", done, 1},
			{"ban", "j001", "203.0.113.9/32", done, 1},
			{"unban", "j001", "203.0.113.9/32", same, 0},
			{"unban", "j001", "203.0.113.9", done, 1},
			{"ban", "j001", "10.0.0.0/33", done, 1},
			{"unban", "j001", "10.0.0.0", same, 0},
			{"unban", "j001", "10.0.0.0/33", done, 1},
			{"ban", "j001", "0.0.0.0/0", done, 1},
			{"ban", "j001", "192.0.2.1", done, 1},
			{"ban", "j001", "2001:db8::1", done, 1},
			{"unban", "j001", "0.0.0.0", same, 0},
			{"unban", "j001", "0.0.0.0/0", done, 2}, // both of IPv4
			{"unban", "j001", "::/0", done, 1},

			// Networks.
			{"ban", "j001", "198.51.100.77/24", done, 1},
			{"ban", "j001", "198.51.100.5", done, 1},
			{"ban", "j001", "198.51.100.6", done, 1},
			{"ban", "j002", "198.51.100.6", done, 1},
			{"unban", "j001", "198.51.100.7", same, 0},
			{"unban", "j001", "198.51.100.0/24", done, 1},
			{"unban", "j001", "198.51.100.0/25", done, 2},
			{"unban everywhere", all, "198.51.0.0/16", done, 1},

			// The list of who is ignored.
			{"ignore", "j003", "192.0.2.1", done, 1},
			{"ignore", "j003", "192.0.2.1", same, 0},
			{"ignore", "j003", "::ffff:192.0.2.1", same, 0},
			{"ignore", "j003", "192.0.2.0/24", done, 1},
			{"ignore", "j003", "192.0.2.7/24", same, 0},
			{"ignore", "j003", "192.0.2.2", done, 1},
			{"ignore", "j003", "host.example", done, 1},
			{"ignore", "gone", "192.0.2.1", refused, 0},
			{"ban", "j003", "192.0.2.1", done, 1}, // ignored or not
			{"unban", "j003", "192.0.2.1", done, 1},
			{"not ignore", "j003", "192.0.2.7/24", done, 1},
			{"not ignore", "j003", "192.0.2.0/24", same, 0},
			{"not ignore", "j003", "::ffff:192.0.2.1", same, 0},
			{"not ignore", "j003", "192.0.2.1", done, 1},
			{"not ignore", "j003", "192.0.2.1", same, 0},
			{"not ignore", "j003", "host.example", done, 1},
			{"not ignore", "gone", "192.0.2.1", refused, 0},
			{"ignore", "j003", "0.0.0.0/0", done, 1},
			{"not ignore", "j003", "0.0.0.0", same, 0},
			{"not ignore", "j003", "0.0.0.0/0", done, 1},
		} {
			results, err := acts[c.act](b.client, t.Context(), in(c.jail, c.address))
			if err != nil || len(results) != 1 {
				t.Fatalf("%s %q in %s: %+v, %v", c.act, c.address, c.jail, results, err)
			}
			r := results[0]
			if r.Outcome != c.outcome || r.Count != c.count || r.Target != in(c.jail, c.address)[0] || (r.Err != nil) != (c.outcome == refused) {
				t.Errorf("%s %q in %s: got %+v, want %d, %d", c.act, c.address, c.jail, r, c.outcome, c.count)
			}
			if c.jail == "gone" {
				checkError(t, r.Err, fail2ban.ErrUnknownJail, `"192.0.2.1" in jail "gone"`)
			}
		}
		settings, err := b.client.JailSettings(t.Context(), "j003")
		if err != nil || !slices.Equal(settings.IgnoreIP, []string{"192.0.2.2"}) {
			t.Errorf("ignored: %q, %v", settings.IgnoreIP, err)
		}
	})
}

func count(o fail2ban.Outcome) int {
	if o == done {
		return 1
	}
	return 0
}

func unchangedUnless(o fail2ban.Outcome) fail2ban.Outcome {
	if o == done {
		return done
	}
	return same
}

// TestActsOnMany holds that each of many targets has its own result, and that
// one that is refused stops no other.
func TestActsOnMany(t *testing.T) {
	targets := slices.Concat(in("j001", "192.0.2.1", "192.0.2.2"), in("gone", "192.0.2.3"), in("j002", "192.0.2.1", "--all"), in("j001", "192.0.2.1", "192.0.2.4"))
	first := []fail2ban.Outcome{done, done, refused, done, refused, same, done}
	again := []fail2ban.Outcome{same, same, refused, same, refused, same, same}
	twice := []fail2ban.Outcome{done, done, refused, done, refused, same, done} // 192.0.2.1 is named twice
	eachBackend(t, func(t *testing.T, b backend) {
		for _, c := range []struct {
			act  string
			want []fail2ban.Outcome
		}{
			{"ban", first}, {"ban", again}, {"unban", twice}, {"unban", again},
			{"ban for", first}, {"ban for", again}, {"ban for ever", again}, {"unban", twice},
			{"ignore", first}, {"ignore", again}, {"not ignore", twice}, {"not ignore", again},
		} {
			results, err := acts[c.act](b.client, t.Context(), targets)
			if err != nil || !slices.Equal(outcomes(results), c.want) {
				t.Errorf("%s: got %v, %v, want %v", c.act, outcomes(results), err, c.want)
			}
		}
	})
}

// TestNoTargets holds that nothing to do is nothing done.
func TestNoTargets(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: jailNames})
	client := newClient(t, fakeOptions(s))
	for name, do := range acts {
		if results, err := do(client, t.Context(), nil); err != nil || len(results) != 0 {
			t.Errorf("%s: %v, %v", name, results, err)
		}
	}
	if n := s.Accepted(); n != 0 {
		t.Errorf("%d connections for nothing", n)
	}
}

// TestBanAgainProlongs holds that a ban of what is banned already starts its
// time anew.
func TestBanAgainProlongs(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		ban := func() {
			if _, err := b.client.Ban(t.Context(), in("j001", "192.0.2.1")); err != nil {
				t.Fatal(err)
			}
		}
		ban()
		time.Sleep(1100 * time.Millisecond)
		began := time.Now()
		ban()
		checkEnds(t, b, "j001", map[string]time.Duration{"192.0.2.1": 10 * time.Minute}, began)
	})
}

// TestActsNotSent walks what goes wrong before anything is sent: an error, and no
// results, since nothing was done.
func TestActsNotSent(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*testing.T, *fail2bantest.Server)
		kind  error
	}{
		{"not running", func(_ *testing.T, s *fail2bantest.Server) { s.Stop() }, fail2ban.ErrNotRunning},
		{"killed", func(_ *testing.T, s *fail2bantest.Server) { s.Kill() }, fail2ban.ErrStaleSocket},
		{"hangs", inject(fail2bantest.Fault{Hang: true}), fail2ban.ErrTimeout},
		{"closes", inject(fail2bantest.Fault{Close: true}), fail2ban.ErrClosed},
		{"garbage", inject(fail2bantest.Fault{Raw: []byte("HTTP/1.1 400 Bad Request\r\n")}), fail2ban.ErrProtocol},
		{"queue full", func(t *testing.T, s *fail2bantest.Server) {
			if err := s.Refuse(); err != nil {
				t.Fatal(err)
			}
		}, fail2ban.ErrBusy},
	} {
		for name, do := range acts {
			t.Run(c.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				s := fail2bantest.New(t, fail2bantest.Options{Jails: jailNames})
				c.spoil(t, s)
				ctx, cancel := context.WithTimeout(t.Context(), short)
				defer cancel()
				results, err := do(newClient(t, fakeOptions(s)), ctx, in("j001", "192.0.2.1", "192.0.2.2"))
				checkError(t, err, c.kind, "2 addresses ("+s.Path+")")
				if n := s.Commands("set") + s.Commands("unban"); results != nil || n != 0 {
					t.Errorf("%v, %d commands", results, n)
				}
			})
		}
	}
	t.Run("no permission", func(t *testing.T) {
		s := fail2bantest.New(t, fail2bantest.Options{Jails: jailNames})
		err := forbidden(t, s, func(c *socket.Client) error {
			results, err := c.Ban(context.Background(), in("j001", "192.0.2.1"))
			if results != nil {
				return errors.New("it has results")
			}
			return err
		})
		checkError(t, err, fail2ban.ErrPermission, `ban "192.0.2.1" in jail "j001"`)
	})
}

// TestActsAreSentOnce walks what goes wrong while an act is being done: what was
// answered is known, what was not is unknown, and nothing is sent again.
func TestActsAreSentOnce(t *testing.T) {
	garbage := []byte("HTTP/1.1 400 Bad Request\r\n")
	locked := &wire.Exception{Module: "sqlite3", Name: "OperationalError", Args: []any{"database is locked"}}
	for _, c := range []struct {
		name    string
		before  int // commands that are answered well
		fault   fail2bantest.Fault
		kind    error
		want    [5]fail2ban.Outcome
		reached int // commands that reach the server
	}{
		{"closes at once", 0, fail2bantest.Fault{Close: true, Raw: []byte{}}, fail2ban.ErrClosed,
			[5]fail2ban.Outcome{unknown, unknown, unknown, unknown, unknown}, 1},
		{"closes in the first reply", 0, fail2bantest.Fault{Close: true}, fail2ban.ErrClosed,
			[5]fail2ban.Outcome{unknown, unknown, unknown, unknown, unknown}, 1},
		{"hangs at once", 0, fail2bantest.Fault{Hang: true}, fail2ban.ErrTimeout,
			[5]fail2ban.Outcome{unknown, unknown, unknown, unknown, unknown}, 5},
		{"closes", 2, fail2bantest.Fault{Close: true, Raw: []byte{}}, fail2ban.ErrClosed,
			[5]fail2ban.Outcome{done, done, unknown, unknown, unknown}, 3},
		{"closes in a reply", 2, fail2bantest.Fault{Close: true}, fail2ban.ErrClosed,
			[5]fail2ban.Outcome{done, done, unknown, unknown, unknown}, 3},
		{"hangs", 2, fail2bantest.Fault{Hang: true}, fail2ban.ErrTimeout,
			[5]fail2ban.Outcome{done, done, unknown, unknown, unknown}, 5},
		{"garbage", 2, fail2bantest.Fault{Raw: garbage}, fail2ban.ErrProtocol,
			[5]fail2ban.Outcome{done, done, unknown, unknown, unknown}, 5},
		{"exception", 2, fail2bantest.Fault{Raise: locked}, nil,
			[5]fail2ban.Outcome{done, done, refused, done, done}, 5},
		{"another form", 2, fail2bantest.Fault{Raw: wire.AppendReply(nil, "192.0.2.3")}, nil,
			[5]fail2ban.Outcome{done, done, unknown, done, done}, 5},
		{"shutting down", 2, fail2bantest.Fault{Raw: []byte("\x80\x04]\x8c\x08SHUTDOWNa." + wire.End)}, nil,
			[5]fail2ban.Outcome{done, done, refused, done, done}, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := fail2bantest.New(t, fail2bantest.Options{Jails: jailNames})
			if c.before > 0 {
				s.Inject(fail2bantest.Fault{Command: "set", Times: c.before})
			}
			c.fault.Command, c.fault.Times = "set", 1
			s.Inject(c.fault)
			client := newClient(t, fakeOptions(s))
			ctx, cancel := context.WithTimeout(t.Context(), short)
			defer cancel()
			results, err := client.Ban(ctx, in("j001", "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5"))
			if c.kind != nil {
				checkError(t, err, c.kind, "ban 5 addresses")
			} else if err != nil {
				t.Error(err)
			}
			if !slices.Equal(outcomes(results), c.want[:]) {
				t.Errorf("got %v, want %v", outcomes(results), c.want)
			}
			if c.kind == nil {
				checkError(t, results[c.before].Err, nil, `ban "192.0.2.3" in jail "j001"`)
			}
			if n := s.Accepted(); n != 1 {
				t.Errorf("%d connections", n)
			}
			s.ClearFaults()
			fail2bantest.Eventually(t, "the end of what was sent", func() bool { return s.Commands("set") == c.reached })
			if err := client.Ping(t.Context()); err != nil {
				t.Error(err)
			}
			if n := s.Commands("set"); n != c.reached {
				t.Errorf("%d commands, want %d", n, c.reached)
			}
		})
	}
}

// TestActAfterRestart holds that a connection that died since the last exchange
// is found out before an act is sent, so that it is done, and once.
func TestActAfterRestart(t *testing.T) {
	eachServer(t, func(t *testing.T, client *socket.Client, restart func()) {
		if err := client.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		restart()
		results, err := client.Ban(t.Context(), in("j001", "192.0.2.1"))
		if err != nil || !slices.Equal(outcomes(results), []fail2ban.Outcome{done}) {
			t.Errorf("got %+v, %v", results, err)
		}
	})
}

// TestActionsHoldTheServer holds that the server in this process is busy for as
// long as its actions take, as a real one is.
func TestActionsHoldTheServer(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: jailNames})
	const each = 20 * time.Millisecond
	s.Edit("j001", func(j *fail2bantest.Jail) { j.ActionTime = each })
	client := newClient(t, fakeOptions(s))
	targets := in("j001", "192.0.2.1", "192.0.2.2", "192.0.2.3")
	for _, name := range []string{"ban", "unban", "ban for", "unban everywhere"} {
		began := time.Now()
		if results, err := acts[name](client, t.Context(), targets); err != nil || slices.ContainsFunc(results, func(r fail2ban.Result) bool { return r.Outcome != done }) {
			t.Errorf("%s: %+v, %v", name, results, err)
		}
		if took := time.Since(began); took < 3*each {
			t.Errorf("%s took %v", name, took)
		}
	}
}
