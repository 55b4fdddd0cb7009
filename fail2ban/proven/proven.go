// Package proven reloads and restarts a server, and never before it is proven that it
// comes up again: on a scratch server, with the whole configuration (rehearsal.Prove).
// What was proven is what is loaded, whatever somebody writes into a file meanwhile.
package proven

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/control"
	"bantop/fail2ban/handset"
	"bantop/fail2ban/rehearsal"
)

// Looked is what is asked of a server about what it holds.
type Looked interface {
	Jails(ctx context.Context) ([]string, error)
	JailStatuses(ctx context.Context, jails []string) ([]fail2ban.Jail, error)
	LogTarget(ctx context.Context) (string, error)
	DBFile(ctx context.Context) (string, error)
	Settings(ctx context.Context) (map[string]string, error)
}

// Server is what is asked of fail2ban. *socket.Client is one.
type Server interface {
	Looked
	Load(ctx context.Context, commands []any) error
	LoadJail(ctx context.Context, jail string, commands []any) error
	PID() int
	Started() time.Time
	handset.Server
}

// Options say which server.
type Options struct {
	Server  Server
	Control *control.Control
	Conf    string // fail2ban's configuration folder
	Program string // fail2ban-client; default the one on the PATH
	Dir     string // where scratch servers get their folders; default that for temporary files

	// Allowed are the addresses that bantop put on ignore lists; nil if that is not known.
	Allowed func(ctx context.Context) []fail2ban.Target
	Zone    func() *time.Location // of the server; nil is this machine's
}

// Control reloads and restarts one server.
type Control struct {
	*control.Control // what needs no proof
	opts             Options

	mu     sync.Mutex
	report handset.Report
}

// New returns a Control. Nothing is asked yet.
func New(o Options) *Control { return &Control{Control: o.Control, opts: o} }

// answerTime is how long the server may take to say what it holds.
const answerTime = 5 * time.Second

// Live is what the server holds; the zero value if it does not answer.
func (c *Control) Live(ctx context.Context) (live rehearsal.Live, jails []string) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	return Live(ctx, c.opts.Server)
}

// Live is what a server holds, and its jails; zero if it does not answer. jails is nil
// then, and only then.
func Live(ctx context.Context, s Looked) (live rehearsal.Live, jails []string) {
	names, err := s.Jails(ctx)
	if err != nil {
		return rehearsal.Live{}, nil
	}
	jails = append([]string{}, names...)
	statuses, err := s.JailStatuses(ctx, names)
	if err != nil { // one went meanwhile: its log is looked at
		statuses = nil
	}
	for _, j := range statuses {
		live.Files = append(live.Files, j.Files...)
	}
	if live.LogTarget, err = s.LogTarget(ctx); err != nil {
		return rehearsal.Live{}, jails
	}
	if live.DBFile, err = s.DBFile(ctx); err != nil {
		return rehearsal.Live{}, jails
	}
	if live.DBFile == "" {
		live.DBFile = "none"
	}
	live.Settings, _ = s.Settings(ctx) // else what would change is not told
	return live, jails
}

// Prove finds out whether a reload succeeds, with a stream, or with the configuration as
// it stands for the zero value. Jails have to come up; nil: those that the server has.
// The error is a *fail2ban.RefusedError, or says why it is not known.
func (c *Control) Prove(ctx context.Context, s control.Stream, jails []string) (control.Stream, error) {
	live, has := c.Live(ctx)
	if jails == nil {
		jails = has
	}
	known, err := rehearsal.Prove(ctx, c.proof(s, live, jails))
	return known.Stream, err
}

// Read is what the configuration, as it stands, sets a server up with. The error is a
// *fail2ban.RefusedError if fail2ban would refuse to read it.
func (c *Control) Read(ctx context.Context) (control.Stream, error) {
	return rehearsal.Read(ctx, c.opts.Program, c.opts.Conf)
}

// ProveAll is Prove, with every jail that the stream enables.
func (c *Control) ProveAll(ctx context.Context, s control.Stream) error {
	live, _ := c.Live(ctx)
	p := c.proof(s, live, nil)
	p.Jails = nil
	_, err := rehearsal.Prove(ctx, p)
	return err
}

func (c *Control) proof(s control.Stream, live rehearsal.Live, jails []string) rehearsal.Proof {
	if jails == nil {
		jails = []string{} // the server has none: none can be lost
	}
	return rehearsal.Proof{Conf: c.opts.Conf, Program: c.opts.Program, Dir: c.opts.Dir, Stream: s, Live: live, Jails: jails}
}

// Load has the server load what was proven.
func (c *Control) Load(ctx context.Context, s control.Stream) error {
	return c.opts.Server.Load(ctx, s.Commands())
}

// LoadJail makes one jail anew by what was proven, with its actions.
func (c *Control) LoadJail(ctx context.Context, jail string, s control.Stream) error {
	return c.opts.Server.LoadJail(ctx, jail, s.Commands())
}

// Reload is Prove and Load with the configuration as it stands.
func (c *Control) Reload(ctx context.Context) error {
	s, err := c.Prove(ctx, control.Stream{}, nil)
	if err != nil {
		return untouched("reloaded", err)
	}
	kept := c.Take(ctx, s, c.Certain(ctx), false)
	defer func() { c.PutBack(ctx, kept, s, s) }()
	return c.Load(ctx, s)
}

// ReloadJail is Prove and LoadJail with the configuration as it stands.
func (c *Control) ReloadJail(ctx context.Context, jail string) error {
	s, err := c.Prove(ctx, control.Stream{}, nil)
	if err != nil {
		return untouched("reloaded", err)
	}
	kept := c.Take(ctx, s, c.Certain(ctx), true)
	defer func() { c.PutBack(ctx, kept, s, s) }()
	return c.LoadJail(ctx, jail, s)
}

// Restart makes a new server process, once it is proven that it comes up with the jails
// that run now. No second one is started beside a process that lives: one that does not
// answer is waited for, and the error is a *HungError if it hangs.
func (c *Control) Restart(ctx context.Context, s control.State) error {
	if s == control.Runs {
		if err := c.Await(ctx); err != nil {
			return err
		}
	}
	now, jails, err := c.ProveStart(ctx)
	if err != nil {
		return untouched("restarted", err)
	}
	if s != control.Runs {
		return c.Control.Restart(ctx, s)
	}
	kept := c.Take(ctx, now, c.Certain(ctx), true)
	if err := c.Control.Restart(ctx, s); err != nil {
		return err
	}
	if !kept.None() {
		c.AwaitJails(ctx, jails)
		c.PutBack(ctx, kept, now, now)
	}
	return nil
}

// RestartHung is Restart of a server that hangs: it is ended first, once it is proven
// that another one comes up.
func (c *Control) RestartHung(ctx context.Context) error {
	if _, _, err := c.ProveStart(ctx); err != nil {
		return untouched("restarted", err)
	}
	if err := End(ctx, c.opts.Server.PID()); err != nil {
		return fmt.Errorf("end fail2ban, which does not answer: %w", err)
	}
	return c.Control.Restart(ctx, control.Died)
}

// ProveStart finds out whether a new process comes up with the configuration as it
// stands: with the jails that run now, and with the same database. It returns what the
// process would be set up with, and those jails.
func (c *Control) ProveStart(ctx context.Context) (control.Stream, []string, error) {
	live, jails := c.Live(ctx)
	known, err := rehearsal.Prove(ctx, c.proof(control.Stream{}, rehearsal.Live{DBFile: live.DBFile}, jails))
	return known.Stream, jails, err
}

// untouched says that nothing was done.
func untouched(what string, err error) error {
	return &UntouchedError{Act: what, Cause: err}
}

// UntouchedError reports that fail2ban is left as it is, since it is not proven that it
// would come up again.
type UntouchedError struct {
	Act   string // "reloaded", "restarted"
	Cause error
}

func (e *UntouchedError) Error() string {
	return fmt.Sprintf("fail2ban is left as it is, not %s: %v", e.Act, e.Cause)
}

// Unwrap gives the cause.
func (e *UntouchedError) Unwrap() error { return e.Cause }

// Hint is what to do next.
func (e *UntouchedError) Hint() string {
	if refused, is := errors.AsType[*fail2ban.RefusedError](e.Cause); is {
		return refused.Hint()
	}
	return "make room for a scratch server (temporary folder, memory), then try again"
}
