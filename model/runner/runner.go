// Package runner does what the model's effects ask for, and says what came of
// it: the only place where the model meets the world.
package runner

import (
	"context"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/confdir"
	"bantop/fail2ban/control"
	"bantop/model"
	"bantop/model/here"
	"bantop/model/store"
)

// Client is what a Runner asks of the server. *socket.Client is one.
type Client interface {
	Version(ctx context.Context) (string, error)
	Jails(ctx context.Context) ([]string, error)
	JailStatuses(ctx context.Context, jails []string) ([]fail2ban.Jail, error)
	Stats(ctx context.Context) ([]fail2ban.Jail, error)
	Actions(ctx context.Context, jails []string) (map[string][]string, error)
	JailSettings(ctx context.Context, jail string) (fail2ban.JailSettings, error)
	JailFilter(ctx context.Context, jail string) (fail2ban.JailFilter, error)
	Banned(ctx context.Context, address string) ([]string, error)
	AreBanned(ctx context.Context, jail string, addresses []string) ([]bool, error)
	Bans(ctx context.Context, jail string, loc *time.Location) ([]fail2ban.Ban, error)
	BanNames(ctx context.Context, jail string) ([]string, error)
	LogTarget(ctx context.Context) (string, error)
	DBFile(ctx context.Context) (string, error)
	Settings(ctx context.Context) (map[string]string, error)
	PID() int
	Started() time.Time
	Gone() bool
	Acts
}

// Control is what a Runner has fail2ban-client do. *control.Control is one.
type Control interface {
	Dump(ctx context.Context) (control.Dump, error)
	Reload(ctx context.Context) error
	ReloadJail(ctx context.Context, jail string) error
	Restart(ctx context.Context, s control.State) error
}

// Person is who acts, for the journal.
type Person struct{ Who, TTY, Host string }

// Options say how a Runner works. The zero value of a field other than Client
// means its default.
type Options struct {
	Client  Client
	Control Control                // nil where the configuration cannot be read
	Timeout time.Duration          // for one look at the server; default 2 s
	Now     func() time.Time       // default time.Now
	Boot    func() time.Duration   // time since the machine started; default its own clock
	LastMod func(string) time.Time // when a log file was written to; default its modification time
	Zone    *time.Location         // of the server; default that of its process
	Watch   bool                   // look at once when the server's log is written to
	Store   store.Store            // what is shared; nil where nothing is
	Failed  error                  // why Store could not be read; nil where it could
	Once    bool                   // one look is wanted, not a turn in looking
	Person  Person                 // who acts
	File    string                 // the administrator's settings file, beside which settings are kept

	// Reread is what the settings files say, and whether that is other than what they
	// said when they were last read; nil if it has none.
	Reread func() (model.SettingsRead, bool)

	Countries Countries // where addresses are; nil where no database is set

	Keep     Keep                  // nil where the configuration is not to be written
	Sessions func() []here.Session // who is logged in; default on this machine

	Addresses func() []string // of this machine; default those of its interfaces

	// Guard starts a process that carries out a plan and holds the way back, and
	// returns when it does, or why it does not; with no plan, one that takes back
	// what another left unfinished. nil where none can be started.
	Guard func(ctx context.Context, plan *model.Plan) error

	// Checks looks at all that bantop needs; what takes a process of its own again
	// where fresh is set. nil where nothing is to be looked at.
	Checks func(ctx context.Context, fresh bool) []model.Check

	Conf string // fail2ban's configuration folder; "" where there is none

	LogTarget string // where the server logs to, for when it cannot be asked

	Packages fs.FS // dpkg's lists of what each package holds; default those of this machine
}

// Runner carries out effects. Do may be called from several goroutines.
type Runner struct {
	opts      Options
	hurry     chan struct{} // a token: the probe that waits is not to wait
	probe     sync.Mutex    // held for a probe from its waiting to its end
	budget    budget
	known     known
	log       watcher
	stops     stops
	shared    *shared
	db        database
	costs     costs
	prolonged prolongedBans

	rehearsals rehearsals

	gathering time.Duration // how long jails may take to appear after an act that said OK
	retry     time.Duration // after how long a store that failed is tried again

	logTarget atomic.Pointer[string] // where the server's log was last
	timeout   atomic.Int64           // for one look at the server, in nanoseconds
}

// New returns a Runner.
func New(opts Options) *Runner {
	if opts.Timeout <= 0 {
		opts.Timeout = 2 * time.Second
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Boot == nil {
		opts.Boot = bootClock
	}
	if opts.LastMod == nil {
		opts.LastMod = lastMod
	}
	if opts.Addresses == nil {
		opts.Addresses = ownAddresses
	}
	if opts.Sessions == nil {
		opts.Sessions = sessions
	}
	if opts.Packages == nil {
		opts.Packages = os.DirFS(confdir.DpkgInfo)
	}
	r := &Runner{opts: opts, hurry: make(chan struct{}, 1), shared: newShared(opts.Store, opts.Failed), gathering: gathering, retry: retryEvery}
	r.timeout.Store(int64(opts.Timeout))
	return r
}

// Do carries out an effect, waiting for as long as that takes, and returns what
// came of it; nil where there is nothing to tell or ctx ended.
func (r *Runner) Do(ctx context.Context, effect model.Effect) model.Msg {
	switch e := effect.(type) {
	case model.Probe:
		return r.doProbe(ctx, e)
	case model.Hurry:
		r.Hurry()
		return nil
	case model.FetchJail:
		return r.doFetchJail(ctx, e)
	case model.FetchBans:
		return r.doFetchBans(ctx, e)
	case model.ReadConfiguration:
		return r.doReadConfiguration(ctx)
	case model.ReadLog:
		return r.doReadLog(ctx)
	case model.Commit:
		return r.doCommit(ctx, e)
	case model.Perform:
		return r.doPerform(ctx, e)
	case model.Journal:
		return r.doJournal(ctx, e)
	case model.JournalAll:
		return r.doJournal(ctx, e.Entries...)
	case model.FetchAddress:
		return r.doFetchAddress(ctx, e)
	case model.ActOn:
		return r.doActOn(ctx, e)
	case model.Rehearse:
		return r.doRehearse(ctx, e)
	case model.EndRehearsal:
		return r.doEndRehearsal(e)
	case model.PrepareEdit:
		return r.doPrepareEdit(e)
	case model.FindSuspects:
		return r.doFindSuspects(ctx, e)
	case model.ReadCatalogue:
		return r.doReadCatalogue(ctx)
	case model.StartGuard:
		return r.doStartGuard(ctx, e)
	case model.TendChange:
		return r.doTendChange(ctx)
	case model.ReadOwn:
		return r.doReadOwn(ctx, e)
	case model.KeepSettings:
		return r.doKeepSettings(e)
	case model.ListBans:
		return r.doListBans(ctx, e)
	case model.CheckSetup:
		return r.doCheckSetup(ctx, e)
	case model.Configure:
		r.timeout.Store(int64(e.Timeout))
		return nil
	default:
		return nil
	}
}

// answerTime is how long an answer may take.
func (r *Runner) answerTime() time.Duration { return time.Duration(r.timeout.Load()) }

// Hurry makes the probe that waits for its time go now, or the next one where
// none waits.
func (r *Runner) Hurry() {
	select {
	case r.hurry <- struct{}{}:
	default: // somebody has said so already
	}
}

// now is the wall clock alone: a time that is kept, sent and compared does not
// carry this process's own clock along.
func (r *Runner) now() time.Time { return r.opts.Now().Round(0) }
