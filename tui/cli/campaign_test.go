package cli_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bantop/fail2ban/fail2bantest"
	"bantop/model"
)

// Set by BANTOP_TEST_CAMPAIGN: how many activations, by default a few; by
// BANTOP_TEST_SEED: the seed of what happens, by default the time; by
// BANTOP_TEST_MISHAP: only this one happens.
const (
	campaignSize = "BANTOP_TEST_CAMPAIGN"
	campaignSeed = "BANTOP_TEST_SEED"
	campaignOnly = "BANTOP_TEST_MISHAP"
)

// campaign is a server on which one activation after the other meets a mishap.
type campaign struct {
	*stage
	random *rand.Rand
	files  map[string]string // of the configuration, as they were
	filler []string
	counts map[string]map[string]int // by mishap and outcome
}

// TestCampaign activates a jail over and over, each time with a random slip of somebody
// else in the middle. Afterwards the server runs with every jail that it had and their
// bans, or is left exactly as it was, and bantop says which.
func TestCampaign(t *testing.T) {
	size, seed := number(t, campaignSize, 6), int64(number(t, campaignSeed, 20261126))
	eachStage(t, 10, func(t *testing.T, s *stage) {
		t.Logf("%s=%d", campaignSeed, seed)
		c := &campaign{stage: s, random: rand.New(rand.NewSource(seed)), files: map[string]string{}, counts: map[string]map[string]int{}}
		s.write("jail.d/web.conf", s.web(""))
		if os.Geteuid() == 0 {
			c.smallDisks()
		}
		for _, name := range []string{"jail.conf", "filter.d/lab.conf"} {
			text, err := os.ReadFile(filepath.Join(s.ConfDir, name))
			c.must(err)
			c.files[name] = string(text)
		}
		for n := range size {
			t.Run(strconv.Itoa(n), func(t *testing.T) {
				one := *c
				staged := *s
				staged.t = t
				one.stage = &staged
				one.activation()
			})
			if t.Failed() {
				break
			}
		}
		t.Log("\n" + c.table())
	}, `activation.confirm = "10s"`)
}

func number(t *testing.T, name string, without int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return without
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// smallDisks puts the state and jail.d on disks of their own.
func (c *campaign) smallDisks() {
	c.state = fail2bantest.SmallDisk(c.t, "4m")
	c.must(os.Chmod(c.state, 0o700))
	for i, flag := range c.flags {
		if flag == "--state-dir" {
			c.flags[i+1] = c.state
		}
	}
	jails, disk := filepath.Join(c.ConfDir, "jail.d"), fail2bantest.SmallDisk(c.t, "256k")
	text, err := os.ReadFile(filepath.Join(jails, "web.conf"))
	c.must(err)
	c.must(unix.Mount(disk, jails, "", unix.MS_BIND, ""))
	c.t.Cleanup(func() { _ = unix.Unmount(jails, unix.MNT_DETACH) })
	c.must(os.Chmod(jails, 0o755))
	c.must(os.WriteFile(filepath.Join(jails, "web.conf"), text, 0o600))
	c.before = fail2bantest.Tree(c.t, c.ConfDir)
}

// activation is one activation with a mishap, looked at afterwards, and all mended.
func (c *campaign) activation() {
	m := mishaps[c.random.Intn(len(mishaps))]
	for only := os.Getenv(campaignOnly); m.root && os.Geteuid() != 0 || only != "" && only != m.name; {
		m = mishaps[c.random.Intn(len(mishaps))]
	}
	waiting, answer := c.random.Intn(3) > 0, []string{"confirm", "revert", "revert", ""}[c.random.Intn(4)]
	after := time.Duration(c.random.Intn(1500)) * time.Millisecond
	defer func() {
		if c.t.Failed() {
			log, _ := os.ReadFile(filepath.Join(c.state, "guard.log"))
			c.t.Logf("%s: %+v\nguards: %v, guard.log: %s", m.name, c.change(), c.running(), log)
		}
	}()
	c.setByHand()
	pid := c.PID()
	var said bytes.Buffer
	cmd := c.command("activate", "web", "--yes")
	cmd.Stdout, cmd.Stderr = &said, &said
	began := time.Now()
	c.must(cmd.Start())
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	if waiting {
		c.untilWaiting(ended, began)
	} else {
		time.Sleep(after)
	}
	m.happen(c)
	if len(c.filler) == 0 { // else it cannot be seen, or nobody's answer reaches the guard
		c.untilWaiting(ended, began)
		if answer != "" {
			c.bantop(answer) // it may have ended by itself
		}
	}
	c.settle(ended, began)
	outcome := c.outcome(began)
	when := fmt.Sprintf("after %d ms", after.Milliseconds())
	if waiting {
		when = "while waiting"
	}
	c.t.Logf("%s, %s, then %q: %s\n%s", m.name, when, answer, outcome, said.String())
	c.judge(m, outcome, pid)
	if c.counts[m.name] == nil {
		c.counts[m.name] = map[string]int{}
	}
	c.counts[m.name][outcome]++
	c.mend(m)
}

// untilWaiting waits until the change waits to be confirmed, or bantop has ended.
func (c *campaign) untilWaiting(ended <-chan struct{}, began time.Time) {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		select {
		case <-ended:
			return
		default:
		}
		if len(c.running()) == 0 && time.Since(began) > 3*time.Second {
			c.bantop("status") // its guard was killed: the next bantop takes the change back
		}
		if ch := c.change(); ch != nil && !ch.At.Before(began) && ch.Step == model.StepConfirm {
			return
		}
	}
	c.t.Fatal("it does not wait to be confirmed")
}

// settle waits until bantop and its guard have ended. A full disk is emptied in the end:
// a guard tries for a minute to write down what it did.
func (c *campaign) settle(ended <-chan struct{}, began time.Time) {
	if len(c.filler) > 0 {
		time.Sleep(time.Until(began.Add(16 * time.Second))) // the time to confirm is over, and the way back is gone
		c.empty()
	}
	c.eventually("bantop has ended", func() bool {
		select {
		case <-ended:
			return true
		default:
			return false
		}
	})
	c.eventually("no change is under way", func() bool {
		ch := c.change()
		if ch != nil && !ch.Step.Over() && len(c.running()) == 0 {
			c.bantop("status") // the next bantop takes it back
		}
		return (ch == nil || ch.Step.Over()) && len(c.running()) == 0
	})
}

// eventually waits for as long as a rollback may take: a new guard, the time to confirm,
// and the proofs, on a machine that is busy.
func (c *campaign) eventually(what string, holds func() bool) {
	c.t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.t.Fatalf("waited in vain for this: %s", what)
		}
	}
}

// outcome names how it ended.
func (c *campaign) outcome(began time.Time) string {
	ch := c.change()
	switch {
	case ch == nil || ch.At.Before(began):
		return "refused, nothing touched"
	case ch.Step == model.StepConfirmed:
		return "confirmed"
	case ch.Step == model.StepStuck && ch.Down:
		return "left down, said so"
	case ch.Step == model.StepStuck:
		return "left running, said so"
	case !ch.Touched:
		return "refused, nothing touched"
	case ch.Untouched:
		return "rolled back, server untouched"
	case ch.Restarted:
		return "rolled back, started again"
	case ch.Way == model.BackByFormer:
		return "rolled back to the former"
	case ch.Way == model.BackByStop:
		return "rolled back, jail stopped"
	}
	return "rolled back"
}

// judge holds that the server is as it should be, and that bantop said how it is.
func (c *campaign) judge(m mishap, outcome string, pid int) {
	c.t.Helper()
	ch := c.change()
	want := []string{"j001", "j002", "j003"}
	if outcome == "confirmed" {
		want = append(want, "web")
	}
	ours := filepath.Join(c.ConfDir, "jail.d", "zz-bantop-web.local")
	if _, err := os.Stat(ours); (err == nil) != (outcome == "confirmed") {
		c.t.Errorf("%s: bantop's file: %v", outcome, err)
	}
	if strings.HasPrefix(outcome, "left") {
		c.t.Errorf("%s: %s", m.name, outcome) // one slip alone is no reason for that
		return
	}
	if m.name == "kill -9 of the server" && c.PID() == pid { // nobody started it again
		if code, out, errs := c.bantop("status"); code != 2 || strings.HasPrefix(outcome, "rolled back") {
			c.t.Errorf("%s: it is down, and status ends with %d: %s%s", outcome, code, out, errs)
		}
		return
	}
	c.runs(want)
	c.stillSet(m)
	slipped := m.mend != nil && !m.root && outcome != "confirmed" && outcome != "refused, nothing touched"
	if slipped && (ch == nil || len(ch.Slips) == 0) {
		c.t.Errorf("%s, %s: the slip is not told: %+v", m.name, outcome, ch)
	}
}

// setByHand sets values that no file has. Before that the files are read: what differs
// from files that were changed and not read yet is not known to be set by hand.
func (c *campaign) setByHand() {
	if _, err := c.Client("reload"); err != nil {
		c.t.Fatal(err)
	}
	c.runs([]string{"j001", "j002", "j003"})
	for _, args := range [][]string{{"set", "j001", "addignoreip", "203.0.113.77"}, {"set", "j002", "bantime", "1234"}} {
		if _, err := c.Client(args...); err != nil {
			c.t.Fatal(err)
		}
	}
}

// stillSet holds that they are in force, unless somebody else made a new server.
func (c *campaign) stillSet(m mishap) {
	c.t.Helper()
	if m.name == "a restart" || m.name == "kill -9 of the server" {
		return
	}
	for jail, value := range map[string][2]string{"j001": {"ignoreip", "203.0.113.77"}, "j002": {"bantime", "1234"}} {
		if got, err := c.Client("get", jail, value[0]); err != nil || !strings.Contains(got, value[1]) {
			c.t.Errorf("%s: %s of %s is %s, %v", m.name, value[0], jail, got, err)
		}
	}
}

// runs holds that these jails run, and no others, the first three with their bans.
func (c *campaign) runs(want []string) {
	c.t.Helper()
	fail2bantest.Eventually(c.t, fmt.Sprintf("%v run, with their bans", want), func() bool {
		status, err := c.Client("status")
		if err != nil || !strings.Contains(status, "Jail list:\t"+strings.Join(want, ", ")+"\n") {
			return false
		}
		return !slices.ContainsFunc(want[:3], func(jail string) bool {
			status, err := c.Client("status", jail)
			return err != nil || !strings.Contains(status, fmt.Sprintf("Currently banned:\t%d\n", c.bans))
		})
	})
}

// mend makes all as it was before the activation.
func (c *campaign) mend(m mishap) {
	c.t.Helper()
	if m.mend != nil {
		m.mend(c)
	}
	if _, err := c.Client("ping"); err != nil { // with whatever jails the files enable now
		if code, out, errs := c.bantop("recover", "--restart", "--yes"); code != 0 {
			c.t.Fatalf("recover: %d %s%s", code, out, errs)
		}
	}
	if ch := c.change(); ch != nil && ch.Step == model.StepConfirmed && len(c.left()) > 0 {
		if code, out, errs := c.bantop("deactivate", "web", "--yes", "--commit"); code != 0 {
			c.t.Fatalf("deactivate: %d %s%s", code, out, errs)
		}
	}
	c.runs([]string{"j001", "j002", "j003"})
	c.isBack()
}

// left are bantop's files.
func (c *campaign) left() []string {
	files, err := filepath.Glob(filepath.Join(c.ConfDir, "jail.d", "zz-bantop-*"))
	c.must(err)
	return files
}

// table counts outcomes by mishap, as Markdown.
func (c *campaign) table() string {
	outcomes := map[string]bool{}
	for _, byOutcome := range c.counts {
		for o := range byOutcome {
			outcomes[o] = true
		}
	}
	head := slices.Sorted(maps.Keys(outcomes))
	var b strings.Builder
	fmt.Fprintf(&b, "| slip | %s |\n|---|%s\n", strings.Join(head, " | "), strings.Repeat("---|", len(head)))
	for _, m := range mishaps {
		fmt.Fprintf(&b, "| %s |", m.name)
		for _, o := range head {
			if n := c.counts[m.name][o]; n > 0 {
				fmt.Fprintf(&b, " %d |", n)
			} else {
				b.WriteString(" |")
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
