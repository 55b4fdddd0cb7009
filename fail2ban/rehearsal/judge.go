package rehearsal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"bantop/fail2ban"
	"bantop/fail2ban/confdir"
)

// judge gathers what is in the way of a stream.
type judge struct {
	proof Proof
	dir   fs.FS
	slips []fail2ban.Slip
	left  []fail2ban.Slip

	jails  map[string]bool   // that the stream adds
	python map[string]bool   // jail and action, of those that are written in Python
	given  map[string]string // what is set server-wide

	journal bool // whether the server is to log to the journal
}

// sort looks at each command of a stream, and returns those for the scratch server.
func (j *judge) sort(commands []any) []any {
	j.jails, j.python, j.given = map[string]bool{}, map[string]bool{}, map[string]string{}
	out := []any{[]any{"set", "dbfile", ":memory:"}} // without one, dbpurgeage and dbmaxmatches take anything
	for _, c := range commands {
		if items, is := c.([]any); is && j.fits(items) {
			out = append(out, c)
		}
	}
	j.serverWide()
	if j.journal && !j.jails[journalProbe] {
		out = append(out, []any{"add", journalProbe, "systemd"})
	}
	return out
}

// journalProbe is a jail that shows whether fail2ban's Python has the module for the
// journal. SYSTEMD-JOURNAL as log target needs it, too (1.0.2 and 1.1.0,
// server/server.py); to set that would write into the journal.
const journalProbe = "bantop-journal"

// fits reports whether a command is for the scratch server.
func (j *judge) fits(c []any) bool {
	if j.swallows(c) {
		return false
	}
	switch word(c, 0) {
	case "config-error":
		j.skipped(word(c, 1))
		return false
	case "start":
		return false
	case "add":
		j.jails[word(c, 1)] = true
	case "set":
		switch name := word(c, 1); name {
		case "logtarget", "dbfile", "syslogsocket":
			if len(c) == 3 {
				j.given[name] = word(c, 2)
				return false
			}
		case "loglevel":
			return len(c) != 3 // fail2ban-client refuses one that does not exist
		}
		switch word(c, 2) {
		case "addlogpath":
			return j.readable(word(c, 3))
		case "addaction":
			if len(c) > 4 {
				j.python[word(c, 1)+"\x00"+word(c, 3)] = true
				j.module(c)
				return false
			}
		}
	case "multi-set":
		return word(c, 2) != "action" || !j.python[word(c, 1)+"\x00"+word(c, 3)]
	}
	return true
}

// ofServer are the names that fail2ban takes for a setting of the server, also where a
// jail is meant (1.0.2 and 1.1.0, server/transmitter.py): the commands of a jail of that
// name set what they should not, or are refused, and the jail gets nothing.
var ofServer = map[string]bool{
	"loglevel": true, "logtarget": true, "syslogsocket": true, "allowipv6": true,
	"thread": true, "dbfile": true, "dbmaxmatches": true, "dbpurgeage": true,
}

// swallows reports whether a command is one of a jail that cannot be set up because of
// its name. Two items behind the name are a jail's: the server's own settings have one.
func (j *judge) swallows(c []any) bool {
	name := word(c, 1)
	if !ofServer[name] || word(c, 0) == "set" && len(c) == 3 && !j.jails[name] {
		return false
	}
	if word(c, 0) == "add" {
		j.jails[name] = true
		at, _ := confdir.Blame(j.dir, "Errors in jail '"+name+"'", name)
		reason := "no jail can have this name: fail2ban takes it for a setting of the server"
		j.slips = append(j.slips, fail2ban.Slip{Place: at, Jail: name, Reason: reason})
	}
	return true
}

// word is an item that is text; "" if it is not.
func word(c []any, i int) string {
	if i >= len(c) {
		return ""
	}
	s, _ := c[i].(string)
	return s
}

// skipped takes in why a jail is left out (1.0.2 and 1.1.0, client/jailsreader.py).
func (j *judge) skipped(said string) {
	jail, rest, ok := strings.Cut(strings.TrimPrefix(said, "Jail '"), "' skipped, because of ")
	if !ok {
		j.slips = append(j.slips, fail2ban.Slip{Reason: said})
		return
	}
	why := strings.TrimPrefix(rest, "wrong configuration: ")
	s := fail2ban.Slip{Jail: jail, Reason: why}
	s.Place, _ = confdir.Blame(j.dir, why, jail)
	if !j.proof.mustRun(jail) {
		j.left = append(j.left, s)
		return
	}
	j.slips = append(j.slips, s)
}

// readable reports whether the scratch server may open a log: not one that the running
// server has open, since a reload does not open it again; and not a pipe or a device,
// which may wait.
func (j *judge) readable(path string) bool {
	if slices.Contains(j.proof.Live.Files, path) {
		return false
	}
	info, err := os.Stat(path)
	return err != nil || info.Mode()&(os.ModeNamedPipe|os.ModeDevice) == 0
}

// tryAll sends the commands to a scratch server.
func (j *judge) tryAll(ctx context.Context, commands []any) error {
	f, err := newFolder(j.proof.Dir)
	if err != nil {
		return err
	}
	defer f.remove()
	s, err := startScratch(ctx, j.proof.Program, "", f)
	if err != nil {
		return err
	}
	defer s.kill()
	refused, err := s.client.Try(ctx, "set up a scratch server", commands)
	if err != nil {
		return err
	}
	noJail := map[string]bool{}      // whose add was refused: all else about it is, too
	seen := map[fail2ban.Slip]bool{} // several options may have one value
	for i, err := range refused {
		e, is := errors.AsType[*fail2ban.ServerError](err)
		if !is {
			continue
		}
		if word(commands[i].([]any), 1) == journalProbe && !j.jails[journalProbe] {
			j.noJournal(s)
			continue
		}
		slip := j.slip(s, commands[i].([]any), e)
		key := fail2ban.Slip{Place: slip.Place, Jail: slip.Jail}
		if slip.File == "" {
			key.Reason = slip.Reason
		}
		if !seen[key] && !noJail[slip.Jail] {
			seen[key] = true
			j.slips = append(j.slips, slip)
		}
		if word(commands[i].([]any), 0) == "add" {
			noJail[slip.Jail] = true
		}
	}
	return nil
}

// noJournal takes in that the server could not log to the journal, if it is that.
func (j *judge) noJournal(s *scratch) {
	_, module, missing := strings.Cut(s.out.backendError(), "No module named ")
	if !missing {
		return
	}
	at, _ := confdir.Locate(j.dir, "", "logtarget", "")
	reason := fmt.Sprintf("logtarget = %s: No module named %s", j.given["logtarget"], module)
	j.slips = append(j.slips, fail2ban.Slip{Place: at, Option: "logtarget", Reason: reason})
}

// slip is what a refused command means.
func (j *judge) slip(s *scratch, c []any, e *fail2ban.ServerError) fail2ban.Slip {
	said := fail2ban.OneLine(e.Message)
	if len(c) == 3 && word(c, 0) == "set" && !j.jails[word(c, 1)] {
		option, value := word(c, 1), c[2]
		if options, is := value.(map[string]any); is { // of thread, the only one that there is
			option, value = "stacksize", options["stacksize"]
		}
		at, written := confdir.Locate(j.dir, "", option, "")
		return fail2ban.Slip{Place: at, Option: option, Reason: setting(option, value, written, said)}
	}
	out := fail2ban.Slip{Jail: word(c, 1)}
	if word(c, 0) == "add" {
		out.Reason = said
		if strings.HasPrefix(said, "Reserved name") {
			out.Place, _ = confdir.Blame(j.dir, "Errors in jail '"+out.Jail+"'", out.Jail)
			return out
		}
		out.Option = "backend"
		if backend := s.out.backendError(); backend != "" && strings.HasPrefix(said, "Failed to initialize any backend") {
			said = backend
		}
		out.Reason = said
		out.Place, _ = confdir.Blame(j.dir, said, out.Jail)
		if out.File == "" {
			out.Place, _ = confdir.Locate(j.dir, out.Jail, "backend", word(c, 2))
		}
		return out
	}
	out.Option = optionNames[word(c, 2)]
	out.Option = cmp.Or(out.Option, strings.TrimPrefix(word(c, 2), "add"))
	var written string
	out.Place, written = j.where(out, c)
	if at, found := confdir.Blame(j.dir, e.Message, out.Jail); found && regexes[out.Option] {
		out.Place = at
	}
	out.Reason = said
	if classify(said) == fail2ban.VerdictRefused {
		out.Reason = setting(out.Option, value(c), written, said)
	}
	return out
}

// setting tells what a value was refused with. fail2ban-client sends None for what is not
// a number: then the value is the one that is written.
func setting(option string, value any, written, said string) string {
	text := fmt.Sprint(value)
	if value == nil {
		text, said = written, "it is not a number"
	}
	const most = 100
	return fmt.Sprintf("%s = %.*s: %s", option, most, fail2ban.OneLine(text), said)
}

// value is what a command of a jail sets.
func value(c []any) any {
	if len(c) > 3 {
		return c[3]
	}
	return ""
}

// where is the line of an option and what it says, or else the jail's.
func (j *judge) where(s fail2ban.Slip, c []any) (fail2ban.Place, string) {
	text, _ := value(c).(string)
	if at, written := confdir.Locate(j.dir, s.Jail, s.Option, text); at.File != "" {
		return at, written
	}
	if at, _ := confdir.Locate(j.dir, s.Jail, "filter", s.Option); s.Option == "maxlines" && at.File != "" {
		return at, "" // as in filter = x[maxlines=0]
	}
	at, _ := confdir.Blame(j.dir, "Errors in jail '"+s.Jail+"'", s.Jail)
	return at, ""
}

// optionNames are the options of commands that are named otherwise.
var optionNames = map[string]string{"addjournalmatch": "journalmatch", "action": "action", "addaction": "action"}

// regexes are the options that stand in a filter.
var regexes = map[string]bool{"failregex": true, "ignoreregex": true, "prefregex": true}
