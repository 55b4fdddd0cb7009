package doctor

import (
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"bantop/model"
)

// clock says whether the machine's clock is kept right.
func clock() model.Check {
	var t unix.Timex // zero modes: it is only read
	_, err := unix.Adjtimex(&t)
	return clockCheck(t.Status, err, time.Now())
}

func clockCheck(status int32, err error, now time.Time) model.Check {
	const name = "clock"
	zone, _ := now.Zone()
	found := now.Format("15:04:05") + " " + zone
	switch {
	case err != nil:
		return note(name, found, "whether it is kept right is not known: "+err.Error(), "")
	case status&unix.STA_UNSYNC != 0:
		return note(name, found, "nobody keeps it right: bans and failures are counted by it", "sudo timedatectl set-ntp true")
	default:
		return ok(name, found+", synchronised")
	}
}

// service says what systemd makes of fail2ban.
func (d *Doctor) service(s server) model.Check {
	const name = "service"
	p := d.found
	unit := p.service
	found := "fail2ban.service is " + unit.Active
	if unit.Enabled != "" {
		found += " and " + unit.Enabled
	}
	socket := unit.Socket == "active"
	if socket {
		found += "; fail2ban.socket starts it when somebody asks"
	}
	switch {
	case !unit.Booted:
		return note(name, "systemd does not run here", "see yourself that fail2ban comes up with the machine", "")
	case p.systemErr != nil:
		return note(name, "not known", p.systemErr.Error(), "")
	case unit.Load == "masked":
		return fault(name, "fail2ban.service is masked", "systemd may not start it", "sudo systemctl unmask fail2ban")
	case !unit.Loaded():
		return note(name, "systemd knows no fail2ban.service", "see yourself that fail2ban comes up with the machine", "")
	case unit.Active == "failed":
		return fault(name, found, "it ended with a failure", "sudo journalctl -u fail2ban -n 20")
	case s.answers() && unit.Active != "active" && !socket:
		return note(name, found, "fail2ban runs, but systemd did not start it and does not look after it", "")
	case unit.Enabled == "disabled" && !socket:
		return fault(name, found, "it does not come back when the machine restarts", "sudo systemctl enable fail2ban")
	default:
		return ok(name, found)
	}
}

// install is how fail2ban is installed here.
func install() string {
	for _, m := range []struct{ program, line string }{
		{"apt-get", "sudo apt-get install fail2ban"}, {"dnf", "sudo dnf install fail2ban"}, {"zypper", "sudo zypper install fail2ban"},
		{"pacman", "sudo pacman -S fail2ban"}, {"apk", "sudo apk add fail2ban"},
	} {
		if _, err := exec.LookPath(m.program); err == nil {
			return m.line
		}
	}
	return "install fail2ban"
}

func uid() int { return os.Geteuid() }

// userName is the name of a user, or his number.
func userName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return "uid " + strconv.Itoa(uid)
}
