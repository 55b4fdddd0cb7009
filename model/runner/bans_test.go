package runner_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/fail2bantest"
	"bantop/fail2ban/socket"
	"bantop/model"
	"bantop/model/banlist"
	"bantop/model/runner"
)

// schema is what is read of fail2ban's database (server/database.py, the same in
// 1.0.2 and 1.1.0).
const schema = `
CREATE TABLE jails(name TEXT NOT NULL UNIQUE, enabled INTEGER NOT NULL DEFAULT 1);
CREATE TABLE bans(jail TEXT NOT NULL, ip TEXT, timeofban INTEGER NOT NULL, bantime INTEGER NOT NULL, bancount INTEGER NOT NULL default 1, data JSON);
CREATE INDEX bans_ip ON bans(ip);
CREATE TABLE bips(ip TEXT NOT NULL, jail TEXT NOT NULL, timeofban INTEGER NOT NULL, bantime INTEGER NOT NULL, bancount INTEGER NOT NULL default 1, data JSON, PRIMARY KEY(ip, jail));
CREATE INDEX bips_ip ON bips(ip);`

// since is when the bans of a made database began; they last an hour.
var since = time.Now().Add(-10 * time.Minute).Truncate(time.Second)

// database makes a database of fail2ban in which jails hold so many bans, of
// 10.0.0.0 and what follows, the third time each.
func database(t *testing.T, held map[string]int) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "fail2ban.sqlite3")
	db, err := sql.Open("sqlite", "file:"+file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(schema); err != nil {
		t.Fatal(err)
	}
	for jail, n := range held {
		_, err := db.Exec(`INSERT INTO jails VALUES (?1, 1);
			WITH RECURSIVE c(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c WHERE i < ?2 - 1)
			INSERT INTO bips SELECT '10.0.' || (i >> 8) || '.' || (i & 255), ?1, ?3, 3600, 3, '{}' FROM c WHERE i < ?2`, jail, n, since.Unix())
		if err != nil {
			t.Fatal(err)
		}
	}
	return file
}

// keeping is the client of a server that keeps its database in a file.
type keeping struct {
	runner.Client
	file string
}

func (k keeping) DBFile(context.Context) (string, error) { return k.file, nil }

// AreBanned: the server agrees with its database.
func (k keeping) AreBanned(_ context.Context, _ string, addresses []string) ([]bool, error) {
	return slices.Repeat([]bool{true}, len(addresses)), nil
}

// JailSettings are those of a jail whose ban time is what the database has.
func (k keeping) JailSettings(ctx context.Context, jail string) (fail2ban.JailSettings, error) {
	s, err := k.Client.JailSettings(ctx, jail)
	s.BanTime = time.Hour
	return s, err
}

// keeps makes a runner's server keep its database in a file. The server is asked for up
// to 1,000 bans of a jail.
func keeps(t *testing.T, s *fail2bantest.Server, file string) *runner.Runner {
	r := start(t, s, func(o *runner.Options) { o.Client, o.Zone = keeping{o.Client, file}, time.Local })
	r.SetCosts(50*time.Microsecond, 50*time.Microsecond)
	return r
}

func listBans(t *testing.T, r *runner.Runner, jails ...model.JailBans) model.BansListed {
	t.Helper()
	msg, ok := r.Do(t.Context(), model.ListBans{Request: 7, Jails: jails}).(model.BansListed)
	if !ok || msg.Request != 7 || msg.At.IsZero() || msg.Took <= 0 || (msg.Reason == "") != (msg.List != nil) {
		t.Fatalf("got %+v", msg)
	}
	return msg
}

// rowsOf are the rows of a list, by jail and address.
func rowsOf(l *banlist.List) map[string]banlist.Row {
	rows := make(map[string]banlist.Row)
	for i := range l.Len() {
		r := l.Row(int32(i))
		rows[r.Jail+" "+r.Address] = r
	}
	return rows
}

// TestListBansWhence: what a jail bans is read from fail2ban's database where
// that holds about as many as the server counts, and asked of the server where it
// does not, and where that costs next to nothing.
func TestListBansWhence(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name          string
		held, counted int
		asked         bool
		listed        int
	}{
		{"as many", 1500, 1500, false, 1500},
		{"about as many", 1500, 1520, false, 1500},
		{"about as many, some of them over", 1520, 1500, false, 1520},
		{"too few", 1400, 1500, true, 2},
		{"too many", 1700, 1500, true, 2},
		{"none held", 0, 1500, true, 2},
		{"a few, which are asked for in any case", 3, 3, true, 2},
		{"none counted, and a few held", 3, 0, true, 2},
		{"none counted, and many held", 1500, 0, true, 2},
		{"none counted and none held", 0, 0, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"nginx", "sshd"}})
			s.Ban("sshd", "10.0.0.1")
			s.Ban("sshd", "192.0.2.1")
			r := keeps(t, s, database(t, map[string]int{"nginx": 1200, "sshd": c.held}))
			got := listBans(t, r, model.JailBans{Jail: "nginx", Banned: 1200}, model.JailBans{Jail: "sshd", Banned: c.counted})
			want := map[bool]model.BanSource{false: model.FromDatabase, true: model.FromBoth}[c.asked]
			if got.Source != want || slices.Contains(got.Slow, "sshd") != c.asked || slices.Contains(got.Slow, "nginx") {
				t.Errorf("from %s, asked for %q", got.Source, got.Slow)
			}
			if n := got.List.Len() - 1200; n != c.listed {
				t.Errorf("%d bans, want %d", n, c.listed)
			}
			rows := rowsOf(got.List)
			if r := rows["nginx 10.0.3.7"]; !r.Start.Equal(since) || r.Length != time.Hour || !r.End.Equal(since.Add(time.Hour)) || r.Count != 3 || !r.Net.IsValid() {
				t.Errorf("got %+v", r)
			}
			if !c.asked {
				return
			}
			// How often it was, only the database knows.
			for address, count := range map[string]int{"10.0.0.1": min(c.held, 3), "192.0.2.1": 0} {
				if r := rows["sshd "+address]; r.Count != count || r.Length != 10*time.Minute || time.Since(r.Start) > time.Minute {
					t.Errorf("got %+v, count %d", r, count)
				}
			}
		})
	}
}

// TestListBansCountsAnew: where the counters of the last look do not agree with the
// database, newer ones may.
func TestListBansCountsAnew(t *testing.T) {
	t.Parallel()
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	for i := range 1100 {
		s.Ban("sshd", fmt.Sprintf("10.0.%d.%d", i>>8, i&255))
	}
	r := keeps(t, s, database(t, map[string]int{"sshd": 1100}))
	for _, old := range []int{0, 1, 1000, 5000} {
		if got := listBans(t, r, model.JailBans{Jail: "sshd", Banned: old}); got.Source != model.FromDatabase || got.List.Len() != 1100 {
			t.Errorf("%d by the last look: %d from %s", old, got.List.Len(), got.Source)
		}
	}
}

// TestListBansSource: where there is no database, or none that can be read, the
// server is asked for everything, and that is told.
func TestListBansSource(t *testing.T) {
	t.Parallel()
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"nginx", "sshd"}})
	s.Ban("sshd", "192.0.2.1")
	broken := filepath.Join(t.TempDir(), "broken.sqlite3")
	if err := os.WriteFile(broken, []byte("# no database"), 0o600); err != nil {
		t.Fatal(err)
	}
	held := database(t, map[string]int{"nginx": 1200})
	for _, c := range []struct {
		name, file string
		nginx      int
		source     model.BanSource
		slow       []string
		listed     int
	}{
		{"no database", "", 0, model.FromSocket, []string{"sshd"}, 1},
		{"one that is not there", filepath.Join(t.TempDir(), "absent.sqlite3"), 0, model.FromSocket, []string{"sshd"}, 1},
		{"one that cannot be read", broken, 1200, model.FromSocket, []string{"nginx", "sshd"}, 1},
		{"one", held, 1200, model.FromBoth, []string{"sshd"}, 1201},
		{"another one in its place", "", 1200, model.FromSocket, []string{"nginx", "sshd"}, 1},
	} {
		got := listBans(t, keeps(t, s, c.file), model.JailBans{Jail: "sshd", Banned: 1}, model.JailBans{Jail: "nginx", Banned: c.nginx})
		if got.Source != c.source || !slices.Equal(got.Slow, c.slow) || got.List.Len() != c.listed {
			t.Errorf("%s: %d bans from %s, asked for %q", c.name, got.List.Len(), got.Source, got.Slow)
		}
	}
	for file, want := range map[string]model.BanSource{"": model.FromSocket, database(t, map[string]int{"other": 5}): model.FromDatabase} {
		if got := listBans(t, keeps(t, s, file), model.JailBans{Jail: "nginx"}, model.JailBans{Jail: "sshd"}); got.Source != want || got.List.Len() != 0 {
			t.Errorf("nobody is banned: %d from %s, want %s", got.List.Len(), got.Source, want)
		}
	}
}

// TestListBansDisagrees: a database that counts as the server does, and names others, is
// not believed.
func TestListBansDisagrees(t *testing.T) {
	t.Parallel()
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	s.Ban("sshd", "192.0.2.1")
	file := database(t, map[string]int{"sshd": 1500})
	r := start(t, s, func(o *runner.Options) { o.Client = elsewhere{o.Client, file} })
	r.SetCosts(50*time.Microsecond, 50*time.Microsecond)
	got := listBans(t, r, model.JailBans{Jail: "sshd", Banned: 1500})
	row := got.List.Row(0)
	if got.List.Len() != 1 || row.Address != "192.0.2.1" || row.Timed() || !row.Database {
		t.Errorf("got %d bans: %+v", got.List.Len(), row)
	}
}

// elsewhere is the client of a server with a database that is not its own.
type elsewhere struct {
	runner.Client
	file string
}

func (e elsewhere) DBFile(context.Context) (string, error) { return e.file, nil }

// TestListBansFails: what cannot be had is told, without half a list; a jail that
// went away meanwhile bans nobody.
func TestListBansFails(t *testing.T) {
	t.Parallel()
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"a", "b", "c"}})
	for _, jail := range []string{"a", "b", "c"} {
		s.Ban(jail, "192.0.2.1")
	}
	all := []model.JailBans{{Jail: "a", Banned: 1}, {Jail: "b", Banned: 1}, {Jail: "c", Banned: 1}}
	r := keeps(t, s, "")
	s.RemoveJail("b")
	if got := listBans(t, r, all...); got.List.Len() != 2 || got.Reason != "" {
		t.Errorf("a jail is gone: %d bans, %q", got.List.Len(), got.Reason)
	}
	s.Inject(fail2bantest.Fault{Command: "get", Times: 1}, fail2bantest.Fault{Command: "get", Close: true})
	if got := listBans(t, r, all...); got.List != nil || !strings.HasPrefix(got.Reason, "fail2ban closed the connection") {
		t.Errorf("gone in the middle: %+v", got)
	}
	s.ClearFaults()
	s.Stop()
	if got := listBans(t, r, all...); got.List != nil || !strings.HasPrefix(got.Reason, "fail2ban is not running") {
		t.Errorf("stopped: %+v", got)
	}
}

// TestListBansOfMany: 50,000 bans that the database knows, too, are listed while
// somebody waits.
func TestListBansOfMany(t *testing.T) {
	t.Parallel()
	const n = 50_000
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	r := start(t, s, func(o *runner.Options) {
		o.Client = holding{keeping{o.Client, database(t, map[string]int{"sshd": n})}, n}
	})
	r.SetCosts(time.Nanosecond, time.Nanosecond)
	got := listBans(t, r, model.JailBans{Jail: "sshd", Banned: n})
	if got.List.Len() != n || got.List.Row(n-1).Count != 3 || got.List.Row(n-1).Length != time.Hour || !slices.Equal(got.Slow, []string{"sshd"}) {
		t.Errorf("%d bans, asked for %q", got.List.Len(), got.Slow)
	}
}

// holding is the client of a server that bans what database makes.
type holding struct {
	runner.Client
	n int
}

func (h holding) BanNames(context.Context, string) ([]string, error) {
	names := make([]string, h.n)
	for i := range names {
		names[i] = fmt.Sprintf("10.0.%d.%d", i>>8, i&255)
	}
	return names, nil
}

// realRunner is a runner on a real server.
func realRunner(t *testing.T, r *fail2bantest.Real) (*runner.Runner, *socket.Client) {
	t.Helper()
	c := socket.New(socket.Options{Path: r.Path, PIDFile: r.PIDFile, Timeout: 10 * time.Second})
	t.Cleanup(func() { c.Close() })
	return begin(t, runner.Options{Client: c, Timeout: 10 * time.Second}), c
}

// nowCounted are the jails of a server and how many they ban.
func nowCounted(t *testing.T, c *socket.Client) []model.JailBans {
	t.Helper()
	names, err := c.Jails(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	jails, err := c.JailStatuses(t.Context(), names)
	if err != nil {
		t.Fatal(err)
	}
	var out []model.JailBans
	for _, j := range jails {
		out = append(out, model.JailBans{Jail: j.Name, Banned: j.Banned})
	}
	return out
}

// banMany bans so many addresses, of 10.0.0.0 and what follows.
func banMany(t *testing.T, c *socket.Client, jail string, n int) {
	t.Helper()
	var targets []fail2ban.Target
	for i := range n {
		targets = append(targets, fail2ban.Target{Jail: jail, Address: fmt.Sprintf("10.0.%d.%d", i>>8, i&255)})
	}
	for chunk := range slices.Chunk(targets, 400) {
		if _, err := c.Ban(t.Context(), chunk); err != nil {
			t.Fatal(err)
		}
	}
}

// TestListBansOfARealServer: the list is what the server itself tells, also of
// bans whose time its database does not know: those with a time of their own, and
// those of a jail whose ban time was changed.
func TestListBansOfARealServer(t *testing.T) {
	t.Parallel()
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			t.Parallel()
			real := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{Jails: []string{"longer", "many", "own", "shorter"}})
			r, c := realRunner(t, real)
			in := func(jail string, addresses ...string) (targets []fail2ban.Target) {
				for _, a := range addresses {
					targets = append(targets, fail2ban.Target{Jail: jail, Address: a})
				}
				return targets
			}
			do := func(_ []fail2ban.Result, err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			r.SetCosts(50*time.Microsecond, 50*time.Microsecond)
			banMany(t, c, "many", 1100)
			set := func(jail, seconds string) {
				t.Helper()
				if _, err := real.Client("set", jail, "bantime", seconds); err != nil {
					t.Fatal(err)
				}
			}
			banMany(t, c, "shorter", 9)
			set("longer", "2") // as its database will remember
			do(c.Ban(t.Context(), in("longer", "192.0.2.1", "2001:db8::1", "198.51.100.0/24")))
			do(c.Ban(t.Context(), in("own", "192.0.2.1")))
			do(c.BanFor(t.Context(), in("own", "192.0.2.2"), 24*time.Hour))
			do(c.BanFor(t.Context(), in("own", "192.0.2.3"), fail2ban.Permanent))
			set("longer", "86400")
			set("shorter", "1")
			do(c.Ban(t.Context(), in("shorter", "192.0.2.1"))) // makes the server look which bans are over
			fail2bantest.Eventually(t, "the end of the bans of jail shorter", func() bool {
				return slices.Contains(nowCounted(t, c), model.JailBans{Jail: "shorter"})
			})
			var got model.BansListed
			fail2bantest.Eventually(t, "a database that agrees", func() bool { // it is written to by and by
				got = listBans(t, r, nowCounted(t, c)...)
				return !slices.Contains(got.Slow, "many")
			})
			if got.Source != model.FromBoth || !slices.Equal(got.Slow, []string{"longer", "own", "shorter"}) { // the last because rows of its bans are left
				t.Errorf("from %s, asked for %q", got.Source, got.Slow)
			}
			lengths := map[string]time.Duration{"longer 192.0.2.1": 24 * time.Hour, "longer 2001:db8::1": 24 * time.Hour, "longer 198.51.100.0/24": 24 * time.Hour,
				"own 192.0.2.1": 10 * time.Minute, "own 192.0.2.2": 24 * time.Hour, "own 192.0.2.3": fail2ban.Permanent, "many 10.0.4.75": 10 * time.Minute}
			rows := rowsOf(got.List)
			if len(rows) != 1106 {
				t.Errorf("%d bans", len(rows))
			}
			for name, length := range lengths {
				b, ok := rows[name]
				// A ban that was prolonged is longer by the time that it had lasted.
				if !ok || b.Length != length && (length == fail2ban.Permanent || b.Length-length > time.Minute) || time.Since(b.Start).Abs() > time.Minute || b.End.IsZero() != (length == fail2ban.Permanent) {
					t.Errorf("%s: got %+v, want %v", name, b, length)
				}
			}
			// The ban time of the jail with many is changed, which holds for its older bans, too.
			do(c.BanFor(t.Context(), in("many", "192.0.2.99"), fail2ban.Permanent))
			set("many", "7200")
			r.SetCosts(50*time.Microsecond, time.Nanosecond)
			got = listBans(t, r, nowCounted(t, c)...)
			rows = rowsOf(got.List)
			if b, ok := rows["many 192.0.2.99"]; !ok || len(rows) != 1107 || b.Timed() || rows["many 10.0.4.75"].Timed() {
				t.Errorf("%d bans, %+v, %+v", len(rows), b, rows["many 10.0.4.75"])
			}
			r.SetCosts(time.Nanosecond, time.Nanosecond)
			rows = rowsOf(listBans(t, r, nowCounted(t, c)...).List)
			if b := rows["many 192.0.2.99"]; b.Length != fail2ban.Permanent || rows["many 10.0.4.75"].Length != 2*time.Hour {
				t.Errorf("%+v, %+v", b, rows["many 10.0.4.75"])
			}
		})
	}
}

// TestListBansOfAnotherZone: a server in another time zone than bantop writes
// times without one; they are understood all the same.
func TestListBansOfAnotherZone(t *testing.T) {
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			t.Setenv("TZ", "Asia/Tokyo") // which this process does not heed any more
			r, c := realRunner(t, fail2bantest.NewReal(t, install, fail2bantest.RealOptions{Jails: []string{"sshd"}}))
			began := time.Now()
			banMany(t, c, "sshd", 2)
			if _, err := c.BanFor(t.Context(), []fail2ban.Target{{Jail: "sshd", Address: "192.0.2.1"}}, fail2ban.Permanent); err != nil {
				t.Fatal(err)
			}
			ended := time.Now()
			got := listBans(t, r, nowCounted(t, c)...)
			if got.Source != model.FromSocket || got.List.Len() != 3 {
				t.Fatalf("%d bans from %s", got.List.Len(), got.Source)
			}
			const off = 2 * time.Second // the server cuts a time to its second
			for name, b := range rowsOf(got.List) {
				if b.Start.Before(began.Add(-off)) || b.Start.After(ended.Add(off)) {
					t.Errorf("%s: since %v, want %v", name, b.Start, began)
				}
				if name != "sshd 192.0.2.1" && !b.End.Equal(b.Start.Add(10*time.Minute)) {
					t.Errorf("%s: from %v to %v", name, b.Start, b.End)
				}
			}
			before := listBans(t, begin(t, runner.Options{Client: c, Zone: time.UTC}), nowCounted(t, c)...).List.Row(0).Start
			if ahead := before.Sub(began).Round(time.Hour); ahead != 9*time.Hour {
				t.Errorf("the server is not in Tokyo: it is %v ahead", ahead)
			}
		})
	}
}

// TestListBansOfNoDatabase: a real server that keeps none is asked.
func TestListBansOfNoDatabase(t *testing.T) {
	t.Parallel()
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			t.Parallel()
			real := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{Jails: []string{"many", "none", "sshd"}})
			local := filepath.Join(real.ConfDir, "fail2ban.local")
			if err := os.WriteFile(local, []byte("[Definition]\ndbfile = None\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(real.Stop(), real.Start()); err != nil {
				t.Fatal(err)
			}
			r, c := realRunner(t, real)
			banMany(t, c, "many", 1100)
			banMany(t, c, "sshd", 1)
			got := listBans(t, r, nowCounted(t, c)...)
			if got.Source != model.FromSocket || !slices.Equal(got.Slow, []string{"many", "sshd"}) || got.List.Len() != 1101 {
				t.Errorf("%d from %s, asked for %q", got.List.Len(), got.Source, got.Slow)
			}
			for name, b := range rowsOf(got.List) {
				if b.Count != 0 || b.Length != 10*time.Minute {
					t.Fatalf("%s: got %+v", name, b)
				}
			}
		})
	}
}

// TestListBansProlongedByOthers: a ban that somebody prolonged after it was made has
// another end than its database says: the log tells, so the list does not claim to know
// it, and who asks about the address gets it from the server. One that ended and was made
// anew is as the database says.
func TestListBansProlongedByOthers(t *testing.T) {
	t.Parallel()
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			t.Parallel()
			real := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{Jails: []string{"many"}})
			r, c := realRunner(t, real)
			do := func(args ...string) {
				t.Helper()
				if _, err := real.Client(args...); err != nil {
					t.Fatal(err)
				}
			}
			const n = 30
			r.SetCosts(2*time.Millisecond, 2*time.Millisecond) // too much for a list, and not for one answer
			banMany(t, c, "many", n)
			time.Sleep(4 * time.Second) // before, the server says it at DEBUG alone
			do("set", "many", "bantime", "86400")
			do("set", "many", "banip", "10.0.0.5", "10.0.0.7")
			do("set", "many", "bantime", "600")
			do("set", "many", "unbanip", "10.0.0.7")
			do("set", "many", "banip", "10.0.0.7")
			var rows map[string]banlist.Row
			fail2bantest.Eventually(t, "the database and the log hold it", func() bool {
				got := listBans(t, r, nowCounted(t, c)...)
				rows = rowsOf(got.List)
				return got.Source == model.FromDatabase && len(rows) == n && !rows["many 10.0.0.5"].Timed() && rows["many 10.0.0.7"].Timed()
			})
			for name, b := range rows {
				if !b.Database || b.Timed() == (name == "many 10.0.0.5") {
					t.Errorf("%s: %+v", name, b)
				}
			}
			ask := model.FetchAddress{Address: "10.0.0.5", Inexact: nowCounted(t, c)}
			got, _ := r.Do(t.Context(), ask).(model.AddressFetched)
			if len(got.Exact) != 1 || got.Exact[0].Length < 24*time.Hour || !slices.Equal(got.Asked, []string{"many"}) {
				t.Errorf("asked %q: %+v", got.Asked, got.Exact)
			}
			r.SetCosts(time.Second, time.Second)
			if got, _ = r.Do(t.Context(), ask).(model.AddressFetched); len(got.Exact) != 0 || !slices.Equal(got.Asked, []string{"many"}) {
				t.Errorf("asked %q although that takes long: %+v", got.Asked, got.Exact)
			}
		})
	}
}
