package socket_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/fail2bantest"
	"bantop/fail2ban/socket"
)

// TestNoAnswerOfAnotherQuestion asks a server at random while each kind of trouble
// comes and goes, and holds that each answer is the right one or an error, that
// nothing hangs, and that all is well again afterwards.
func TestNoAnswerOfAnotherQuestion(t *testing.T) {
	for _, version := range []string{"1.0.2", "1.1.0"} {
		s := fail2bantest.New(t, fail2bantest.Options{Version: version})
		names := distinct(s)
		for _, trouble := range fail2bantest.Troubles() {
			t.Run(version+" "+trouble.Name, func(t *testing.T) {
				t.Parallel()
				p := fail2bantest.NewProxyTo(t, s.Path)
				for seed := range fail2bantest.ChaosRuns(t) {
					client := newClient(t, socket.Options{Path: p.Path, Timeout: 150 * time.Millisecond})
					q := questions{t: t, client: client, names: names, version: version, lies: trouble.Lies}
					q.random = rand.New(rand.NewPCG(seed, 3))
					// The server takes one client at a time, and each of these tests is one.
					fail2bantest.Eventually(t, "a connection", func() bool { return client.Ping(t.Context()) == nil })
					q.ask(10*time.Second, true)
					trouble.Begin(p, seed)
					for range 10 {
						q.ask(50*time.Millisecond, false)
					}
					p.ClearFaults()
					fail2bantest.Eventually(t, "right answers again", func() bool { return q.ask(10*time.Second, false) })
					if t.Failed() {
						t.Fatalf("seed %d", seed)
					}
				}
			})
		}
	}
}

// distinct gives a server jails that each have other answers, but for two which read
// the same files.
func distinct(s *fail2bantest.Server) (names []string) {
	for i := range 6 {
		name := fmt.Sprintf("jail%d", i)
		names = append(names, name)
		s.AddJail(name)
		s.Edit(name, func(j *fail2bantest.Jail) {
			j.BanTime = time.Duration(i+1) * time.Hour
			j.Actions = []string{"action-of-" + name}
			j.IgnoreIP = []string{fmt.Sprintf("198.51.100.%d", i)}
			if i == 2 || i == 3 {
				j.Files = []string{"/var/log/shared.log"}
			}
		})
		for k := range i + 1 {
			s.Ban(name, fmt.Sprintf("203.0.%d.%d", i, k))
		}
	}
	return names
}

// questions asks a server of distinct jails.
type questions struct {
	t       *testing.T
	client  *socket.Client
	names   []string
	version string
	random  *rand.Rand
	lies    bool
}

// ask asks something, and reports whether it was answered. Only a right answer, or an
// error in time, is no failure.
func (q questions) ask(limit time.Duration, all bool) (answered bool) {
	q.t.Helper()
	ctx, cancel := context.WithTimeout(q.t.Context(), limit)
	defer cancel()
	begun := time.Now()
	kinds := []func(context.Context) (string, error){
		q.jails, q.statuses, q.status, q.stats, q.bans, q.actions, q.settings, q.banned, q.about,
	}
	chosen := kinds[q.random.IntN(len(kinds)):][:1]
	if all {
		chosen = kinds
	}
	for _, ask := range chosen {
		wrong, err := ask(ctx)
		if err != nil && all || wrong != "" && err == nil && !q.lies {
			q.t.Errorf("got %s, %v", wrong, err)
		}
		answered = err == nil
	}
	if took := time.Since(begun) - limit; took > 10*time.Second {
		q.t.Errorf("it took %v longer than it may", took)
	}
	return answered
}

func (q questions) one() (int, string) {
	i := q.random.IntN(len(q.names))
	return i, q.names[i]
}

// differ is what is said of a wrong answer, "" of a right one.
func differ[T any](got T, right bool) string {
	if right {
		return ""
	}
	return fmt.Sprintf("%+v", got)
}

func (q questions) jails(ctx context.Context) (string, error) {
	got, err := q.client.Jails(ctx)
	return differ(got, slices.Equal(got, q.names)), err
}

func (q questions) statuses(ctx context.Context) (string, error) {
	got, err := q.client.JailStatuses(ctx, q.names)
	right := len(got) == len(q.names)
	for i := range got {
		right = right && q.isJail(i, got[i])
	}
	return differ(got, right), err
}

func (q questions) isJail(i int, j fail2ban.Jail) bool {
	file := "/var/log/" + q.names[i] + ".log"
	if i == 2 || i == 3 {
		file = "/var/log/shared.log"
	}
	return j.Name == q.names[i] && j.Banned == i+1 && j.TotalBanned == i+1 && slices.Equal(j.Files, []string{file})
}

func (q questions) status(ctx context.Context) (string, error) {
	i, name := q.one()
	got, err := q.client.JailStatus(ctx, name)
	return differ(got, q.isJail(i, got)), err
}

func (q questions) stats(ctx context.Context) (string, error) {
	if q.version == "1.0.2" {
		return q.statuses(ctx)
	}
	got, err := q.client.Stats(ctx)
	right := len(got) == len(q.names)
	for i, j := range got {
		right = right && j.Name == q.names[i] && j.Banned == i+1
	}
	return differ(got, right), err
}

func (q questions) bans(ctx context.Context) (string, error) {
	i, name := q.one()
	got, err := q.client.Bans(ctx, name, time.Local)
	right := len(got) == i+1
	for k, b := range got {
		right = right && b.Address == fmt.Sprintf("203.0.%d.%d", i, k)
	}
	return differ(got, right), err
}

func (q questions) actions(ctx context.Context) (string, error) {
	got, err := q.client.Actions(ctx, q.names)
	right := len(got) == len(q.names)
	for name, actions := range got {
		right = right && slices.Equal(actions, []string{"action-of-" + name})
	}
	return differ(got, right), err
}

func (q questions) settings(ctx context.Context) (string, error) {
	i, name := q.one()
	got, err := q.client.JailSettings(ctx, name)
	right := got.BanTime == time.Duration(i+1)*time.Hour && got.MaxRetry == 3 &&
		slices.Equal(got.Actions, []string{"action-of-" + name}) &&
		slices.Equal(got.IgnoreIP, []string{fmt.Sprintf("198.51.100.%d", i)})
	return differ(got, right), err
}

func (q questions) banned(ctx context.Context) (string, error) {
	i, name := q.one()
	got, err := q.client.Banned(ctx, fmt.Sprintf("203.0.%d.0", i))
	return differ(got, slices.Equal(got, []string{name})), err
}

func (q questions) about(ctx context.Context) (string, error) {
	version, err := q.client.Version(ctx)
	if err != nil {
		return "", err
	}
	log, err := q.client.LogTarget(ctx)
	if err != nil {
		return "", err
	}
	db, err := q.client.DBFile(ctx)
	right := version == q.version && log != db && db == "/var/lib/fail2ban/fail2ban.sqlite3"
	return differ([]string{version, log, db}, right), err
}

func (q questions) log(ctx context.Context) (string, error) {
	log, err := q.client.LogTarget(ctx)
	return differ(log, len(log) < 5000), err
}

// TestBombs holds that no answer makes the client allocate more than 64 MB and what
// an idle one has, whichever question it answers, and that the next question is
// answered rightly.
func TestBombs(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{Version: "1.1.0"})
	names := distinct(s)
	for _, bomb := range fail2bantest.Bombs() {
		t.Run(bomb.Name, func(t *testing.T) {
			p := fail2bantest.NewProxyTo(t, s.Path)
			raw := bomb.Reply()
			client := newClient(t, socket.Options{Path: p.Path, Timeout: 20 * time.Second})
			q := questions{t: t, client: client, names: names, version: "1.1.0", random: rand.New(rand.NewPCG(1, 3))}
			for _, ask := range []func(context.Context) (string, error){
				q.jails, q.statuses, q.stats, q.bans, q.actions, q.settings, q.banned, q.log,
			} {
				if err := q.client.Ping(t.Context()); err != nil {
					t.Fatal(err)
				}
				p.Inject(fail2bantest.Fault{Raw: raw})
				var err error
				allocated := allocates(func() { _, err = ask(t.Context()) })
				p.ClearFaults()
				if allocated > 64<<20+8<<20 {
					t.Errorf("%d MB", allocated>>20)
				}
				if err != nil && len([]rune(err.Error())) > 1500 {
					t.Errorf("an error of %d bytes: %.300s", len(err.Error()), err)
				}
			}
			if wrong, err := q.statuses(t.Context()); wrong != "" || err != nil {
				t.Errorf("afterwards: %s, %v", wrong, err)
			}
		})
	}
}

func allocates(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
