package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/allowfile"
	"bantop/fail2ban/control"
	"bantop/fail2ban/quote"
	"bantop/model"
)

// server is what one exchange with the server gave.
type server struct {
	version string
	took    time.Duration
	err     error
	log     string // its log target; what the configuration says where it does not answer
	db      string // its database; likewise
}

func (s server) answers() bool { return s.err == nil }

// answerTime is how long the server may take for all questions.
const answerTime = 5 * time.Second

// server asks the server about itself.
func (d *Doctor) server(ctx context.Context) server {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	s := server{log: d.opts.Conf.LogTarget, db: d.opts.Conf.DBFile}
	begun := time.Now()
	s.version, s.err = d.opts.Client.Version(ctx)
	s.took = time.Since(begun)
	if s.err != nil {
		return s
	}
	var log, db string
	if log, s.err = d.opts.Client.LogTarget(ctx); s.err == nil {
		db, s.err = d.opts.Client.DBFile(ctx)
	}
	if s.err == nil {
		s.log, s.db = log, db
	}
	return s
}

// settings says where the settings come from, and which of them are not used.
func (d *Doctor) settings() model.Check {
	read := Settings{Effective: d.opts.Settings}
	if d.opts.Read != nil {
		read = d.opts.Read()
	}
	if len(read.Faults) > 0 {
		var sources, reasons []string
		for _, f := range read.Faults {
			sources, reasons = append(sources, f.Source), append(reasons, f.Reason)
		}
		return fault("settings", "not used: "+strings.Join(sources, ", "), strings.Join(reasons, "; "), read.Faults[0].Next)
	}
	found := "the defaults; no file sets anything"
	if files := read.Files(); len(files) > 0 {
		found = "from " + strings.Join(files, ", ")
	}
	if names := strings.Join(read.Ignored, " "); names != "" {
		return note("settings", found, "root ignores "+strings.ReplaceAll(names, " ", ", "), "unset "+names)
	}
	if retired := read.Retired(); len(retired) > 0 {
		return note("settings", found, retired[0].What(), retired[0].Next())
	}
	return ok("settings", found)
}

// socket says whether the server answers.
func (d *Doctor) socket(s server) model.Check {
	path := d.opts.Settings.Socket
	if s.answers() {
		found := fmt.Sprintf("%s answers in %v", path, s.took.Round(10*time.Microsecond))
		if pid := d.opts.Client.PID(); pid > 0 {
			found += fmt.Sprintf(" (process %d)", pid)
		}
		return ok("socket", found)
	}
	why := s.err.Error()
	if e, is := errors.AsType[*fail2ban.Error](s.err); is && e.Kind != nil {
		why = e.Kind.Error()
		if e.Cause != nil {
			why += ": " + e.Cause.Error()
		}
	}
	if errors.Is(s.err, fail2ban.ErrPermission) {
		return fault("socket", path, why, "see permission")
	}
	return fault("socket", path, why, fail2ban.Hint(s.err))
}

// permission says who may talk to the server. Whoever may, may do everything: the
// server runs any command as root that a jail's action names.
func (d *Doctor) permission(s server) model.Check {
	const name = "permission"
	a, err := accessOf(d.opts.Settings.Socket)
	if err != nil {
		if errors.Is(err, os.ErrPermission) {
			return fault(name, "you ("+userName(d.uid)+") may not even look at the socket", "its folder is closed to you", "sudo bantop")
		}
		return note(name, "not known: there is no socket", "", "")
	}
	found := "open to " + strings.Join(a.who, ", ")
	switch {
	case errors.Is(s.err, fail2ban.ErrPermission):
		why := fmt.Sprintf("you (%s) may not: run bantop as root", userName(d.uid))
		if a.group != "" {
			return fault(name, found, fmt.Sprintf("you (%s) may not, and are not of the group %s", userName(d.uid), a.group),
				"sudo usermod -aG "+quote.Word(a.group)+" "+quote.Word(userName(d.uid)))
		}
		return fault(name, found, why+"; an ACL (setfacl) lasts only until fail2ban makes its socket anew", "sudo bantop")
	case a.all:
		return fault(name, found, "whoever may talk to fail2ban may run commands as root through it",
			"sudo chmod 0700 "+quote.Word(d.opts.Settings.Socket))
	default:
		return ok(name, found)
	}
}

// version says which fail2ban runs.
func (d *Doctor) version(s server) model.Check {
	const name = "fail2ban"
	switch {
	case !s.answers():
		return note(name, "does not answer: its version is not known", "", "")
	case !fail2ban.AtLeast(s.version, 0, 11):
		return fault(name, s.version, "bantop speaks with 0.11 and newer", "update fail2ban")
	case !fail2ban.AtLeast(s.version, 1, 1):
		return ok(name, s.version+"; counts are asked for jail by jail (1.1 tells all in one answer)")
	default:
		return ok(name, s.version)
	}
}

// client says whether there is a fail2ban-client, and of the server's version.
func (d *Doctor) client(s server) model.Check {
	const name = "client"
	switch p := d.found; {
	case p.clientErr != nil:
		why := p.clientErr.Error() + ": bantop cannot read the configuration, reload or restart"
		return fault(name, "fail2ban-client cannot be run", why, clientMend(p.clientErr))
	case s.answers() && !fail2ban.SameVersion(s.version, p.client):
		return fault(name, "fail2ban-client "+p.client, "the server still runs "+s.version+": it was not restarted after an update", d.opts.Client.Command("restart", "restart"))
	default:
		return ok(name, "fail2ban-client "+p.client)
	}
}

// clientMend is what makes fail2ban-client one that can be run.
func clientMend(err error) string {
	if unsafe, is := errors.AsType[*control.UnsafeError](err); is {
		return unsafe.Hint()
	}
	return install()
}

// configuration says whether fail2ban can read its configuration.
func (d *Doctor) configuration() model.Check {
	const name = "configuration"
	p, conf := d.found, d.opts.Settings.Conf
	jails := count(len(p.dump.Jails), "jail")
	switch {
	case p.clientErr != nil:
		return note(name, conf, "it cannot be read without fail2ban-client", "")
	case p.dumpErr != nil:
		return fault(name, conf, p.dumpErr.Error(), d.test())
	case len(p.dump.Faulty) > 0:
		return fault(name, conf+" enables "+jails, "fail2ban leaves out "+strings.Join(p.dump.Faulty, ", ")+": something is wrong with it", d.test())
	case len(p.dump.Jails) == 0:
		return note(name, conf+" enables no jail", "fail2ban bans nobody",
			"set enabled = true for a jail in "+quote.Word(conf+"/jail.local"))
	default:
		return ok(name, conf+" enables "+jails)
	}
}

// allowed says whether fail2ban goes by what bantop wrote into its configuration.
func (d *Doctor) allowed() model.Check {
	const name = "allowed"
	p, path := d.found, allowfile.Path(d.opts.Settings.Conf)
	if p.allowErr != nil {
		why, mend := p.allowErr.Error(), allowfile.Hint(p.allowErr)
		if mend == "" {
			mend = d.test()
		}
		return fault(name, path, why, mend)
	}
	for _, r := range p.allowed {
		if r.Outcome == fail2ban.Refused {
			return fault(name, path, r.Address+" in "+r.Jail+": "+r.Err.Error(),
				"bantop allow "+quote.Word(r.Address)+" --jail "+quote.Word(r.Jail)+" --keep")
		}
	}
	return ok(name, fmt.Sprintf("%s: %d on an ignore list for good", path, len(p.allowed)))
}

// test is the command that says what is wrong with the configuration.
func (d *Doctor) test() string {
	if conf := d.opts.Settings.Conf; conf != "/etc/fail2ban" {
		return "sudo fail2ban-client -c " + quote.Word(conf) + " -t"
	}
	return "sudo fail2ban-client -t"
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
