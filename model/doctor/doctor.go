// Package doctor looks at everything that bantop and fail2ban need on this
// machine, and says of each whether it is there, what is wrong, and the one
// command that mends it.
package doctor

import (
	"context"
	"sync"
	"time"

	"bantop/config"
	"bantop/fail2ban"
	"bantop/fail2ban/allowfile"
	"bantop/fail2ban/confdir"
	"bantop/fail2ban/control"
	"bantop/model"
	"bantop/model/store"
)

// Client is what a Doctor asks of the server. *socket.Client is one.
type Client interface {
	Version(ctx context.Context) (string, error)
	LogTarget(ctx context.Context) (string, error)
	DBFile(ctx context.Context) (string, error)
	PID() int
	Command(unit, client string) string
}

// Control is what a Doctor has fail2ban-client tell. *control.Control is one.
type Control interface {
	Version(ctx context.Context) (string, error)
	Dump(ctx context.Context) (control.Dump, error)
}

// Options say what a Doctor looks at.
type Options struct {
	Settings config.Effective
	Read     func() Settings // what the settings' sources say now; nil: Settings, and nothing is wrong
	Conf     confdir.Server
	Client   Client
	Control  Control
	Store    store.Store
	StateDir string
	Terminal func() model.Check // how it stands with the terminal; nil is not looked at

	// Systemd asks about the service; nil where the server is not the machine's
	// own.
	Systemd func(context.Context) (control.Service, error)
}

// Settings are what their sources say now.
type Settings struct {
	config.Effective
	Faults  []config.Fault // what is not used
	Ignored []string       // variables that root does not take
}

// Doctor looks. It may be used by several goroutines.
type Doctor struct {
	opts Options
	uid  int

	mu    sync.Mutex
	found *programs // what took a process to find out; nil before the first look
}

// New returns a Doctor.
func New(o Options) *Doctor { return &Doctor{opts: o, uid: uid()} }

// programs is what other programs said.
type programs struct {
	client    string // version of fail2ban-client
	clientErr error
	dump      control.Dump
	dumpErr   error
	allowed   []fail2ban.Result // of what bantop wrote into the configuration
	allowErr  error
	service   control.Service
	systemErr error
}

// programTime is how long all programs together may take.
const programTime = 20 * time.Second

// Check looks at everything, in the order in which it is shown. What takes a
// process of its own is asked once, and again where fresh is set.
func (d *Doctor) Check(ctx context.Context, fresh bool) []model.Check {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.found == nil || fresh {
		d.found = d.ask(ctx)
	}
	s := d.server(ctx)
	checks := []model.Check{
		d.settings(), d.socket(s), d.permission(s), d.version(s), d.client(s), d.configuration(),
		d.database(s), d.log(s), d.state(ctx),
	}
	if p := d.found; p.allowErr != nil || len(p.allowed) > 0 {
		checks = append(checks, d.allowed())
	}
	if d.opts.Settings.CountryDatabase != "" {
		checks = append(checks, d.countries())
	}
	if d.opts.Terminal != nil {
		checks = append(checks, d.opts.Terminal())
	}
	checks = append(checks, clock())
	if d.opts.Systemd != nil {
		checks = append(checks, d.service(s))
	}
	return checks
}

// ask asks the other programs.
func (d *Doctor) ask(ctx context.Context) *programs {
	ctx, cancel := context.WithTimeout(ctx, programTime)
	defer cancel()
	p := &programs{}
	p.client, p.clientErr = d.opts.Control.Version(ctx)
	if p.clientErr == nil {
		p.dump, p.dumpErr = d.opts.Control.Dump(ctx)
		p.allowed, p.allowErr = allowfile.Check(ctx, allowfile.Options{Conf: d.opts.Settings.Conf})
	}
	if d.opts.Systemd != nil {
		p.service, p.systemErr = d.opts.Systemd(ctx)
	}
	return p
}

// The results of a check.

func ok(name, found string) model.Check {
	return model.Check{Name: name, Mark: model.CheckOK, Found: found}
}

func note(name, found, why, mend string) model.Check {
	return model.Check{Name: name, Mark: model.CheckNote, Found: found, Why: why, Mend: mend}
}

func fault(name, found, why, mend string) model.Check {
	return model.Check{Name: name, Mark: model.CheckFault, Found: found, Why: why, Mend: mend}
}
