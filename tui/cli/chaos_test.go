package cli_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bantop/fail2ban/fail2bantest"
	"bantop/model"
	"bantop/tui/cli"
	"bantop/tui/plain"
)

// TestChaos opens the dashboard and runs the commands on a server behind a proxy,
// while each kind of trouble comes and goes. Nothing panics or hangs, nothing is left
// behind, no answer is shown that belongs to another question, what an act says was
// done was done, and the dashboard is well again soon after the trouble is over. See
// make chaos.
func TestChaos(t *testing.T) {
	for _, w := range chaosWorlds(t) {
		for _, trouble := range fail2bantest.Troubles() {
			t.Run(w.name+" "+trouble.Name, func(t *testing.T) {
				for seed := range fail2bantest.ChaosRuns(t) {
					begun := time.Now()
					w.run(t, trouble, seed)
					t.Logf("%s, %s, seed %d: %v", w.name, trouble.Name, seed, time.Since(begun).Round(time.Millisecond))
					if t.Failed() {
						return
					}
				}
			})
		}
	}
}

// world is a server and what the right answers are.
type world struct {
	name, version string
	socket        string
	jails         []string // each with one ban more than the one before; acts are done in the last
	file          func(jail string) string
	action        func(jail string) string
	isBanned      func(jail, address string) bool
}

const actsJail = "zacts"

// bannedIn is the ban k of jail i.
func bannedIn(i, k int) string { return fmt.Sprintf("203.0.%d.%d", i, k) }

// chaosWorlds are a server in this process and, where each kind is tried more than
// once, the real ones.
func chaosWorlds(t *testing.T) []world {
	var worlds []world
	for _, version := range []string{"1.0.2", "1.1.0"} {
		worlds = append(worlds, fakeWorld(t, version))
	}
	if fail2bantest.ChaosRuns(t) == 1 {
		return worlds
	}
	for _, install := range fail2bantest.RealInstalls(t) {
		worlds = append(worlds, realWorld(t, install))
	}
	return worlds
}

func chaosJails() []string { return []string{"a0", "b1", "c2", "d3", "e4", actsJail} }

func fakeWorld(t *testing.T, version string) world {
	s := fail2bantest.New(t, fail2bantest.Options{Version: version})
	w := world{
		name: "fake " + version, version: version, socket: s.Path, jails: chaosJails(),
		file:     func(jail string) string { return "/var/log/" + jail + ".log" },
		action:   func(jail string) string { return "action-of-" + jail },
		isBanned: s.Banned,
	}
	for i, jail := range w.jails {
		s.AddJail(jail)
		s.Edit(jail, func(j *fail2bantest.Jail) {
			j.BanTime, j.Actions = 24*time.Hour, []string{w.action(jail)}
		})
		for k := range i + 1 {
			s.Ban(jail, bannedIn(i, k))
		}
	}
	return w
}

func realWorld(t *testing.T, install fail2bantest.Install) world {
	r := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{Jails: chaosJails()})
	client := func(args ...string) string {
		out, err := r.Client(args...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	w := world{
		name: "real " + install.Version, version: install.Version, socket: r.Path, jails: chaosJails(),
		file: r.LogPath, action: func(string) string { return "noop" },
		isBanned: func(jail, address string) bool {
			return slices.Contains(strings.Fields(client("get", jail, "banip")), address)
		},
	}
	for i, jail := range w.jails {
		client("set", jail, "bantime", "86400")
		for k := range i + 1 {
			client("set", jail, "banip", bannedIn(i, k))
		}
	}
	return w
}

// run is one run: a dashboard is open, trouble begins, commands are run meanwhile, and
// it ends.
func (w world) run(t *testing.T, trouble fail2bantest.Trouble, seed uint64) {
	before := leftovers()
	dir := fail2bantest.TempDir(t)
	p, err := fail2bantest.NewProxy(dir, w.socket)
	if err != nil {
		t.Fatal(err)
	}
	r := &chaosRun{world: w, t: t, proxy: p, random: rand.New(rand.NewPCG(seed, 4)), lies: trouble.Lies,
		state: filepath.Join(dir, "state"), settings: filepath.Join(dir, "bantop.toml")}
	if err := os.WriteFile(r.settings, []byte("timeout = \"300ms\"\nrefresh = \"200ms\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	pane, err := cli.OpenPane(r.check, "socket", p.Path, "pidfile", filepath.Join(dir, "none"), "state-dir", r.state,
		"timeout", "300ms", "refresh", "200ms")
	if err != nil {
		t.Fatal(err)
	}
	r.pane = pane
	r.well("at first")
	trouble.Begin(p, seed)
	r.commands(p)
	p.ClearFaults()
	r.well("afterwards")
	r.calm()
	if !pane.Close(hang) {
		t.Errorf("the dashboard does not end:\n%s", stacks())
	}
	p.Close()
	if err := os.RemoveAll(dir); err != nil {
		t.Error(err)
	}
	for end := time.Now().Add(hang); leftovers().over(before); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Errorf("left behind: %+v before, %+v after\n%s", before, leftovers(), stacks())
			return
		}
	}
}

// chaosRun is where a run stands.
type chaosRun struct {
	world
	t               *testing.T
	proxy           *fail2bantest.Proxy
	pane            *cli.Pane
	state, settings string
	random          *rand.Rand
	lies            bool
	done            []string // acts that were said to be done
}

// wrong is a failure of the test unless the answers may be changed.
func (r *chaosRun) wrong(format string, args ...any) {
	if !r.lies {
		r.t.Errorf(format, args...)
	}
}

// check looks at a state of the dashboard.
func (r *chaosRun) check(s model.State) {
	server := s.Runtime.Server
	if server.Version != "" && server.Version != r.version {
		r.wrong("version %q", server.Version)
	}
	if len([]rune(server.Reason)) > 1000 {
		r.t.Errorf("a reason of %d bytes", len(server.Reason))
	}
	for _, j := range server.Jails {
		r.checkJail(j.Name, j.Banned, j.Files, j.Actions)
	}
	for _, e := range s.Events {
		if len(fmt.Sprintf("%+v", e)) > 4000 {
			r.t.Errorf("an event of %d bytes", len(fmt.Sprintf("%+v", e)))
		}
	}
	if d := s.Detail; d.Jail != "" && !d.At.IsZero() {
		i := slices.Index(r.jails, d.Jail)
		actions := []string{r.action(d.Jail)}
		if s := d.Settings; s.Name != d.Jail || s.BanTime != 24*time.Hour || !slices.Equal(s.Actions, actions) {
			r.wrong("settings of %s: %+v", d.Jail, d.Settings)
		}
		for _, b := range d.Bans {
			r.checkBan(r.jails[max(0, i)], b.Address)
		}
	}
	for i := range s.Bans.List.Len() {
		row := s.Bans.List.Row(int32(i))
		r.checkBan(row.Jail, row.Address)
	}
}

func (r *chaosRun) checkJail(name string, banned int, files, actions []string) {
	i := slices.Index(r.jails, name)
	if i < 0 {
		r.wrong("a jail %.100q", name)
		return
	}
	right := banned == i+1 || name == actsJail && banned >= i+1
	if !right || !slices.Equal(files, []string{r.file(name)}) || !slices.Equal(actions, []string{r.action(name)}) {
		r.wrong("jail %s: banned %d, files %.100q, actions %.100q", name, banned, files, actions)
	}
}

func (r *chaosRun) checkBan(jail, address string) {
	i := slices.Index(r.jails, jail)
	if !strings.HasPrefix(address, fmt.Sprintf("203.0.%d.", i)) && jail != actsJail {
		r.wrong("a ban of %.100q in jail %.100q", address, jail)
	}
}

// well waits until the dashboard shows that all is well. Where answers were changed,
// it may take the jails that it saw for real ones, so that only the server's answering
// counts.
func (r *chaosRun) well(when string) {
	r.t.Helper()
	var server model.ServerStatus
	for end := time.Now().Add(3 * hang); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		server = r.pane.State().Runtime.Server
		if server.Kind == model.Online && len(server.Jails) == len(r.jails) || r.lies && server.Kind.Up() {
			return
		}
	}
	r.t.Errorf("not well %s: %s, %.300s, jails %v", when, server.Kind, server.Reason, server.Names())
}

// commands runs every command while the trouble lasts, which is 1.5 s at the most.
func (r *chaosRun) commands(p *fail2bantest.Proxy) {
	ended := time.AfterFunc(1500*time.Millisecond, p.ClearFaults)
	defer ended.Stop()
	r.pane.Send(model.BansOpened{})
	for _, command := range r.shuffled(r.status, r.bans, r.why, r.banAndUnban, r.history) {
		jail := r.jails[r.random.IntN(len(r.jails))]
		r.pane.Send(model.JailClosed{}, model.JailOpened{Jail: jail}, model.RefreshRequested{})
		command()
	}
	time.Sleep(time.Duration(r.random.IntN(300)) * time.Millisecond)
}

func (r *chaosRun) shuffled(all ...func()) []func() {
	r.random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// bantop runs a command as a process of its own, and holds that it ends in time,
// printing little and nothing that a terminal would obey, and does not panic.
func (r *chaosRun) bantop(args ...string) (code int, out string) {
	r.t.Helper()
	const obeyed = "\x1b\x07\u202e"
	p := runProcess(r.t, hang+30*time.Second, append([]string{"--state-dir", r.state, "-s", r.proxy.Path,
		"-p", filepath.Join(r.state, "none"), "--settings", r.settings}, args...)...)
	all := p.out + p.errs
	if len(all) > 1<<16 || strings.ContainsAny(all, obeyed) || strings.Contains(all, "goroutine ") {
		r.t.Errorf("%v printed %d bytes: %.3000q", args, len(all), all)
	}
	return p.code, p.out
}

func (r *chaosRun) status() {
	var got plain.Status
	if _, out := r.bantop("status", "--json"); json.Unmarshal([]byte(out), &got) == nil {
		for _, j := range got.Jails {
			if j.Banned == nil {
				continue // it is told as lost
			}
			if i := slices.Index(r.jails, j.Name); i < 0 || *j.Banned != i+1 && j.Name != actsJail {
				r.wrong("status: %+v", j)
			}
		}
	}
}

func (r *chaosRun) bans() {
	var got []plain.Ban
	if code, out := r.bantop("bans", "--json"); code == 0 && json.Unmarshal([]byte(out), &got) == nil {
		n := make(map[string]int)
		for _, b := range got {
			r.checkBan(b.Jail, b.Address)
			n[b.Jail]++
		}
		for i, jail := range r.jails {
			if n[jail] != i+1 && jail != actsJail {
				r.wrong("bans: %d of %s", n[jail], jail)
			}
		}
	}
}

func (r *chaosRun) why() {
	i := r.random.IntN(len(r.jails) - 1)
	var got plain.Why
	code, out := r.bantop("why", bannedIn(i, 0), "--json")
	if (code == 0 || code == 1) && json.Unmarshal([]byte(out), &got) == nil {
		if !got.Banned || len(got.Bans) != 1 || got.Bans[0].Jail != r.jails[i] {
			r.wrong("why %s: %s", bannedIn(i, 0), out)
		}
	}
}

// banAndUnban holds that what is said to be done is done.
func (r *chaosRun) banAndUnban() {
	address := fmt.Sprintf("198.51.100.%d", 1+r.random.IntN(200))
	for _, act := range []string{"ban", "unban"} {
		_, out := r.bantop(act, address, "--jail", actsJail, "--yes", "--json")
		var got []plain.Acted
		if json.Unmarshal([]byte(out), &got) != nil {
			continue
		}
		for _, a := range got {
			if a.Outcome != "done" {
				continue
			}
			r.done = append(r.done, act+" "+address)
			if banned := r.isBanned(actsJail, address); banned != (act == "ban") {
				r.wrong("%s: %+v, and banned is %v", act, a, banned)
			}
		}
	}
}

func (r *chaosRun) history() {
	if code, _ := r.bantop("history", "--acts", "--json"); code != 0 {
		r.t.Errorf("history: exit %d", code)
	}
}

// calm looks at what is left of the trouble: every act is in the journal, and the
// state is small.
func (r *chaosRun) calm() {
	_, out := r.bantop("history", "--acts", "--json")
	var acts []plain.Done
	if err := json.Unmarshal([]byte(out), &acts); err != nil {
		r.t.Errorf("history: %v: %.200s", err, out)
	}
	told := make(map[string]bool)
	for _, a := range acts {
		told[a.Act+" "+a.Address] = true
		if len(a.Result) > 2000 {
			r.t.Errorf("a result of %d bytes", len(a.Result))
		}
	}
	for _, act := range r.done {
		if !told[act] {
			r.t.Errorf("not in the journal: %s", act)
		}
	}
	if size := sizeOf(r.t, r.state); size > 4<<20 {
		r.t.Errorf("the state has %d KB", size>>10)
	}
}

func sizeOf(t *testing.T, dir string) (size int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if info, err := e.Info(); err == nil { // else it is gone by now
			size += info.Size()
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	return size
}
