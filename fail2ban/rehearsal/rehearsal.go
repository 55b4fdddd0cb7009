// Package rehearsal tries a change to one jail where it can do no harm: on a copy of
// fail2ban's configuration, and on a server of its own that bans nobody.
//
// A faulty jail takes the others down with it, and neither fail2ban-client -t nor
// the exit code of a reload shows that beforehand (1.0.2 and 1.1.0): a regular
// expression that is none passes -t, and after the reload every jail is gone. So a
// rehearsal does what a reload does, with nothing at stake:
//
//   - copy: the configuration folder is copied into a private one, with the changed
//     file in it;
//   - test: fail2ban-client -t and -d on the copy, and -d on the folder itself. What
//     the copy sets up must be what the folder does, but for this jail;
//   - start: a scratch server (fail2ban-server, in the foreground) gets the commands
//     of the dump that set up this jail, by the way that fail2ban-client itself
//     takes: over the socket, one by one. What it refuses, it says why. All else that a
//     reload would load is proven, too (Prove): one setting of the server or of another
//     jail that somebody spoilt takes everything down as well;
//   - read: it reads the jail's real log from findtime back, and so tells whom the
//     jail would ban at once.
//
// # What the scratch server can not do
//
// It gets no action, so it bans on paper only; no database; it logs into a pipe that
// ends here. Its socket and pid file are in a private folder (0700). Only this jail is
// ever started, so no override file has to win over others. It reads with a low
// priority, in a process group of its own, and is killed with bantop. Two settings
// of the jail it does not get, and Rehearsal.Without says so where it has them:
// ignorecommand, which runs a program, and usedns, which asks name servers about
// names that an attacker wrote into the log. Its answers may so name somebody whom
// the jail would spare, or leave out a name.
//
// # What it costs
//
// 0.15 s until it is known whether the jail loads (1.0.2 and 1.1.0, two processors):
// 0.09 for three runs of fail2ban-client side by side, 0.06 for the server. Then 0.2 s
// until it has banned, and half a second of nothing new. It reads 100,000 lines a
// second, 12,000 where each is a failure.
package rehearsal

import (
	"context"
	"slices"
	"sync"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/confdir"
	"bantop/fail2ban/control"
)

// Options say what is to be rehearsed.
type Options struct {
	Conf    string // fail2ban's configuration folder; default /etc/fail2ban
	Program string // fail2ban-client; default the one on the PATH. fail2ban-server is beside it

	Jail string
	File string // in jail.d, by its name
	Text []byte // what the file will say; nil: it will be gone
	On   bool   // the jail is to run; else it is to be off, and only the others are set up
	Skip bool   // no scratch server is started
	Many bool   // the file may change other jails, too

	// Live is what the server runs now; nil where that is not known: then it is
	// taken to run what its configuration says.
	Live []LiveJail

	// Server is what it holds else: what stays as it is needs no proof.
	Server Live
	// Running are the settings of its jails; nil if they are not known.
	Running []fail2ban.JailSettings

	Ports string        // that the jail's actions would block, for Rehearsal.Ports
	Limit time.Duration // for all of it; default 20 s
	Dir   string        // where its folder goes; default that for temporary files. See Sweep

	Now func() time.Time // default time.Now
}

// LiveJail is a jail that the server runs.
type LiveJail struct {
	Name    string
	Actions []string
}

// Run is a rehearsal under way. Call Next until its Step is RehearseDone, then
// Close, which may be called at any time, by another goroutine, too.
type Run struct {
	opts    Options
	control *control.Control

	ctx    context.Context // ends with Close
	cancel context.CancelFunc

	mu       sync.Mutex // held by Next
	known    fail2ban.Rehearsal
	began    time.Time
	deadline time.Time

	folder  *folder
	trial   *confdir.Trial
	setup   [][]string     // commands that set up the jail
	stream  control.Stream // of all that a reload would load
	was     control.Stream // without the change
	scratch *scratch
	reading *reading
}

// New prepares a rehearsal. Nothing is done yet.
func New(o Options) *Run {
	if o.Conf == "" {
		o.Conf = "/etc/fail2ban"
	}
	if o.Limit <= 0 {
		o.Limit = 20 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	r := &Run{opts: o, control: control.New(control.Options{Program: o.Program, Conf: o.Conf})}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	r.known = fail2ban.Rehearsal{Jail: o.Jail, Step: fail2ban.RehearseCopy, Ports: o.Ports}
	return r
}

// Next does one step, and returns what is known so far; its Step is the one that
// comes next. Reading takes many calls, of 0.2 s at most. After the last step it
// does nothing. Where ctx ends first the rehearsal ends as impossible.
func (r *Run) Next(ctx context.Context) fail2ban.Rehearsal {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ctx.Err() != nil {
		r.end(fail2ban.VerdictImpossible, "it was given up")
	}
	if r.known.Step == fail2ban.RehearseDone {
		return r.snapshot()
	}
	if r.began.IsZero() {
		r.began = r.opts.Now()
		r.deadline = time.Now().Add(r.opts.Limit)
	}
	ctx, cancel := context.WithDeadline(ctx, r.deadline)
	defer cancel()
	defer context.AfterFunc(r.ctx, cancel)()

	step, began := r.known.Step, r.opts.Now()
	next := map[fail2ban.RehearsalStep]func(context.Context) fail2ban.RehearsalStep{
		fail2ban.RehearseCopy:  r.copy,
		fail2ban.RehearseTest:  r.test,
		fail2ban.RehearseStart: r.start,
		fail2ban.RehearseRead:  r.read,
	}[step](ctx)
	now := r.opts.Now()
	r.took(step, now.Sub(began))
	r.known.Step, r.known.Took = next, now.Sub(r.began)
	return r.snapshot()
}

// took adds to the time of a step.
func (r *Run) took(step fail2ban.RehearsalStep, d time.Duration) {
	if i := len(r.known.Steps) - 1; i >= 0 && r.known.Steps[i].Step == step {
		r.known.Steps[i].Took += d
		return
	}
	r.known.Steps = append(r.known.Steps, fail2ban.StepTime{Step: step, Took: d})
}

// end makes a verdict the last one.
func (r *Run) end(v fail2ban.Verdict, reason string) fail2ban.RehearsalStep {
	if r.known.Step != fail2ban.RehearseDone {
		r.known.Verdict, r.known.Reason = v, r.inPlace(reason)
		r.known.Step = fail2ban.RehearseDone
	}
	return fail2ban.RehearseDone
}

// snapshot is what is known, as a value that shares nothing with what follows.
func (r *Run) snapshot() fail2ban.Rehearsal {
	k := r.known
	for _, list := range []*[]string{&k.Files, &k.Journal, &k.WouldBan, &k.Without, &k.Actions, &k.Appear, &k.Vanish, &k.Change} {
		*list = slices.Clone(*list)
	}
	k.Failing, k.Steps = slices.Clone(k.Failing), slices.Clone(k.Steps)
	return k
}

// Close ends the scratch server and removes the folder. It waits for a Next under
// way, which it cuts short. It may be called again.
func (r *Run) Close() {
	r.cancel()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.scratch != nil {
		r.scratch.kill()
		r.scratch = nil
	}
	if r.folder != nil {
		r.folder.remove()
		r.folder = nil
	}
}
