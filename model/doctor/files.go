package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"bantop/config/trust"
	"bantop/fail2ban"
	"bantop/fail2ban/bandb"
	"bantop/fail2ban/quote"
	"bantop/model"
	"bantop/model/store"
)

// leastRoom is how much room a file system should have left, in bytes.
const leastRoom = 16 << 20

// database says how it stands with fail2ban's own database.
func (d *Doctor) database(s server) model.Check {
	const name = "database"
	switch s.db {
	case "", "None", ":memory:":
		if !s.answers() && s.db == "" {
			return note(name, "not known: fail2ban does not answer", "", "")
		}
		return note(name, "none", "bans are forgotten when fail2ban restarts",
			"set dbfile in "+quote.Word(d.opts.Settings.Conf+"/fail2ban.local"))
	}
	fi, err := os.Stat(s.db)
	switch {
	case errors.Is(err, fs.ErrNotExist) && s.answers():
		return fault(name, s.db, "it was removed while fail2ban runs: new bans are forgotten when that restarts", d.opts.Client.Command("restart", "restart"))
	case errors.Is(err, fs.ErrNotExist):
		return note(name, s.db+" is not there yet", "", "")
	case err != nil:
		return note(name, s.db, "you ("+userName(d.uid)+") may not look at it: the history of bans needs it", "sudo bantop")
	}
	found := s.db + ", " + size(fi.Size())
	if left, ok := room(s.db); ok && left < leastRoom {
		return fault(name, found, "its disk has "+size(left)+" left: fail2ban loses bans when it is full",
			"df -h "+quote.Word(filepath.Dir(s.db)))
	}
	if err := readable(s.db); err != nil {
		return note(name, found, "you ("+userName(d.uid)+") may not read it: the history of bans needs it", "sudo bantop")
	}
	if unsafe, is := errors.AsType[*trust.Error](bandb.Check(s.db)); is {
		return note(name, found, unsafe.Error()+": bantop does not read it, and tells no history of bans", unsafe.Hint())
	}
	return ok(name, found)
}

// log says how it stands with fail2ban's log.
func (d *Doctor) log(s server) model.Check {
	const name = "log"
	switch {
	case s.log == "":
		return note(name, "not known: fail2ban does not answer", "", "")
	case !filepath.IsAbs(s.log):
		return note(name, "fail2ban logs to "+s.log, "bantop reads a log file: without, it notices a ban at its next look, and shows no evidence",
			"set logtarget = /var/log/fail2ban.log in "+quote.Word(d.opts.Settings.Conf+"/fail2ban.local"))
	}
	fi, err := os.Stat(s.log)
	switch {
	case errors.Is(err, fs.ErrNotExist) && s.answers():
		return fault(name, s.log, "it was removed while fail2ban runs: what it logs is lost", "sudo fail2ban-client flushlogs")
	case errors.Is(err, fs.ErrNotExist):
		return note(name, s.log+" is not there yet", "", "")
	}
	if err == nil {
		err = readable(s.log)
	}
	if err != nil {
		return note(name, s.log, "you ("+userName(d.uid)+") may not read it: a ban is noticed at the next look, and no evidence shown", "sudo bantop")
	}
	found := fmt.Sprintf("%s, %s, written to %v ago", s.log, size(fi.Size()), max(0, time.Since(fi.ModTime())).Round(time.Second))
	if left, ok := room(s.log); ok && left < leastRoom {
		return fault(name, found, "its disk has "+size(left)+" left", "df -h "+quote.Word(filepath.Dir(s.log)))
	}
	return ok(name, found)
}

// state says whether what panes share can be kept.
func (d *Doctor) state(ctx context.Context) model.Check {
	const name = "state"
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	dir := d.opts.StateDir
	file := filepath.Join(dir, "bantop.db")
	if err := d.opts.Store.Try(ctx); err != nil {
		return fault(name, dir, whyState(err)+": panes share nothing, and nothing is kept", mendState(err, dir, file))
	}
	fi, err := os.Stat(file)
	found := dir
	if err == nil {
		found += ", " + size(fi.Size())
	}
	switch aside := filepath.Join(dir, "*.untrusted-*"); {
	case matches(aside):
		return note(name, found, "files that others could write are set aside here", "look at "+aside+", then delete them")
	case d.uid != 0:
		return note(name, found, "private to you ("+userName(d.uid)+"): other users' panes do not share it", "sudo bantop")
	default:
		return ok(name, found+", shared by root's panes")
	}
}

// matches reports whether there is a file of such a name.
func matches(pattern string) bool {
	found, err := filepath.Glob(pattern)
	return err == nil && len(found) > 0
}

// whyState is why a store does not work, without the path that stands beside it.
func whyState(err error) string {
	if unsafe, is := errors.AsType[*trust.Error](err); is {
		return unsafe.Error()
	}
	for _, kind := range []error{store.ErrFull, store.ErrCorrupt, store.ErrNewer, store.ErrBusy, store.ErrDenied} {
		if !errors.Is(err, kind) {
			continue
		}
		if cause, is := errors.AsType[syscall.Errno](err); is {
			return kind.Error() + ": " + cause.Error()
		}
		return kind.Error()
	}
	return err.Error()
}

// mendState is what to do about a store that does not work.
func mendState(err error, dir, file string) string {
	switch {
	case fail2ban.Hint(err) != "":
		return fail2ban.Hint(err)
	case errors.Is(err, store.ErrFull):
		return "df -h " + quote.Word(dir)
	case errors.Is(err, store.ErrCorrupt):
		return "mv " + quote.Word(file) + " " + quote.Word(file+".damaged")
	case errors.Is(err, store.ErrNewer):
		return "update bantop on this machine"
	case errors.Is(err, store.ErrBusy):
		return "fuser -v " + quote.Word(file)
	default:
		return "bantop --state-dir DIR, with a folder that you may write to; or sudo bantop"
	}
}

func readable(path string) error { return unix.Access(path, unix.R_OK) }

// room is how many bytes are left where a file is.
func room(path string) (int64, bool) {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return 0, false
	}
	return int64(st.Bavail) * int64(st.Bsize), true
}

// size writes a number of bytes.
func size(n int64) string {
	units := []string{"bytes", "KiB", "MiB", "GiB", "TiB"}
	f, i := float64(n), 0
	for f >= 1024 && i < len(units)-1 {
		f /= 1024
		i++
	}
	if i == 0 {
		return fmt.Sprintf("%d bytes", n)
	}
	return fmt.Sprintf("%.1f %s", f, units[i])
}
