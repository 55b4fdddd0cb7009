package runner_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/fail2bantest"
	"bantop/model"
	"bantop/model/runner"
)

func fetchAddress(t *testing.T, r *runner.Runner, address string, jails ...string) model.AddressFetched {
	t.Helper()
	msg, ok := r.Do(t.Context(), model.FetchAddress{Address: address, Request: 7, Jails: jails}).(model.AddressFetched)
	if !ok || msg.Request != 7 || msg.At.IsZero() {
		t.Fatalf("got %+v", msg)
	}
	return msg
}

// TestFetchAddressIgnored: the jails that ignore an address are told with the
// entry that does it, in any spelling of either; one that is gone is left out.
func TestFetchAddressIgnored(t *testing.T) {
	t.Parallel()
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"a", "b", "c", "d"}})
	for jail, list := range map[string][]string{
		"a": {"example.org", "10.0.0.0/8", "203.0.113.0/24"}, "b": {"203.0.113.9", "203.0.113.0/24"}, "c": {"2001:db8::/32"}, "d": nil,
	} {
		s.Edit(jail, func(j *fail2bantest.Jail) { j.IgnoreIP = list })
	}
	r := keeps(t, s, database(t, nil))
	for address, want := range map[string][]model.IgnoreRule{
		"203.0.113.9":         {{Jail: "a", Entry: "203.0.113.0/24"}, {Jail: "b", Entry: "203.0.113.0/24"}}, // the server lists networks first
		"::ffff:203.0.113.77": {{Jail: "a", Entry: "203.0.113.0/24"}, {Jail: "b", Entry: "203.0.113.0/24"}},
		"203.0.0.0/16":        {{Jail: "a", Entry: "203.0.113.0/24"}, {Jail: "b", Entry: "203.0.113.0/24"}},
		"2001:DB8:0::1":       {{Jail: "c", Entry: "2001:db8::/32"}},
		"192.0.2.1":           nil,
		"example.org":         nil,
		"":                    nil,
	} {
		got := fetchAddress(t, r, address, "a", "b", "gone", "c", "d")
		if !slices.Equal(got.Ignored, want) || got.Reason != "" || len(got.Records) > 0 {
			t.Errorf("%q: got %+v, %q", address, got.Ignored, got.Reason)
		}
	}
}

// TestFetchAddressReasons: why nothing is known of earlier bans is told; who
// ignores the address is known all the same.
func TestFetchAddressReasons(t *testing.T) {
	t.Parallel()
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"a"}})
	s.Edit("a", func(j *fail2bantest.Jail) { j.IgnoreIP = []string{"192.0.2.1"} })
	broken := filepath.Join(t.TempDir(), "broken.sqlite3")
	if err := os.WriteFile(broken, []byte("# no database"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, file, want string }{
		{"none", "", "fail2ban keeps no database: nothing is known of earlier bans and of what led to them"},
		{"in memory", ":memory:", "fail2ban keeps no database"},
		{"not there", filepath.Join(t.TempDir(), "absent"), "fail2ban keeps no database"},
		{"damaged", broken, "read fail2ban's database " + broken + ": it cannot be read"},
	} {
		got := fetchAddress(t, keeps(t, s, c.file), "192.0.2.1", "a")
		if !strings.HasPrefix(got.Reason, c.want) || len(got.Ignored) != 1 {
			t.Errorf("%s: got %q, %+v", c.name, got.Reason, got.Ignored)
		}
	}
	s.Stop()
	if got := fetchAddress(t, start(t, s, nil), "192.0.2.1", "a"); !strings.Contains(got.Reason, "fail2ban is not running") || got.Ignored != nil {
		t.Errorf("stopped: got %+v", got)
	}
}

// TestFetchAddressUntrusted: of a database that others could have written it is told
// which file that is, why, and what to do.
func TestFetchAddressUntrusted(t *testing.T) {
	fail2bantest.NeedRoot(t)
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"a"}})
	file := database(t, nil)
	if err := os.Chmod(file, 0o666); err != nil {
		t.Fatal(err)
	}
	want := "read fail2ban's database " + file + ": it cannot be read: " + file + " can be written by everybody; ls -ld " + file
	if got := fetchAddress(t, keeps(t, s, file), "192.0.2.1", "a"); got.Reason != want {
		t.Errorf("got %q, want %q", got.Reason, want)
	}
}

// TestFetchAddressMost: of an address that was banned very often, the newest 50
// bans are told, newest first.
func TestFetchAddressMost(t *testing.T) {
	t.Parallel()
	s := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"a"}})
	file := database(t, nil)
	db, err := sql.Open("sqlite", "file:"+file)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 60 {
		if _, err := db.Exec(`INSERT INTO bans VALUES ('a', '192.0.2.1', ?, 60, ?, '{"failures": 3, "matches": ["x"]}')`, since.Add(time.Duration(i-60)*time.Hour).Unix(), i+1); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	got := fetchAddress(t, keeps(t, s, file), "192.0.2.1", "a")
	if len(got.Records) != 50 {
		t.Fatalf("%d records", len(got.Records))
	}
	for i, rec := range got.Records {
		if rec.Count != 60-i || rec.Current || rec.Failures != 3 || rec.Jail != "a" || !slices.Equal(rec.Matches, []string{"x"}) {
			t.Errorf("record %d: %+v", i, rec)
		}
	}
}

// TestFetchAddressReal: a real server's database tells what led to a ban, and the
// bans before it.
func TestFetchAddressReal(t *testing.T) {
	t.Parallel()
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			t.Parallel()
			real := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{Jails: []string{"a", "b"}})
			r, c := realRunner(t, real)
			const address = "192.0.2.66"
			if err := real.Attack("a", address, 3); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Ban(t.Context(), []fail2ban.Target{{Jail: "b", Address: address}}); err != nil {
				t.Fatal(err)
			}
			var got model.AddressFetched
			fail2bantest.Eventually(t, "both bans", func() bool {
				got = fetchAddress(t, r, address, "a", "b")
				return len(got.Records) == 2
			})
			for _, rec := range got.Records {
				failures, line := 0, ""
				if rec.Jail == "a" {
					failures, line = 3, "host app: fail from "+address
				}
				if !rec.Current || rec.Count != 1 || rec.Failures != failures || len(rec.Matches) != failures || time.Since(rec.Start) > time.Minute ||
					slices.ContainsFunc(rec.Matches, func(m string) bool { return !strings.HasSuffix(m, line) }) {
					t.Errorf("got %+v", rec)
				}
			}
			if _, err := c.AddIgnore(t.Context(), []fail2ban.Target{{Jail: "b", Address: "192.0.2.0/24"}}); err != nil {
				t.Fatal(err)
			}
			if got := fetchAddress(t, r, address, "a", "b"); fmt.Sprint(got.Ignored) != "[{b 192.0.2.0/24}]" {
				t.Errorf("ignored: %v", got.Ignored)
			}
			if got := fetchAddress(t, r, "192.0.2.67", "a"); len(got.Records) > 0 || got.Reason != "" {
				t.Errorf("one that was never banned: %+v", got)
			}
		})
	}
}
