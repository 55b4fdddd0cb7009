package socket_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/fail2bantest"
	"bantop/fail2ban/socket"
)

// A backend is a server that the table below is run against, with three jails
// j001, j002 and j003, and a way to make things happen in it.
type backend struct {
	name    string
	version string
	client  *socket.Client
	ban     func(jail, address string)
	fail    func(jail, address string, n int)
	logFile func(jail string) string
}

var jailNames = []string{"j001", "j002", "j003"}

// eachBackend runs a test against the in-process server of both versions, and
// against every real one.
func eachBackend(t *testing.T, test func(*testing.T, backend)) {
	for _, version := range []string{"1.0.2", "1.1.0"} {
		t.Run("fake "+version, func(t *testing.T) {
			s := fail2bantest.New(t, fail2bantest.Options{Version: version, Jails: jailNames})
			test(t, backend{
				name:    "fake",
				version: version,
				client:  newClient(t, fakeOptions(s)),
				ban:     s.Ban,
				fail:    func(jail, address string, n int) { s.Fail(jail, address, n) },
				logFile: func(jail string) string { return "/var/log/" + jail + ".log" },
			})
		})
	}
	t.Run("real", func(t *testing.T) {
		for _, install := range fail2bantest.RealInstalls(t) {
			t.Run(install.Version, func(t *testing.T) {
				r := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{Jails: jailNames})
				test(t, realBackend(t, r))
			})
		}
	})
}

func realBackend(t *testing.T, r *fail2bantest.Real) backend {
	return backend{
		name:    "real",
		version: r.Version,
		client:  newClient(t, socket.Options{Path: r.Path, PIDFile: r.PIDFile, Timeout: 10 * time.Second}),
		ban: func(jail, address string) {
			if _, err := r.Client("set", jail, "banip", address); err != nil {
				t.Fatal(err)
			}
		},
		fail: func(jail, address string, n int) {
			if err := r.Attack(jail, address, n); err != nil {
				t.Fatal(err)
			}
		},
		logFile: r.LogPath,
	}
}

func fakeOptions(s *fail2bantest.Server) socket.Options {
	return socket.Options{
		Path: s.Path, PIDFile: s.PIDFile, Timeout: 10 * time.Second,
		Processes: s.Processes(),
	}
}

func newClient(t testing.TB, opts socket.Options) *socket.Client {
	c := socket.New(opts)
	t.Cleanup(func() { c.Close() })
	return c
}

// TestCommands asks every typed call of every server, and wants the same
// answers of all.
func TestCommands(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		ctx := t.Context()
		for _, address := range []string{"203.0.113.5", "198.51.100.0/24", "2001:db8::1"} {
			b.ban("j001", address)
		}
		b.ban("j002", "203.0.113.5")
		b.fail("j002", "192.0.2.7", 2)
		fail2bantest.Eventually(t, "a failure in j002", func() bool {
			j, err := b.client.JailStatus(ctx, "j002")
			return err == nil && j.TotalFailed == 2
		})
		want := []fail2ban.Jail{
			{Name: "j001", Counts: fail2ban.Counts{Banned: 3, TotalBanned: 3}, Files: []string{b.logFile("j001")}},
			{Name: "j002", Counts: fail2ban.Counts{Banned: 1, TotalBanned: 1, Failing: 1, TotalFailed: 2}, Files: []string{b.logFile("j002")}},
			{Name: "j003", Files: []string{b.logFile("j003")}},
		}

		t.Run("Ping", func(t *testing.T) {
			if err := b.client.Ping(ctx); err != nil {
				t.Error(err)
			}
		})
		t.Run("Version", func(t *testing.T) {
			if got, err := b.client.Version(ctx); err != nil || got != b.version {
				t.Errorf("got %q, %v", got, err)
			}
		})
		t.Run("Jails", func(t *testing.T) {
			if got, err := b.client.Jails(ctx); err != nil || !slices.Equal(got, jailNames) {
				t.Errorf("got %q, %v", got, err)
			}
		})
		t.Run("JailStatus", func(t *testing.T) {
			for _, w := range want {
				got, err := b.client.JailStatus(ctx, w.Name)
				equalJails(t, []fail2ban.Jail{got}, []fail2ban.Jail{w}, err)
			}
		})
		t.Run("JailStatuses", func(t *testing.T) {
			got, err := b.client.JailStatuses(ctx, []string{"j001", "gone", "j002", "j003"})
			equalJails(t, got, want, err)
		})
		t.Run("Stats", func(t *testing.T) { testStats(t, b, want) })
		t.Run("Banned", func(t *testing.T) {
			for address, want := range map[string][]string{
				"203.0.113.5": {"j001", "j002"}, "2001:db8::1": {"j001"}, "192.0.2.7": nil,
			} {
				if got, err := b.client.Banned(ctx, address); err != nil || !slices.Equal(got, want) {
					t.Errorf("%s: got %q, %v, want %q", address, got, err, want)
				}
			}
		})
		t.Run("Bans", func(t *testing.T) { testBans(t, b) })
		t.Run("Actions", func(t *testing.T) {
			got, err := b.client.Actions(ctx, []string{"j001", "gone", "j003"})
			if err != nil || len(got) != 2 || !slices.Equal(got["j001"], []string{"noop"}) || !slices.Equal(got["j003"], []string{"noop"}) {
				t.Errorf("got %q, %v", got, err)
			}
		})
		t.Run("JailSettings", func(t *testing.T) {
			got, err := b.client.JailSettings(ctx, "j001")
			if err != nil || got.BanTime != 10*time.Minute || got.FindTime != 10*time.Minute || got.MaxRetry != 3 ||
				!slices.Equal(got.Files, []string{b.logFile("j001")}) || got.Journal != nil || got.IgnoreIP != nil ||
				!got.IgnoreSelf || !slices.Equal(got.Actions, []string{"noop"}) || got.Name != "j001" {
				t.Errorf("got %+v, %v", got, err)
			}
		})
		t.Run("JailFilter", func(t *testing.T) {
			got, err := b.client.JailFilter(ctx, "j001")
			real := len(got.FailRegex) == 1 && strings.Contains(got.FailRegex[0], "fail from ") && got.UseDNS == "no"
			fake := len(got.FailRegex) == 0 && got.UseDNS == "warn"
			if err != nil || !real && !fake || got.MaxLines != 1 || got.MaxMatches < 1 || len(got.IgnoreRegex) > 0 {
				t.Errorf("got %+v, %v", got, err)
			}
		})
		t.Run("LogTarget", func(t *testing.T) {
			if got, err := b.client.LogTarget(ctx); err != nil || !strings.HasSuffix(got, "/fail2ban.log") {
				t.Errorf("got %q, %v", got, err)
			}
		})
		t.Run("DBFile", func(t *testing.T) {
			if got, err := b.client.DBFile(ctx); err != nil || !strings.HasSuffix(got, ".sqlite3") {
				t.Errorf("got %q, %v", got, err)
			}
		})
		t.Run("unknown jail", func(t *testing.T) { testUnknownJail(t, b) })
	})
}

func testStats(t *testing.T, b backend, want []fail2ban.Jail) {
	got, err := b.client.Stats(t.Context())
	if b.version == "1.0.2" {
		if !errors.Is(err, fail2ban.ErrUnsupported) {
			t.Errorf("got %v, %v", got, err)
		}
		return
	}
	bare := slices.Clone(want)
	for i := range bare {
		bare[i].Files = nil
	}
	equalJails(t, got, bare, err)
}

func testBans(t *testing.T, b backend) {
	got, err := b.client.Bans(t.Context(), "j001", time.Local)
	if err != nil || len(got) != 3 {
		t.Fatalf("got %v, %v", got, err)
	}
	for i, address := range []string{"203.0.113.5", "198.51.100.0/24", "2001:db8::1"} {
		ban := got[i]
		age := time.Since(ban.Start)
		if ban.Address != address || ban.Length != 10*time.Minute || !ban.End.Equal(ban.Start.Add(ban.Length)) || age < 0 || age > time.Minute {
			t.Errorf("got %+v, want %s", ban, address)
		}
	}
}

func testUnknownJail(t *testing.T, b backend) {
	ctx := t.Context()
	_, err1 := b.client.JailStatus(ctx, "gone")
	_, err2 := b.client.JailSettings(ctx, "gone")
	_, err3 := b.client.Bans(ctx, "gone", time.Local)
	_, err4 := b.client.JailFilter(ctx, "gone")
	for _, err := range []error{err1, err2, err3, err4} {
		if !errors.Is(err, fail2ban.ErrUnknownJail) || !strings.Contains(err.Error(), `jail "gone"`) {
			t.Errorf("got %v", err)
		}
	}
	if err := b.client.Ping(ctx); err != nil {
		t.Errorf("after a refusal: %v", err)
	}
}

func equalJails(t *testing.T, got, want []fail2ban.Jail, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
	if len(got) != len(want) {
		t.Fatalf("got %+v\nwant %+v", got, want)
	}
	for i := range got {
		if got[i].Name != want[i].Name || got[i].Counts != want[i].Counts ||
			!slices.Equal(got[i].Files, want[i].Files) || !slices.Equal(got[i].Journal, want[i].Journal) {
			t.Errorf("got  %+v\nwant %+v", got[i], want[i])
		}
	}
}

// TestNoSkipInCI holds that the real servers are really used where it counts.
func TestNoSkipInCI(t *testing.T) {
	if os.Getenv("CI") != "true" {
		return
	}
	if installs, err := fail2bantest.Installs(); err != nil || len(installs) == 0 {
		t.Fatal(err)
	}
}
