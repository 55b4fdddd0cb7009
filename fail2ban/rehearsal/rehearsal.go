// Package rehearsal finds out what a change to one jail would do, before anything
// of the live server is touched.
//
// fail2ban-client tests a copy of the configuration, and a scratch server starts on
// it with this jail alone: without actions, without a database, with a socket, a
// log and a pid file of its own, in a folder that only its owner may enter. It
// reads the jail's real log, so it tells whom the jail would ban now. That it loads
// is proof; that -t passes is none (1.0.2 and 1.1.0: a regular expression that does
// not compile passes, and takes every jail of the live server down).
package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/confdir"
	"bantop/fail2ban/control"
)

// Options say what is rehearsed, and how. Conf, Jail and File must be set.
type Options struct {
	Conf string // fail2ban's configuration folder; nothing is written to it
	Jail string
	File string // in jail.d
	Text []byte // its new content; nil: the file is gone
	On   bool   // the jail is to run; else it is not to
	Skip bool   // no scratch server is started

	Live    []fail2ban.Jail // that run now, with their actions
	Limit   time.Duration   // for all of it; default 20 s
	Dir     string          // where its folder goes; default os.TempDir()
	Program string          // fail2ban-client; default the one on the PATH
}

// DefaultLimit is how long a rehearsal may take.
const DefaultLimit = 20 * time.Second

// Rehearsal is one rehearsal. Next may be called from one goroutine at a time,
// Close from any.
type Rehearsal struct {
	opts  Options
	began time.Time
	ctx   context.Context // ends with Close
	end   context.CancelFunc

	mu      sync.Mutex // held by Next and by what Close does at last
	found   fail2ban.Rehearsal
	stepped time.Time // when the step began
	dir     string    // its folder; "" before the first step and after Close
	others  []string  // jails that the scratch server is not to run
	scratch *scratch
	log     *reading
}

// New returns a rehearsal. Nothing is done yet. Close it.
func New(o Options) *Rehearsal {
	if o.Limit <= 0 {
		o.Limit = DefaultLimit
	}
	if o.Dir == "" {
		o.Dir = os.TempDir()
	}
	ctx, end := context.WithCancel(context.Background())
	now := time.Now()
	return &Rehearsal{opts: o, began: now, stepped: now, ctx: ctx, end: end, found: fail2ban.Rehearsal{Jail: o.Jail, Step: fail2ban.RehearseCopy}}
}

// Close ends the scratch server and removes all that the rehearsal made. It may be
// called while Next goes on, and again.
func (r *Rehearsal) Close() {
	r.end()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.scratch != nil {
		r.scratch.close()
		r.scratch = nil
	}
	if r.dir != "" {
		_ = os.RemoveAll(r.dir) // what stays is swept up later
		r.dir = ""
	}
}

// Next does one step, or a part of it that takes no longer than some 0.2 s, and
// returns what is known by then. It does nothing more where the rehearsal is done.
func (r *Rehearsal) Next(ctx context.Context) fail2ban.Rehearsal {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.found.Step == fail2ban.RehearseDone {
		return r.found
	}
	if r.ctx.Err() != nil {
		r.refuse(fail2ban.VerdictImpossible, "")
		return r.found
	}
	ctx, cancel := context.WithDeadline(ctx, r.began.Add(r.opts.Limit))
	defer cancel()
	defer context.AfterFunc(r.ctx, cancel)()
	switch r.found.Step {
	case fail2ban.RehearseCopy:
		r.copy()
	case fail2ban.RehearseTest:
		r.test(ctx)
	case fail2ban.RehearseStart:
		r.start(ctx)
	default:
		r.read(ctx)
	}
	r.found.Took = time.Since(r.began)
	return r.found
}

// conf is the copy of the configuration.
func (r *Rehearsal) conf() string { return filepath.Join(r.dir, "etc") }

// next ends a step and begins another.
func (r *Rehearsal) next(step fail2ban.RehearsalStep) {
	now := time.Now()
	steps := append([]fail2ban.StepTime(nil), r.found.Steps...)
	r.found.Steps = append(steps, fail2ban.StepTime{Step: r.found.Step, Took: now.Sub(r.stepped)})
	r.found.Step, r.stepped = step, now
}

// refuse ends the rehearsal with a reason.
func (r *Rehearsal) refuse(v fail2ban.Verdict, reason string) {
	if r.ctx.Err() != nil { // nobody wants to know any more
		v, reason = fail2ban.VerdictImpossible, "it was given up"
	}
	if r.dir != "" {
		reason = strings.ReplaceAll(reason, r.conf(), strings.TrimRight(r.opts.Conf, "/"))
		if at, ok := confdir.Blame(os.DirFS(r.conf()), reason, r.opts.Jail); ok && v != fail2ban.VerdictImpossible {
			r.found.At = at
		}
	}
	r.found.Verdict, r.found.Reason = v, reason
	r.next(fail2ban.RehearseDone)
}

// copy copies the configuration, with the change in it.
func (r *Rehearsal) copy() {
	dir, err := makeFolder(r.opts.Dir)
	if err == nil {
		r.dir = dir
		err = confdir.Copy(r.opts.Conf, r.conf())
	}
	if err == nil {
		err = put(filepath.Join(r.conf(), "jail.d"), r.opts.File, r.opts.Text)
	}
	if err != nil {
		r.refuse(fail2ban.VerdictImpossible, "copy fail2ban's configuration: "+err.Error())
		return
	}
	r.next(fail2ban.RehearseTest)
}

// put makes text the content of a file, and the folder that it is in.
func put(dir, name string, text []byte) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	path := filepath.Join(dir, name)
	err := os.Remove(path)
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	if err == nil && text != nil {
		err = os.WriteFile(path, text, 0o600)
	}
	return err
}

// client is fail2ban-client for a configuration.
func (r *Rehearsal) client(conf string) *control.Control {
	return control.New(control.Options{Program: r.opts.Program, Conf: conf})
}

// done ends a rehearsal that went well.
func (r *Rehearsal) done() {
	r.found.Verdict = fail2ban.VerdictReady
	r.next(fail2ban.RehearseDone)
}

// tooSlow is a rehearsal that did not load in time.
func (r *Rehearsal) tooSlow(doing string) {
	r.refuse(fail2ban.VerdictTooSlow, fmt.Sprintf("%s takes longer than %s", doing, r.opts.Limit))
}
