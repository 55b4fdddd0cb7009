package socket_test

import (
	"context"
	"errors"
	"slices"
	"strings"
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
			{"unban", "j001", "10.0.0.0", done, 1},
			{"ban", "j001", "0.0.0.0/0", done, 1},
			{"unban", "j001", "0.0.0.0", done, 1},

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

// checkEnds compares the bans of a jail with how long each was to last from some
// moment between began and now.
func checkEnds(t *testing.T, b backend, jail string, want map[string]time.Duration, began time.Time) {
	t.Helper()
	ended := time.Now()
	bans, err := b.client.Bans(t.Context(), jail, time.Local)
	if err != nil || len(bans) != len(want) {
		t.Fatalf("bans of %s: %v, %v, want %v", jail, bans, err, want)
	}
	const cut = time.Second // the server lists whole seconds
	for _, ban := range bans {
		length, ok := want[ban.Address]
		if length == fail2ban.Permanent {
			ok = ok && ban.Length == fail2ban.Permanent
		} else {
			ok = ok && !ban.End.Before(began.Add(length-cut)) && !ban.End.After(ended.Add(length))
		}
		if !ok {
			t.Errorf("in %s: got %+v, want %v from %v on", jail, ban, length, began)
		}
	}
}

// checkBanTime holds that a jail bans for as long as it did.
func checkBanTime(t *testing.T, client *socket.Client, jails ...string) {
	t.Helper()
	for _, jail := range jails {
		if s, err := client.JailSettings(t.Context(), jail); err != nil || s.BanTime != 10*time.Minute {
			t.Errorf("the ban time of %s is %v, %v", jail, s.BanTime, err)
		}
	}
}

// TestBanFor holds that bans get the length that was asked for, unless they last
// longer anyway, and that other bans and the jail keep theirs.
func TestBanFor(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		own, ever := 10*time.Minute, fail2ban.Permanent
		began := time.Now()
		for _, c := range []struct {
			length  time.Duration
			targets []fail2ban.Target
			want    []fail2ban.Outcome
			lasts   time.Duration
		}{
			{own, in("j001", "192.0.2.1", "192.0.2.2", "192.0.2.3"), []fail2ban.Outcome{done, done, done}, own},
			{time.Hour, in("j001", "192.0.2.2", "192.0.2.4"), []fail2ban.Outcome{same, done}, time.Hour},
			{ever, in("j001", "192.0.2.3", "192.0.2.5"), []fail2ban.Outcome{same, done}, ever},
			{time.Minute, in("j001", "192.0.2.6"), []fail2ban.Outcome{done}, own},
			{2*time.Hour - time.Millisecond, slices.Concat(in("j002", "192.0.2.7"), in("j001", "192.0.2.7"), in("j002", "198.51.100.0/24")),
				[]fail2ban.Outcome{done, done, done}, 2 * time.Hour},
			// None ends sooner than it would have.
			{time.Minute, in("j001", "192.0.2.4"), []fail2ban.Outcome{same}, own},
			{time.Hour, in("j001", "192.0.2.5", "192.0.2.7"), []fail2ban.Outcome{same, same}, time.Hour},
		} {
			results, err := b.client.BanFor(t.Context(), c.targets, c.length)
			if err != nil || !slices.Equal(outcomes(results), c.want) {
				t.Fatalf("for %v: got %+v, %v", c.length, results, err)
			}
			for i, r := range results {
				if r.Target != c.targets[i] || r.Length != c.lasts {
					t.Errorf("for %v: got %+v, want %v", c.length, r, c.lasts)
				}
			}
			checkBanTime(t, b.client, "j001", "j002")
		}
		checkEnds(t, b, "j001", map[string]time.Duration{
			"192.0.2.1": own, "192.0.2.2": time.Hour, "192.0.2.3": ever, "192.0.2.4": time.Hour,
			"192.0.2.5": ever, "192.0.2.6": own, "192.0.2.7": 2 * time.Hour,
		}, began)
		checkEnds(t, b, "j002", map[string]time.Duration{"192.0.2.7": 2 * time.Hour, "198.51.100.0/24": 2 * time.Hour}, began)

		results, err := b.client.BanFor(t.Context(), slices.Concat(in("gone", "192.0.2.8"), in("j003", "192.0.2.8")), time.Hour)
		if err != nil || !slices.Equal(outcomes(results), []fail2ban.Outcome{refused, done}) || results[0].Length != 0 {
			t.Errorf("with an unknown jail: %+v, %v", results, err)
		}
		for _, length := range []time.Duration{0, -time.Hour} {
			if results, err := b.client.BanFor(t.Context(), in("j003", "192.0.2.9"), length); err == nil || results != nil {
				t.Errorf("for %v: %v, %v", length, results, err)
			}
		}
	})
}

// TestBanForMany holds that more than go out in one go are banned, each for the
// length.
func TestBanForMany(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: jailNames})
	client := newClient(t, fakeOptions(s))
	var targets []fail2ban.Target
	for i := range 400 {
		targets = append(targets, fail2ban.Target{Jail: jailNames[i%3], Address: "2001:db8::" + string(rune('a'+i/100)) + strings.Repeat("1", i%100/30) + ":" + string("0123456789abcdef"[i%16]) + string("123456789abcdef"[i%15])})
	}
	results, err := client.BanFor(t.Context(), targets, time.Hour)
	if err != nil || len(results) != len(targets) {
		t.Fatalf("%d results, %v", len(results), err)
	}
	for i, r := range results {
		if r.Target != targets[i] || r.Length != time.Hour {
			t.Errorf("got %+v, want %v", r, targets[i])
		}
	}
	checkBanTime(t, client, jailNames...)
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
		t.Run(c.name, func(t *testing.T) {
			for name, do := range acts {
				s := fail2bantest.New(t, fail2bantest.Options{Jails: jailNames})
				c.spoil(t, s)
				ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
				results, err := do(newClient(t, fakeOptions(s)), ctx, in("j001", "192.0.2.1", "192.0.2.2"))
				cancel()
				checkError(t, err, c.kind, "2 addresses ("+s.Path+")")
				if n := s.Commands("set") + s.Commands("unban"); results != nil || n != 0 {
					t.Errorf("%s: %v, %d commands", name, results, n)
				}
			}
		})
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
	var fine fail2bantest.Fault
	fine.Command, fine.Times = "set", 2
	third := func(f fail2bantest.Fault) fail2bantest.Fault {
		f.Command, f.Times = "set", 1
		return f
	}
	for _, c := range []struct {
		name  string
		fault fail2bantest.Fault
		kind  error
		third fail2ban.Outcome
		rest  fail2ban.Outcome
		sent  int // commands that reached the server
	}{
		{"closes in a reply", third(fail2bantest.Fault{Close: true}), fail2ban.ErrClosed, unknown, unknown, 3},
		{"closes", third(fail2bantest.Fault{Close: true, Raw: []byte{}}), fail2ban.ErrClosed, unknown, unknown, 3},
		{"half a reply", third(fail2bantest.Fault{Half: true, Raw: []byte("\x80\x04K")}), fail2ban.ErrTimeout, unknown, unknown, 5},
		{"hangs", third(fail2bantest.Fault{Hang: true}), fail2ban.ErrTimeout, unknown, unknown, 5},
		{"garbage", third(fail2bantest.Fault{Raw: []byte("HTTP/1.1 400 Bad Request\r\n")}), fail2ban.ErrProtocol, unknown, unknown, 5},
		{"exception", third(fail2bantest.Fault{Raise: &wire.Exception{Module: "sqlite3", Name: "OperationalError", Args: []any{"database is locked"}}}),
			nil, refused, done, 5},
		{"another form", third(fail2bantest.Fault{Raw: wire.AppendReply(nil, "192.0.2.3")}), nil, unknown, done, 5},
		{"shutting down", third(fail2bantest.Fault{Raw: []byte("\x80\x04]\x8c\x08SHUTDOWNa." + wire.End)}), nil, refused, done, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := fail2bantest.New(t, fail2bantest.Options{Jails: jailNames})
			s.Inject(fine, c.fault)
			client := newClient(t, fakeOptions(s))
			ctx, cancel := context.WithTimeout(t.Context(), short)
			defer cancel()
			results, err := client.Ban(ctx, in("j001", "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5"))
			if c.kind != nil {
				checkError(t, err, c.kind, "ban 5 addresses")
			} else if err != nil {
				t.Error(err)
			}
			if want := []fail2ban.Outcome{done, done, c.third, c.rest, c.rest}; !slices.Equal(outcomes(results), want) {
				t.Errorf("got %v, want %v", outcomes(results), want)
			}
			if c.kind == nil {
				checkError(t, results[2].Err, nil, `ban "192.0.2.3" in jail "j001"`)
			}
			if n := s.Accepted(); n != 1 {
				t.Errorf("%d connections", n)
			}
			s.ClearFaults()
			eventually(t, "the end of what was sent", func() bool { return s.Commands("set") == c.sent })
			if c.name != "half a reply" { // after which no reply can be read
				if err := client.Ping(t.Context()); err != nil {
					t.Error(err)
				}
			}
			if n := s.Commands("set"); n != c.sent {
				t.Errorf("%d commands, want %d", n, c.sent)
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

// TestBanTimeIsPutBack breaks BanFor off at each of its commands, and holds that
// the jails ban for as long as they did.
func TestBanTimeIsPutBack(t *testing.T) {
	targets := slices.Concat(in("j001", "192.0.2.1", "192.0.2.2"), in("j002", "192.0.2.1"))
	for _, length := range []time.Duration{time.Hour, fail2ban.Permanent} {
		commands := 10 // two for each target, and four for the ban times
		if length == fail2ban.Permanent {
			commands = 13
		}
		for k := range commands + 1 {
			s := fail2bantest.New(t, fail2bantest.Options{Jails: jailNames})
			if k > 0 {
				s.Inject(fail2bantest.Fault{Command: "set", Times: k})
			}
			s.Inject(fail2bantest.Fault{Command: "set", Times: 1, Close: true})
			client := newClient(t, fakeOptions(s))
			results, err := client.BanFor(t.Context(), targets, length)
			if k < commands {
				checkError(t, err, fail2ban.ErrClosed, "ban 3 addresses")
			} else if err != nil {
				t.Errorf("for %v: %v", length, err)
			}
			for i, r := range results {
				if want := i < k; (r.Outcome == done) != want || (r.Length > 0) != want && r.Length != fail2ban.Permanent {
					t.Errorf("for %v, broken off at %d: %+v", length, k, r)
				}
			}
			s.ClearFaults()
			checkBanTime(t, client, "j001", "j002")
		}
	}
}

// TestBanTimeOfAnother holds that a ban time that somebody else has set
// meanwhile is left alone.
func TestBanTimeOfAnother(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: jailNames})
	s.Inject(fail2bantest.Fault{Command: "set", Times: 1}, fail2bantest.Fault{Command: "set", Times: 1, Hang: true}, fail2bantest.Fault{Command: "set", Times: 1, Close: true})
	client := newClient(t, fakeOptions(s))
	ended := make(chan error)
	go func() {
		_, err := client.BanFor(context.Background(), in("j001", "192.0.2.1"), time.Hour)
		ended <- err
	}()
	eventually(t, "the second command", func() bool { return s.Commands("set") == 2 })
	s.Kill() // the connection breaks there
	checkError(t, <-ended, fail2ban.ErrClosed)
	s.ClearFaults()
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	checkBanTime(t, client, "j001")
}

// TestActsGoOnWithoutClient holds that what was sent is done to its end, and the
// ban time put back, when nobody waits for it any more.
func TestActsGoOnWithoutClient(t *testing.T) {
	test := func(t *testing.T, name, version string, opts socket.Options) {
		client := socket.New(opts)
		ctx, cancel := context.WithTimeout(t.Context(), short)
		defer cancel()
		began := time.Now()
		results, err := client.BanFor(ctx, in("j002", "192.0.2.1", "192.0.2.2"), time.Hour)
		checkError(t, err, fail2ban.ErrTimeout, "ban 2 addresses")
		if !slices.Equal(outcomes(results), []fail2ban.Outcome{unknown, unknown}) {
			t.Errorf("got %+v", results)
		}
		if err := client.Close(); err != nil {
			t.Error(err)
		}
		b := backend{name: name, version: version, client: newClient(t, opts)}
		checkBanTime(t, b.client, "j002") // it is answered when the act is over
		checkEnds(t, b, "j002", map[string]time.Duration{"192.0.2.1": time.Hour, "192.0.2.2": time.Hour}, began)
	}
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run("real "+install.Version, func(t *testing.T) {
			r := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{Jails: jailNames, Actions: map[string]string{"j002": "slow[seconds=1]"}})
			test(t, "real", r.Version, socket.Options{Path: r.Path, PIDFile: r.PIDFile, Timeout: 10 * time.Second})
		})
	}
}
