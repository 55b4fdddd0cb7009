package socket_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/fail2bantest"
	"bantop/fail2ban/socket"
	"bantop/fail2ban/wire"
)

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

// TestBanForIncrement holds that a ban has its length where the server makes bans
// longer of those who were banned before: at least that.
func TestBanForIncrement(t *testing.T) {
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			r := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{Jails: jailNames})
			b := realBackend(t, r)
			set := func(option, value string) {
				if _, err := r.Client("set", "j001", option, value); err != nil {
					t.Fatal(err)
				}
			}
			set("bantime.increment", "true")
			set("bantime", "1")
			var addresses []string
			for i := range 20 {
				addresses = append(addresses, fmt.Sprintf("198.51.100.%d", i+1))
			}
			if _, err := b.client.Ban(t.Context(), in("j001", addresses...)); err != nil {
				t.Fatal(err)
			}
			fail2bantest.Eventually(t, "the end of the first bans", func() bool {
				j, err := b.client.JailStatus(t.Context(), "j001")
				return err == nil && j.Banned == 0
			})
			set("bantime", "600")
			began := time.Now()
			for _, a := range addresses {
				results, err := b.client.BanFor(t.Context(), in("j001", a), time.Hour)
				if err != nil || results[0].Outcome != done || results[0].Length != time.Hour {
					t.Errorf("%s: %+v, %v", a, results, err)
				}
			}
			bans, err := b.client.Bans(t.Context(), "j001", time.Local)
			if err != nil || len(bans) != len(addresses) {
				t.Fatalf("%v, %v", bans, err)
			}
			for _, ban := range bans {
				if ban.End.Before(began.Add(time.Hour - time.Second)) {
					t.Errorf("%+v ends before its hour", ban)
				}
			}
			checkBanTime(t, b.client, "j001")
		})
	}
}

// TestBanForMany holds that more than go out in one go are banned, each for the
// length.
func TestBanForMany(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: jailNames})
	client := newClient(t, fakeOptions(s))
	var targets []fail2ban.Target
	for i := range 400 {
		targets = append(targets, fail2ban.Target{Jail: jailNames[i%3], Address: fmt.Sprintf("2001:db8::%x", i+1)})
	}
	results, err := client.BanFor(t.Context(), targets, time.Hour)
	if err != nil || len(results) != len(targets) {
		t.Fatalf("%d results, %v", len(results), err)
	}
	for i, r := range results {
		if r.Target != targets[i] || r.Outcome != done || r.Length != time.Hour {
			t.Errorf("got %+v, want %v", r, targets[i])
		}
	}
	checkBanTime(t, client, jailNames...)
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

// TestBanTimeOfAnother holds that a ban time that somebody else has set meanwhile
// is left alone.
func TestBanTimeOfAnother(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: jailNames})
	s.Inject(
		fail2bantest.Fault{Command: "set", Times: 2}, // a ban, and the ban time
		fail2bantest.Fault{Command: "set", Times: 1, Close: true},
		fail2bantest.Fault{Command: "get", Times: 2}, // what there is before
		fail2bantest.Fault{Command: "get", Times: 1, Raw: wire.AppendReply(nil, 1200)},
	)
	_, err := newClient(t, fakeOptions(s)).BanFor(t.Context(), in("j001", "192.0.2.1"), time.Hour)
	checkError(t, err, fail2ban.ErrClosed)
	if n := s.Commands("set"); n != 3 {
		t.Errorf("%d commands", n)
	}
}

// TestBanForOfAServerThatDies holds that a server that is gone has no ban time to
// be put back, and one that was started anew its own.
func TestBanForOfAServerThatDies(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: jailNames})
	s.Inject(fail2bantest.Fault{Command: "set", Times: 2}, fail2bantest.Fault{Command: "set", Times: 1, Hang: true})
	client := newClient(t, fakeOptions(s))
	ended := make(chan error)
	go func() {
		_, err := client.BanFor(context.Background(), in("j001", "192.0.2.1"), time.Hour)
		ended <- err
	}()
	fail2bantest.Eventually(t, "the third command", func() bool { return s.Commands("set") == 3 })
	s.Kill()
	err := <-ended
	checkError(t, err, fail2ban.ErrClosed)
	if strings.Contains(err.Error(), "put back") {
		t.Error(err)
	}
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
		ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond) // of the three seconds that its actions take
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
	t.Run("fake", func(t *testing.T) {
		s := fail2bantest.New(t, fail2bantest.Options{Jails: jailNames})
		s.Edit("j002", func(j *fail2bantest.Jail) { j.ActionTime = 1500 * time.Millisecond })
		test(t, "fake", "1.0.2", fakeOptions(s))
	})
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run("real "+install.Version, func(t *testing.T) {
			r := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{Jails: jailNames, Actions: map[string]string{"j002": "slow[seconds=1.5]"}})
			test(t, "real", r.Version, socket.Options{Path: r.Path, PIDFile: r.PIDFile, Timeout: 10 * time.Second})
		})
	}
}
