package cli_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"bantop/fail2ban/fail2bantest"
	"bantop/model"
	"bantop/model/store"
	"bantop/tui/cli"
)

// soakFor is the variable that says how long TestSoak goes on; see make soak.
const soakFor = "BANTOP_TEST_SOAK"

// TestSoak: eight instances on one store and one real server are killed and
// started again at random, while jails are activated, the server crashes,
// recoveries are dismissed and sessions locked. Afterwards all agree; there was
// one pending for each crash, whose detection never moved to a later time; none
// that was dismissed came back; no act is missing in the journal; and the file is
// sound.
func TestSoak(t *testing.T) {
	length := 10 * time.Second
	if v := os.Getenv(soakFor); v != "" {
		var err error
		if length, err = time.ParseDuration(v); err != nil {
			t.Fatal(err)
		}
	}
	install := fail2bantest.RealInstalls(t)[0]
	install.Use(t)
	s := &soak{t: t, state: t.TempDir(), r: fail2bantest.NewReal(t, install, fail2bantest.RealOptions{}),
		random: rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1)), detected: make(map[model.PendingID]time.Time)}
	s.begin(8)
	for end := time.Now().Add(length); time.Now().Before(end) && !t.Failed(); {
		s.step()
	}
	s.finish()
}

// soak is where TestSoak stands.
type soak struct {
	t      *testing.T
	r      *fail2bantest.Real
	state  string
	random *rand.Rand
	kept   store.Store // this process's own view of what is shared

	mu    sync.Mutex
	panes []*pane
	stop  chan struct{} // ends the killing
	ended sync.WaitGroup
	kills int

	crashes []string // jails that were activated before each
	acts    []string // "lock NANOSECONDS", of those that an instance answered for

	seen     model.Runtime // the newest of the watcher
	detected map[model.PendingID]time.Time
}

// pane is one instance.
type pane struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines chan string // closed when it ends
}

func (s *soak) open() *pane {
	self, err := os.Executable()
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), cli.InstanceOf+"="+s.r.ConfDir+":"+s.state)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := cmd.StdinPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	p := &pane{cmd: cmd, in: in, lines: make(chan string, 100)}
	go func() {
		for scan := bufio.NewScanner(out); scan.Scan(); {
			p.lines <- scan.Text()
		}
		_ = cmd.Wait() // it was killed
		close(p.lines)
	}()
	return p
}

// begin opens so many instances, and lets them be killed at random.
func (s *soak) begin(n int) {
	s.kept = store.New(store.Options{Dir: s.state, Socket: s.r.Path})
	s.t.Cleanup(func() { s.kept.Close() })
	for range n {
		s.panes = append(s.panes, s.open())
	}
	s.await("the server is online", func(r model.Runtime) bool { return r.Server.Kind.Up() && !r.Starting() && len(r.Expected) == 3 })
	s.stop = make(chan struct{})
	s.ended.Go(s.killAtRandom)
	s.ended.Go(s.watch)
}

// killAtRandom kills one instance after the other, and opens another for it.
func (s *soak) killAtRandom() {
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 2))
	for {
		select {
		case <-s.stop:
			return
		case <-time.After(time.Duration(100+random.IntN(600)) * time.Millisecond):
		}
		i := random.IntN(len(s.panes))
		s.mu.Lock()
		_ = s.panes[i].cmd.Process.Kill() // fails only when it is gone
		s.panes[i] = s.open()
		s.kills++
		s.mu.Unlock()
	}
}

// watch looks at every revision that it gets to see, for what must never be.
func (s *soak) watch() {
	for {
		select {
		case <-s.stop:
			return
		case <-time.After(5 * time.Millisecond):
			s.look()
		}
	}
}

// look reads what is shared, and holds it against what was there before.
func (s *soak) look() model.Runtime {
	s.mu.Lock()
	defer s.mu.Unlock()
	snap, err := s.kept.Load(context.Background())
	if err != nil {
		s.t.Errorf("read the state: %v", err)
		return s.seen
	}
	was, is := s.seen, snap.Runtime
	if is.Outage < was.Outage || is.Locks < was.Locks || was.Setup && !is.Setup {
		s.t.Errorf("it went back: %s\nto %s", cli.Essence(was), cli.Essence(is))
	}
	if p := is.Pending; p != nil {
		if slices.Contains(is.Dismissed, p.PendingID) {
			s.t.Errorf("%+v was dismissed and is back", p.PendingID)
		}
		if at, known := s.detected[p.PendingID]; known && p.DetectedAt.After(at) {
			s.t.Errorf("%+v was detected at %v, and now at %v", p.PendingID, at, p.DetectedAt)
		}
		s.detected[p.PendingID] = p.DetectedAt
	}
	s.seen = is
	return is
}

// await waits until what is shared is as it should be.
func (s *soak) await(what string, holds func(model.Runtime) bool) model.Runtime {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if r := s.look(); holds(r) {
			return r
		}
	}
	s.t.Fatalf("%s: it does not come to it: %s", what, cli.Essence(s.look()))
	return model.Runtime{}
}

// tell tells one of the instances to do something, and another where that one is
// killed before it answers.
func (s *soak) tell(line string) (answer string) {
	s.t.Helper()
	for range 100 {
		s.mu.Lock()
		p := s.panes[s.random.IntN(len(s.panes))]
		s.mu.Unlock()
		if _, err := fmt.Fprintln(p.in, line); err != nil {
			continue // it is gone
		}
		select {
		case answer, alive := <-p.lines:
			if alive {
				return answer
			}
		case <-time.After(time.Minute):
			s.t.Fatalf("%s: no answer", line)
		}
	}
	s.t.Fatalf("%s: nobody lives for long enough to do it", line)
	return ""
}

// act tells one of the instances to act, and keeps in mind what the journal has
// to hold.
func (s *soak) act(line string) {
	s.t.Helper()
	if fields := strings.Fields(s.tell(line)); len(fields) >= 3 && fields[0] == "done" {
		s.acts = append(s.acts, fields[1]+" "+fields[2])
	}
}

// step lets something happen.
func (s *soak) step() {
	switch s.random.IntN(8) {
	case 0, 1, 2:
		s.crash()
	case 3, 4:
		s.act("lock")
	case 5, 6:
		s.act("dismiss")
	default:
		s.act("reload")
	}
}

// crash activates a jail and kills the server.
func (s *soak) crash() {
	jail := fmt.Sprintf("j%03d", len(s.crashes)%3+1) // one that the configuration enables: others are not to blame
	s.tell("activate " + jail)
	s.await("the activation is known", func(r model.Runtime) bool { a, ok := r.Blame.Last(); return ok && a.Jail == jail })
	if err := s.r.Kill(); err != nil {
		s.t.Fatal(err)
	}
	s.crashes = append(s.crashes, jail)
	s.await("the crash is pending", func(r model.Runtime) bool {
		return r.Pending != nil && r.Pending.Kind == model.PendingCrash && r.Pending.Jail == jail
	})
	if s.random.IntN(3) == 0 {
		s.act("dismiss")
	}
	if err := s.r.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.await("the server is back", func(r model.Runtime) bool {
		return r.Server.Kind.Up() && !r.Starting() && (r.Pending == nil || r.Pending.Recovered)
	})
}

// finish ends the killing and looks at what is left.
func (s *soak) finish() {
	close(s.stop)
	s.ended.Wait()
	s.agree()
	s.checkCrashes()
	s.checkJournal()
	for _, p := range s.panes {
		_ = p.in.Close() // that ends it
		for range p.lines {
		}
	}
	if err := s.kept.Close(); err != nil {
		s.t.Error(err)
	}
	s.checkFile()
	s.t.Logf("%d kills, %d crashes, %d acts", s.kills, len(s.crashes), len(s.acts))
}

// agree waits until all instances say the same as the store.
func (s *soak) agree() {
	var said []string
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		said = []string{cli.Essence(s.look())}
		for _, p := range s.panes {
			fmt.Fprintln(p.in, "report")
			for line := range p.lines { // one that was told to do something may answer that first
				if strings.HasPrefix(line, "outage ") {
					said = append(said, line)
					break
				}
			}
		}
		if len(said) == len(s.panes)+1 && len(slices.Compact(slices.Clone(said))) == 1 {
			return
		}
	}
	s.t.Errorf("they do not agree:\n%s", strings.Join(said, "\n"))
}

// checkCrashes: one event, and so one pending, for each crash, in their order.
func (s *soak) checkCrashes() {
	events, err := s.kept.Events(context.Background(), 1000)
	if err != nil {
		s.t.Fatal(err)
	}
	var jails []string
	for _, e := range events {
		if e.Kind == model.ActivationCrash {
			jails = append(jails, e.Jail)
		}
	}
	if want := s.crashes[max(0, len(s.crashes)-len(jails)):]; !slices.Equal(jails, want) || len(events) < 900 && len(jails) != len(s.crashes) {
		s.t.Errorf("crashes told of: %v\nthat were: %v", jails, s.crashes)
	}
}

// checkJournal: whatever an instance answered for stands in the journal.
func (s *soak) checkJournal() {
	acts, err := s.kept.Acts(context.Background(), 1_000_000)
	if err != nil {
		s.t.Fatal(err)
	}
	told := make(map[string]bool)
	for _, a := range acts {
		word, _, _ := strings.Cut(a.Act, " ")
		told[fmt.Sprintf("%s %d", word, a.At.UnixNano())] = true
	}
	for _, a := range s.acts {
		if !told[a] {
			s.t.Errorf("not in the journal: %s", a)
		}
	}
}

// checkFile: the database is sound.
func (s *soak) checkFile() {
	db, err := sql.Open("sqlite", filepath.Join(s.state, "bantop.db"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	var result string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&result); err != nil || result != "ok" {
		s.t.Errorf("the state file: %s, %v", result, err)
	}
}
