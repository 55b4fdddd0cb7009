package socket_test

import (
	"context"
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/fail2bantest"
)

// TestNoEcho holds that a server that knows no fences is asked without them, and is
// asked for one only once.
func TestNoEcho(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: jailNames, Version: "0.9.6"})
	client := newClient(t, fakeOptions(s))
	for range 3 {
		if jails, err := client.JailStatuses(t.Context(), jailNames[:1]); err != nil || len(jails) != 1 {
			t.Fatalf("%+v, %v", jails, err)
		}
		r, err := client.Ban(t.Context(), []fail2ban.Target{{Jail: "j001", Address: "192.0.2.1"}})
		if err != nil || len(r) != 1 {
			t.Fatalf("%+v, %v", r, err)
		}
	}
	if n := s.Commands("echo"); n != 1 {
		t.Errorf("%d fences", n)
	}
}

// TestLostAnswer holds that an answer that never comes is an error soon, also for who
// has all the time in the world, that no other is taken for it, and that the next
// question is answered.
func TestLostAnswer(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Jails: jailNames})
	for _, f := range []fail2bantest.Fault{
		{Lost: true, Times: 1, Command: "get"}, // the fence shows it at once
		{Lost: true, Times: 2},                 // the fence is lost, too
		{Half: true, Times: 1},
	} {
		opts := fakeOptions(s)
		opts.Timeout = 100 * time.Millisecond
		client := newClient(t, opts)
		s.Inject(f)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		_, err := client.Bans(ctx, "j001", time.Local)
		if checkError(t, err, fail2ban.ErrProtocol); ctx.Err() != nil {
			t.Errorf("%+v: only the deadline ended it", f)
		}
		cancel()
		s.ClearFaults()
		if jails, err := client.JailStatuses(t.Context(), jailNames); err != nil || len(jails) != 3 {
			t.Errorf("%+v: afterwards: %+v, %v", f, jails, err)
		}
	}
}
