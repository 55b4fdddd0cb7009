package bandb_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/bandb"
	"bantop/fail2ban/fail2bantest"
)

// database is where a real server keeps its bans.
func database(r *fail2bantest.Real) string { return filepath.Join(r.Dir, "run", "f2b.sqlite3") }

// client runs commands of fail2ban-client, each a line.
func client(t *testing.T, r *fail2bantest.Real, commands ...string) {
	t.Helper()
	for _, c := range commands {
		if _, err := r.Client(strings.Fields(c)...); err != nil {
			t.Fatal(err)
		}
	}
}

// eventually waits until something is as it should be; until then it says what
// is not.
func eventually(t *testing.T, what func() string) {
	t.Helper()
	wrong := what()
	for deadline := time.Now().Add(30 * time.Second); wrong != "" && time.Now().Before(deadline); wrong = what() {
		time.Sleep(20 * time.Millisecond)
	}
	if wrong != "" {
		t.Fatal(wrong)
	}
}

// served are the bans of some jails as the server tells of them.
func served(t *testing.T, r *fail2bantest.Real, jails ...string) []fail2ban.JailBan {
	t.Helper()
	var all []fail2ban.JailBan
	for _, jail := range jails {
		out, err := r.Client("get", jail, "banip", "--with-time")
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out) {
			if strings.TrimSpace(line) == "" {
				continue
			}
			b, err := fail2ban.ParseBan(strings.TrimSuffix(line, "\n"), time.Local)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, fail2ban.JailBan{Jail: jail, Ban: b})
		}
	}
	return all
}

// differ says how what the database tells of differs from what the server does.
// The server cuts a time to its second, its database rounds it.
func differ(db, server []fail2ban.JailBan) string {
	order := func(a, b fail2ban.JailBan) int { return strings.Compare(a.Jail+" "+a.Address, b.Jail+" "+b.Address) }
	slices.SortFunc(db, order)
	slices.SortFunc(server, order)
	same := func(a, b fail2ban.JailBan) bool {
		return a.Jail == b.Jail && a.Address == b.Address && a.Length == b.Length && a.End.IsZero() == b.End.IsZero() &&
			a.Start.Sub(b.Start).Abs() <= time.Second && a.End.Sub(b.End).Abs() <= time.Second
	}
	if slices.EqualFunc(db, server, same) {
		return ""
	}
	return fmt.Sprintf("the database has %v\nthe server %v", db, server)
}

// TestRealBans: what the database tells of is what the server does.
func TestRealBans(t *testing.T) {
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			install.Use(t)
			r := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{})
			d := open(t, database(r))
			agree := func(n int, jails ...string) {
				t.Helper()
				eventually(t, func() string {
					got := bans(t, d, time.Now())
					if len(got) != n {
						return fmt.Sprintf("%d bans instead of %d: %v", len(got), n, got)
					}
					return differ(got, served(t, r, jails...))
				})
			}
			agree(0, "j001", "j002", "j003")
			client(t, r, "set j003 bantime -1", "set j001 banip 192.0.2.1", "set j001 banip 198.51.100.0/24 2001:db8::1 2001:db8:1::/48",
				"set j002 banip 192.0.2.1", "set j003 banip 192.0.2.1 192.0.2.3")
			if err := r.Attack("j002", "203.0.113.7", 3); err != nil {
				t.Fatal(err)
			}
			agree(8, "j001", "j002", "j003")
			for _, b := range bans(t, d, time.Now()) {
				if b.Count != 1 || (b.Length == fail2ban.Permanent) != (b.Jail == "j003") {
					t.Errorf("%+v", b)
				}
			}
			client(t, r, "set j001 unbanip 192.0.2.1 2001:db8:1::/48", "unban 203.0.113.7")
			agree(5, "j001", "j002", "j003")
			client(t, r, "stop j001") // its bans stay in the table
			agree(3, "j002", "j003")
			client(t, r, "reload")
			eventually(t, func() string { // and come back
				got := bans(t, d, time.Now())
				return differ(slices.DeleteFunc(got, func(b fail2ban.JailBan) bool { return b.Jail == "j003" }), served(t, r, "j001", "j002"))
			})
			// A reload undoes what was set by command, for older bans as well; the
			// database is not told.
			for _, b := range served(t, r, "j003") {
				if b.Length != 10*time.Minute {
					t.Errorf("after a reload the server has %v", b)
				}
			}
			for _, b := range bans(t, d, time.Now()) {
				if (b.Length == fail2ban.Permanent) != (b.Jail == "j003") {
					t.Errorf("after a reload the database has %v", b)
				}
			}
		})
	}
}

// TestRealStop: a server that was stopped has no ban in force, one that was killed
// has left its own.
func TestRealStop(t *testing.T) {
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			install.Use(t)
			r := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{})
			d := open(t, database(r))
			has := func(n int) {
				t.Helper()
				eventually(t, func() string {
					if got := bans(t, d, time.Now()); len(got) != n {
						return fmt.Sprintf("%d bans instead of %d: %v", len(got), n, got)
					}
					return ""
				})
			}
			client(t, r, "set j001 banip 192.0.2.1 192.0.2.2")
			has(2)
			if err := r.Stop(); err != nil {
				t.Fatal(err)
			}
			has(0)
			if err := r.Start(); err != nil {
				t.Fatal(err)
			}
			has(2)
			if err := r.Kill(); err != nil {
				t.Fatal(err)
			}
			has(2)
			if err := r.Start(); err != nil {
				t.Fatal(err)
			}
			has(2)
		})
	}
}

// TestRealHistory: a ban has the lines that led to it, stays in the history when
// its time is over, and is forgotten when it is lifted.
func TestRealHistory(t *testing.T) {
	const address = "203.0.113.7"
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			install.Use(t)
			r := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{})
			d := open(t, database(r))
			history := func() []bandb.Record {
				t.Helper()
				list, err := d.History(t.Context(), time.Now(), address, 10)
				if err != nil {
					t.Fatal(err)
				}
				return list
			}
			if err := r.Attack("j001", address, 3); err != nil {
				t.Fatal(err)
			}
			eventually(t, func() string {
				if list := history(); len(list) != 1 {
					return fmt.Sprintf("got %+v", list)
				}
				return ""
			})
			lines, err := os.ReadFile(r.LogPath("j001"))
			if err != nil {
				t.Fatal(err)
			}
			if h := history()[0]; h.Failures != 3 || h.Length != 10*time.Minute || !h.Current || strings.Join(h.Matches, "\n")+"\n" != string(lines) {
				t.Errorf("got %+v", h)
			}
			client(t, r, "set j002 bantime 3", "set j002 banip "+address)
			eventually(t, func() string { // over, there and here
				if list := served(t, r, "j002"); len(list) > 0 {
					return fmt.Sprintf("the server still has %v", list)
				}
				list := history()
				at := slices.IndexFunc(list, func(h bandb.Record) bool { return h.Jail == "j002" })
				if len(list) != 2 || at < 0 || list[at].Current || list[at].Failures > 0 || len(list[at].Matches) > 0 {
					return fmt.Sprintf("got %+v", list)
				}
				return ""
			})
			if list := bans(t, d, time.Now()); len(list) != 1 {
				t.Errorf("in force: %v", list)
			}
			client(t, r, "set j002 bantime 600", "set j002 banip "+address)
			eventually(t, func() string { // counted anew: bantime.increment is not set
				if list := history(); len(list) != 3 || list[0].Jail != "j002" || !list[0].Current || list[0].Count != 1 {
					return fmt.Sprintf("banned again: %+v", list)
				}
				return ""
			})
			client(t, r, "set j002 unbanip "+address)
			if list := history(); len(list) != 1 || list[0].Jail != "j001" {
				t.Errorf("lifted in one jail: %+v", list)
			}
			client(t, r, "unban "+address)
			if list := history(); len(list) != 0 {
				t.Errorf("lifted: %+v", list)
			}
		})
	}
}

// TestHarmless: while a server bans 300 addresses and lifts half of the bans, its
// database, which is large, is read all the time: no command fails, and no ban is
// lost.
func TestHarmless(t *testing.T) {
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			install.Use(t)
			r := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{})
			if err := r.Stop(); err != nil {
				t.Fatal(err)
			}
			const old = 5_000 // bans that are over, and would be forgotten tomorrow
			write(t, database(r), strings.ReplaceAll(many("bips", old, time.Now().Unix()-3600), "'nginx'", "'j003'"))
			if err := r.Start(); err != nil {
				t.Fatal(err)
			}
			d := open(t, database(r))
			looks, stop := readAllTheTime(t, d)
			const groups, size = 30, 10
			group := func(i int) (list []string) {
				for n := range size {
					list = append(list, fmt.Sprintf("192.0.%d.%d", i+1, n))
				}
				return list
			}
			want := make(map[string]bool)
			for i := range groups {
				client(t, r, "set j001 banip "+strings.Join(group(i), " "))
				for _, a := range group(i) {
					want[a] = true
				}
				if i%2 == 0 {
					continue
				}
				// A ban is written a moment after it is made; one that was lifted in
				// that moment would be written all the same.
				eventually(t, func() string { return missing(bans(t, d, time.Now()), group(i-1)) })
				client(t, r, "set j001 unbanip "+strings.Join(group(i-1), " "))
				for _, a := range group(i - 1) {
					delete(want, a)
				}
			}
			eventually(t, func() string { return missing(bans(t, d, time.Now()), group(groups-1)) })
			stop()
			got := bans(t, d, time.Now())
			for _, b := range got {
				if !want[b.Address] {
					t.Errorf("%s is there and was lifted", b.Address)
				}
				delete(want, b.Address)
			}
			if len(want) > 0 {
				t.Errorf("lost: %v", want)
			}
			if d := differ(got, served(t, r, "j001", "j002", "j003")); d != "" {
				t.Error(d)
			}
			if all := bans(t, d, time.Time{}); len(all) != old+groups*size/2 {
				t.Errorf("%d rows", len(all))
			}
			log, err := os.ReadFile(filepath.Join(r.Dir, "log", "fail2ban.log"))
			if err != nil || strings.Contains(string(log), "ERROR") || strings.Contains(string(log), "locked") {
				t.Errorf("%v, the log:\n%s", err, log)
			}
			if *looks == 0 {
				t.Error("it was never read")
			}
			t.Log("read", *looks, "times")
		})
	}
}

// readAllTheTime reads all bans over and over, until it is stopped; then it says
// how often.
func readAllTheTime(t *testing.T, d *bandb.DB) (looks *int, stop func()) {
	t.Helper()
	looks = new(int)
	end := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		for {
			select {
			case <-end:
				return
			default:
			}
			if err := d.Bans(t.Context(), time.Now(), func([]fail2ban.JailBan) error { return nil }); err != nil && !errors.Is(err, t.Context().Err()) {
				t.Error(err)
				return
			}
			*looks++
		}
	})
	stop = sync.OnceFunc(func() {
		close(end)
		running.Wait()
	})
	t.Cleanup(stop)
	return looks, stop
}

// missing says which addresses are not among some bans.
func missing(list []fail2ban.JailBan, addresses []string) string {
	for _, a := range addresses {
		if !slices.ContainsFunc(list, func(b fail2ban.JailBan) bool { return b.Address == a }) {
			return a + " is not in the database"
		}
	}
	return ""
}
