package cli_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/bandb"
	"bantop/fail2ban/fail2bantest"
	"bantop/fail2ban/socket"
	"bantop/tui/cli"
	said "bantop/tui/words"
)

// loaded is a real server whose jails ban so many addresses each: the first jail
// 10.0.0.0 and on, the second 11.0.0.0, …, for a day. They stand in its database
// before it starts.
func loaded(t testing.TB, r *fail2bantest.Real, jails []string, each int) {
	t.Helper()
	if err := r.Stop(); err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(r.ConfDir, "jail.local")
	if err := os.WriteFile(conf, []byte("[DEFAULT]\nbantime = 1d\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := url.URL{Scheme: "file", OmitHost: true, Path: filepath.Join(r.Dir, "run", "f2b.sqlite3")}
	db, err := sql.Open("sqlite", file.String())
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Unix()
	for k, jail := range jails {
		for i := range each {
			address := fmt.Sprintf("%d.%d.%d.%d", 10+k, i>>16, i>>8&255, i&255)
			if _, err := tx.Exec(`INSERT INTO bips (ip, jail, timeofban, bantime, bancount, data) VALUES (?, ?, ?, 86400, 1, '{"matches": [], "failures": 3}')`,
				address, jail, now-int64(i%600)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	c := socket.New(socket.Options{Path: r.Path})
	defer c.Close()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		if banned(t, c, jails[len(jails)-1]) == each {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the bans do not come back: %s has %d", jails[len(jails)-1], banned(t, c, jails[len(jails)-1]))
		}
	}
}

// banned is how many addresses a jail bans.
func banned(t testing.TB, c *socket.Client, jail string) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	j, err := c.JailStatus(ctx, jail)
	if err != nil {
		t.Fatal(err)
	}
	return j.Banned
}

// pings asks a server whether it is there, again and again until it is told to
// stop, and returns how long the longest answer took.
func pings(t testing.TB, path string) (stop func() (longest time.Duration, n int)) {
	c := socket.New(socket.Options{Path: path})
	ctx, cancel := context.WithCancel(context.Background())
	var longest time.Duration
	n := 0
	var done sync.WaitGroup
	done.Go(func() {
		for ctx.Err() == nil {
			begun := time.Now()
			if err := c.Ping(context.Background()); err != nil {
				t.Errorf("another client's ping: %v", err)
				return
			}
			longest = max(longest, time.Since(begun))
			n++
			time.Sleep(3 * time.Millisecond)
		}
	})
	return func() (time.Duration, int) {
		cancel()
		done.Wait()
		c.Close()
		return longest, n
	}
}

// TestBansAtScale: five jails with 20,000 bans each (6,000 with the race detector, which
// makes all of it many times slower), in a pseudo-terminal: the list,
// a filter, marks, an unban of 5,120 while another client pings, and taking it back.
// What is told adds up with the server's counters.
func TestBansAtScale(t *testing.T) {
	t.Parallel()
	install := fail2bantest.RealInstalls(t)[0]
	jails := []string{"j001", "j002", "j003", "j004", "j005"}
	r := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{Jails: jails})
	each, from := 20_000, "from fail2ban's database"
	if raceDetector {
		each, from = 6_000, "from fail2ban's"
	}
	count := said.Count
	all := count(5*each) + " bans"
	loaded(t, r, jails, each)
	c := socket.New(socket.Options{Path: r.Path})
	defer c.Close()
	e := open(t, terminalOptions{width: 100, height: 28, env: install.Environ()}, "-c", r.ConfDir)
	e.waitFor("5 jails", "banned "+count(5*each))
	e.send("2")
	e.waitFor(all, from)
	e.send("/10.0.0.0/20\r")
	e.waitFor("4,096 of "+all, "10.0.0.0 ")
	e.send("*")
	e.waitFor("4,096 marked")
	e.send("/") // the filter of before stands there: what follows is added to it
	e.send(strings.Repeat("\x7f", len("10.0.0.0/20")) + "10.0.16.0/22\r")
	e.waitFor("1,024 of " + all)
	e.send("*u")
	e.waitFor("Unlock this pane")
	e.send("y")
	e.waitFor("Unban 5,120 addresses (10.0.0.", "in j001?")
	stop := pings(t, r.Path)
	e.send("y")
	e.waitFor("unban: 5,120 unbanned; e shows each; z takes it back")
	longest, n := stop()
	t.Logf("the longest of %d pings meanwhile: %v", n, longest.Round(time.Millisecond))
	if got := banned(t, c, "j001"); got != each-5120 {
		t.Errorf("j001 bans %d, want %d", got, each-5120)
	}
	e.waitFor("0 of " + count(5*each-5120) + " bans")
	e.send("z")
	e.waitFor("Ban 5,120 addresses", "each for as long as it had left")
	e.send("y")
	e.waitUntil("all are banned again", func(screen string) bool { return holds(screen, "ban: 5,120 banned") })
	if got := banned(t, c, "j001"); got != each {
		t.Errorf("j001 bans %d after it was taken back", got)
	}
	e.send("\x1b")
	e.waitUntil("the filter is gone", func(screen string) bool { // else the next key may be read together with the escape
		return holds(screen, all) && !holds(screen, " of "+all)
	})
	e.send("\r")
	e.waitFor("is banned in j", "BANNED NOW")
	e.send("q")
	e.waitFor(all)
}

// TestBansScreenHarmsNobody: the list is open and renewed while 1,000 bans and
// unbans happen. Every ban is in fail2ban's database afterwards, and no command of
// another client failed.
func TestBansScreenHarmsNobody(t *testing.T) {
	t.Parallel()
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			t.Parallel()
			r := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{})
			e := open(t, terminalOptions{env: install.Environ()}, "-c", r.ConfDir)
			e.waitFor("3 jails")
			e.send("2")
			e.waitFor("0 bans")
			c := socket.New(socket.Options{Path: r.Path, Timeout: time.Minute})
			defer c.Close()
			want := make(map[string]bool)
			for i := range 500 {
				target := []fail2ban.Target{{Jail: "j00" + fmt.Sprint(1+i%3), Address: fmt.Sprintf("10.1.%d.%d", i/250, i%250)}}
				results, err := c.Ban(t.Context(), target)
				if err != nil || results[0].Outcome != fail2ban.Done {
					t.Fatalf("ban %v: %+v, %v", target, results, err)
				}
				want[target[0].Address] = true
				if i%2 == 1 {
					time.Sleep(20 * time.Millisecond) // fail2ban writes a ban a moment after it made it
					if results, err := c.Unban(t.Context(), target); err != nil || results[0].Outcome != fail2ban.Done {
						t.Fatalf("unban %v: %+v, %v", target, results, err)
					}
					delete(want, target[0].Address)
				}
			}
			e.waitFor("250 bans")
			db := bandb.Open(filepath.Join(r.Dir, "run", "f2b.sqlite3"))
			defer db.Close()
			fail2bantest.Eventually(t, "every ban is in the database", func() bool {
				found := 0
				err := db.Bans(t.Context(), time.Now(), func(bans []fail2ban.JailBan) error {
					for _, b := range bans {
						if want[b.Address] {
							found++
						}
					}
					return nil
				})
				return err == nil && found == len(want)
			})
		})
	}
}

// BenchmarkActs is how long another client's ping waits at the most ("ping-ms")
// while the dashboard's way of acting unbans 1,000 of 5,000 addresses with actions
// that do nothing, and while it bans 50 with actions that take 50 ms each.
func BenchmarkActs(b *testing.B) {
	installs, err := fail2bantest.Installs()
	if err != nil {
		b.Skip(err)
	}
	for _, install := range installs {
		b.Run(install.Version+"/unban 1000", func(b *testing.B) {
			r := fail2bantest.NewReal(b, install, fail2bantest.RealOptions{Jails: []string{"j001"}})
			loaded(b, r, []string{"j001"}, 5000)
			benchActs(b, r, 1000, "unban", "-", "--jail", "j001", "--yes")
		})
		b.Run(install.Version+"/ban 50, slowly", func(b *testing.B) {
			r := fail2bantest.NewReal(b, install, fail2bantest.RealOptions{Jails: []string{"j001"}, Actions: map[string]string{"j001": "slow[seconds=0.05]"}})
			benchActs(b, r, 50, "ban", "-", "--jail", "j001", "--yes", "--wide")
		})
	}
}

// benchActs does something to so many addresses, others at each turn.
func benchActs(b *testing.B, r *fail2bantest.Real, n int, args ...string) {
	var longest []float64
	for turn := 0; b.Loop(); turn++ {
		var addresses strings.Builder
		for k := range n {
			i := turn*n + k
			fmt.Fprintf(&addresses, "10.0.%d.%d\n", i>>8&255, i&255)
		}
		stop := pings(b, r.Path)
		if code := runWith(b, addresses.String(), append([]string{"-c", r.ConfDir}, args...)...); code != 0 {
			b.Fatalf("exit %d", code)
		}
		ping, _ := stop()
		longest = append(longest, float64(ping)/1e6)
	}
	b.ReportMetric(0, "ns/op") // a turn is nothing that anybody does
	b.ReportMetric(fail2bantest.Median(longest), "ping-ms")
}

// runWith runs bantop with an input, and returns its exit code.
func runWith(t testing.TB, input string, args ...string) int {
	t.Helper()
	var out, errs strings.Builder
	code := cli.Run(context.Background(), append([]string{"--state-dir", t.TempDir()}, args...), strings.NewReader(input), &out, &errs)
	if code != 0 {
		t.Log(errs.String())
	}
	return code
}
