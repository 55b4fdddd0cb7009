package cli

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"bantop/config"
	"bantop/fail2ban/allowfile"
	"bantop/fail2ban/confdir"
	"bantop/fail2ban/control"
	"bantop/fail2ban/ending"
	"bantop/fail2ban/quote"
	"bantop/fail2ban/socket"
	"bantop/model"
	"bantop/model/country"
	"bantop/model/doctor"
	"bantop/model/guard"
	"bantop/model/runner"
	"bantop/model/store"
)

// server is one server that bantop looks at: the state it starts with, and who
// carries out its effects.
type server struct {
	state  model.State
	runner *runner.Runner
	close  func()
}

// use is what a server is connected to for.
type use int

const (
	oneLook   use = iota // a command that looks, prints and ends
	dashboard            // a dashboard: it takes turns in looking, and the server's log hurries it
)

// unit tells the systemd unit of the server of these settings: that of the
// machine's own, where no other is named.
func unit(s config.Settings) func(context.Context) string {
	if clientCommand(s) != "" {
		return nil
	}
	return control.Unit
}

// systemd asks about that unit; nil likewise.
func systemd(s config.Settings) func(context.Context) (control.Service, error) {
	if clientCommand(s) != "" {
		return nil
	}
	return control.AskSystemd
}

// connection is how a server is connected to.
type connection struct {
	use  use
	from settingsFrom // where the settings were read from
	out  io.Writer    // where the dashboard would be drawn
	errs io.Writer    // where a command says what is beside its result; nil for a dashboard, whose screen that would spoil

	apart   bool   // as in model.Options
	confirm string // likewise
	asRoot  string // likewise

	last bool // the process ends then
}

// connect prepares to look at the server of the settings. It is not asked yet;
// the state that instances share is read.
func connect(ctx context.Context, e config.Effective, c connection) server {
	s := e.Settings
	client := socket.New(socket.Options{Path: s.Socket, PIDFile: s.PIDFile, Timeout: s.Timeout, Control: clientCommand(s)})
	host, err := os.Hostname()
	if err != nil {
		host = ""
	}
	who := whoami()
	options := model.Options{
		Settings: e, Faults: c.from.faults, Host: host, Who: who.user, TTY: who.tty,
		Control: clientCommand(s), Apart: c.apart, Confirm: c.confirm, AsRoot: c.asRoot,
	}
	shared := keptBy(s, c.errs)
	snap, failed := shared.Load(ctx)
	if failed != nil {
		options.Private, options.Next = store.Why(failed), store.Next(failed)
	}
	options.Shared = failed == nil
	state := model.New(options)
	if failed == nil {
		_ = guard.Tidy(ctx, shared, store.NewTexts(keptIn(s)), guard.Conf(s.Conf), host) // the next bantop tries again
		state, _ = model.Update(state, model.Stored{Revision: snap.Revision, Runtime: snap.Runtime, Events: snap.Events})
	}
	ctl := provenControl(s, client, shared)
	conf := serverConf(s)
	doc := doctor.New(doctor.Options{
		Settings: e, Read: c.from.check, Conf: conf, Client: client, Control: ctl, Store: shared, StateDir: stateDir(s),
		Systemd:  systemd(s),
		Terminal: func() model.Check { return terminalCheck(c.out, s.Theme, os.Getenv) },
	})
	run := runner.New(runner.Options{
		Client: client, Control: ctl, Timeout: s.Timeout, Watch: c.use == dashboard, Checks: doc.Check,
		Store: shared, Failed: failed, Once: c.use == oneLook,
		Conf: s.Conf, Guard: guards(s, c.from.named),
		Keep:      keep{allowfile.Options{Conf: s.Conf}, store.NewTexts(keptIn(s)), who, host},
		Countries: countries(s),
		Addresses: machineAddresses,
		Person:    runner.Person{Who: who.user, TTY: who.tty, Host: host}, File: c.from.file, Reread: c.from.reread(),
		LogTarget: conf.LogTarget,
	})
	return server{state: state, runner: run, close: func() {
		together(func() {
			run.EndRehearsals()
			run.StandStill()() // fail2ban's database is read no more
			_ = client.Close() // what it was wanted for is done
		}, func() { closeStore(ctx, shared, c.use == dashboard || !c.last) })
	}}
}

// machineAddresses are the addresses of this machine; nil asks its interfaces. A test has
// none.
var machineAddresses func() []string

// together does several things side by side. After a signal, and once somebody quit,
// they have as long as package ending gives them: what is not done by then harms
// nobody. A scratch server ends with this process, and the next bantop removes its
// folder; the lease lapses.
func together(things ...func()) {
	var all sync.WaitGroup
	for _, do := range things {
		all.Add(1)
		ending.Go(func() {
			defer all.Done()
			do()
		})
	}
	all.Wait()
}

// countries tells where addresses are, nil where no database is set. It is not read
// before somebody looks at bans.
func countries(s config.Settings) runner.Countries {
	if s.CountryDatabase == "" {
		return nil
	}
	return country.At(s.CountryDatabase)
}

// closeStore gives the lease back. A process that ends at once does not close
// the database: to close it waits for the disk, and the next who opens it finds
// it just as well.
func closeStore(ctx context.Context, shared store.Store, closed bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = shared.Release(ctx) // else it lapses
	if closed {
		_ = shared.Close() // nothing is lost
	}
}

// rootState is where root's instances share it. Tests name another folder: this
// machine's is not theirs.
var rootState = "/var/lib/bantop"

// stateDir is where what instances share is kept: root's for all, a user's for
// himself.
func stateDir(s config.Settings) string {
	switch {
	case s.StateDir != "":
		return s.StateDir
	case os.Geteuid() == 0:
		return rootState
	}
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "bantop")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return filepath.Join(os.TempDir(), "bantop-"+strconv.Itoa(os.Geteuid()))
	}
	return filepath.Join(home, ".local", "state", "bantop")
}

// clientCommand is how fail2ban-client is called for the server of these settings, to
// be pasted into a shell; "" where no flag is needed.
func clientCommand(s config.Settings) string {
	line := "fail2ban-client"
	if s.Conf != config.Default().Conf {
		line += " -c " + quote.Word(s.Conf)
	}
	found, err := withServer(config.Effective{Settings: config.Settings{Conf: s.Conf}})
	if err != nil || found.Socket != s.Socket {
		line += " -s " + quote.Word(s.Socket)
		if s.PIDFile != "" {
			line += " -p " + quote.Word(s.PIDFile)
		}
	}
	if line == "fail2ban-client" {
		return ""
	}
	return line
}

// serverConf is what fail2ban's configuration says about the server, for when it
// cannot be asked.
func serverConf(s config.Settings) confdir.Server {
	conf, err := confdir.ReadServer(os.DirFS(s.Conf))
	if err != nil {
		return confdir.Server{}
	}
	return conf
}
