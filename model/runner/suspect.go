package runner

import (
	"cmp"
	"context"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/confdir"
	"bantop/fail2ban/rehearsal"
	"bantop/model"
)

const (
	// suspectAge is how long ago a file was changed that may be to blame by that.
	suspectAge = 24 * time.Hour
	// suspectMost is how many jails are rehearsed, the likeliest first.
	suspectMost = 4
)

// doFindSuspects looks for the file that is to blame: what cannot be read, what a
// rehearsal of the likeliest jails finds, where neither finds anything what
// fail2ban's own errors lead to, and what was changed of late.
func (r *Runner) doFindSuspects(ctx context.Context, e model.FindSuspects) model.Msg {
	msg := model.SuspectsFound{}
	if r.opts.Conf == "" {
		msg.At, msg.Reason = r.now(), "there is no configuration here: this server is made up"
		return msg
	}
	catalogue, err := confdir.ReadCatalogue(os.DirFS(r.opts.Conf))
	if err != nil {
		msg.At, msg.Reason = r.now(), err.Error()
		return msg
	}
	f := finding{conf: r.opts.Conf, catalogue: catalogue, now: r.now(), found: make(map[string]model.Suspect)}
	f.changedOfLate()
	for _, fault := range catalogue.Faults {
		f.blame(fault.Place, "", fault.Reason)
	}
	for _, jail := range f.likeliest(e) {
		if found := f.rehearse(ctx, jail, e.Live); !found.OK() && found.Verdict != fail2ban.VerdictImpossible {
			f.blame(found.At, jail, found.Reason)
		}
	}
	if !f.proven() {
		f.readLog(e)
	}
	msg.At, msg.List = r.now(), f.list()
	return msg
}

// finding is a search for what is to blame.
type finding struct {
	conf      string
	catalogue fail2ban.Catalogue
	now       time.Time
	found     map[string]model.Suspect // by the path in the configuration
}

// harmful are the folders whose files may be set aside.
var harmful = []string{"jail.d", "filter.d", "action.d"}

// changedOfLate takes note of the files that were changed of late.
func (f *finding) changedOfLate() {
	for _, dir := range harmful {
		entries, err := os.ReadDir(filepath.Join(f.conf, dir))
		if err != nil {
			continue // there is none
		}
		for _, e := range entries {
			info, err := e.Info()
			ends := strings.HasSuffix(e.Name(), ".conf") || strings.HasSuffix(e.Name(), ".local")
			if err == nil && ends && info.Mode().IsRegular() && f.now.Sub(info.ModTime()) < suspectAge {
				f.found[path.Join(dir, e.Name())] = model.Suspect{Dir: dir, Name: e.Name(), Changed: info.ModTime()}
			}
		}
	}
}

// blame takes note of a file that a fault stems from.
func (f *finding) blame(at fail2ban.Place, jail, reason string) {
	dir, name := path.Dir(at.File), path.Base(at.File)
	if !slices.Contains(harmful, dir) {
		return
	}
	s := f.found[at.File]
	if s.Proven {
		return
	}
	s.Dir, s.Name, s.Line, s.Proven = dir, name, at.Line, true
	of := f.jailsOf(at.File)
	s.Jail, s.Jails = f.jailOf(at, jail, of), f.lostWithout(at.File, of)
	s.Reason = reason
	f.found[at.File] = s
}

// proven tells whether a file is known to be at fault.
func (f *finding) proven() bool {
	for _, s := range f.found {
		if s.Proven {
			return true
		}
	}
	return false
}

// readLog blames what fail2ban's errors lead to. They come last: most of them do not
// say which jail they are about, and the one that was activated last is a guess.
func (f *finding) readLog(e model.FindSuspects) {
	for _, text := range e.Log {
		if at, ok := confdir.Blame(os.DirFS(f.conf), text, e.Jail); ok {
			f.blame(at, e.Jail, fail2ban.OneLine(text))
		}
	}
}

// jailsOf are the jails that are enabled and made of a file.
func (f *finding) jailsOf(file string) []string {
	var of []string
	for _, j := range f.catalogue.Jails {
		if j.Enabled && slices.Contains(filesOf(j), file) {
			of = append(of, j.Name)
		}
	}
	return of
}

// lostWithout are those of the jails of a file that can hardly run without it: it
// alone enables them, or it is their filter or action as a whole.
func (f *finding) lostWithout(file string, of []string) []string {
	if path.Dir(file) != "jail.d" {
		whole, local := strings.CutSuffix(file, ".local")
		if _, err := os.Stat(filepath.Join(f.conf, whole+".conf")); local && err == nil {
			return nil
		}
		return of
	}
	without, err := confdir.ReadCatalogue(confdir.Overlay{FS: os.DirFS(f.conf), Name: file})
	if err != nil {
		return of
	}
	return slices.DeleteFunc(slices.Clone(of), func(name string) bool {
		j, _ := without.Jail(name)
		return j.Enabled
	})
}

// jailOf is the jail that a fault is about, of those that are made of its file:
// while one is rehearsed, fail2ban may complain about another.
func (f *finding) jailOf(at fail2ban.Place, rehearsed string, of []string) string {
	text, err := os.ReadFile(filepath.Join(f.conf, at.File))
	if err != nil {
		return rehearsed
	}
	section, begins := "", 0
	for _, name := range of {
		if line, ok := confdir.SectionOf(text, name); ok && path.Dir(at.File) == "jail.d" && line <= at.Line && line > begins {
			section, begins = name, line
		}
	}
	switch {
	case section != "":
		return section
	case len(of) == 0 || slices.Contains(of, rehearsed):
		return rehearsed
	default:
		return of[0]
	}
}

// likeliest are the jails to rehearse: the one that was activated last, and those of
// a file that was changed of late. Where there are none, any will do: fail2ban
// complains about the others, too.
func (f *finding) likeliest(e model.FindSuspects) []string {
	var likely, others []string
	for _, j := range f.catalogue.Jails {
		touched := slices.ContainsFunc(filesOf(j), func(file string) bool { _, is := f.found[file]; return is })
		switch {
		case !j.Enabled:
		case j.Name == e.Jail:
			likely = slices.Insert(likely, 0, j.Name)
		case touched:
			likely = append(likely, j.Name)
		default:
			others = append(others, j.Name)
		}
	}
	if len(likely) == 0 {
		return others[:min(len(others), 1)]
	}
	return likely[:min(len(likely), suspectMost)]
}

// filesOf are the files of a jail: those that name it, its filter and its actions.
func filesOf(j fail2ban.ConfJail) []string {
	out := slices.Clone(j.Files)
	add := func(dir, value string) {
		name, _, _ := strings.Cut(value, "[")
		name = path.Join(dir, strings.TrimSpace(name))
		out = append(out, name+".conf", name+".local")
	}
	add("filter.d", j.Filter)
	for line := range strings.Lines(j.Action) {
		add("action.d", line)
	}
	return out
}

// rehearse rehearses a jail as the configuration has it.
func (f *finding) rehearse(ctx context.Context, jail string, live []fail2ban.Jail) fail2ban.Rehearsal {
	const limit = 10 * time.Second
	r := rehearsal.New(rehearsal.Options{Conf: f.conf, Jail: jail, File: "no-change.local", On: true, Live: liveJails(live), Limit: limit})
	defer r.Close()
	for {
		found := r.Next(ctx)
		if found.Step == fail2ban.RehearseDone || found.Step == fail2ban.RehearseRead || ctx.Err() != nil {
			if found.Step == fail2ban.RehearseRead { // it loads
				found.Verdict = fail2ban.VerdictReady
			}
			if found.Reason != "" {
				found.At, _ = stem(os.DirFS(f.conf), found.Reason, jail) // nowhere, where it is not known
			}
			return found
		}
	}
}

// list is what was found, the surest first, then the newest.
func (f *finding) list() []model.Suspect {
	var out []model.Suspect
	for _, s := range f.found {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b model.Suspect) int {
		if a.Proven != b.Proven {
			return map[bool]int{true: -1, false: 1}[a.Proven]
		}
		return cmp.Or(b.Changed.Compare(a.Changed), strings.Compare(a.Dir+a.Name, b.Dir+b.Name))
	})
	const most = 5
	return out[:min(len(out), most)]
}

// ofOther is how a rehearsal begins a reason that is another jail's: in its own words,
// or in fail2ban's.
var ofOther = regexp.MustCompile(`^(?:jail ("(?:[^"\\]|\\.)*")|Jail '(.+?)' skipped, because of wrong configuration): `)

// stem is the line of a configuration that a reason of a rehearsal stems from, where
// that is known. Another jail than the rehearsed one may be at fault.
func stem(conf fs.FS, reason, jail string) (fail2ban.Place, bool) {
	if m := ofOther.FindStringSubmatch(reason); m != nil {
		other, err := strconv.Unquote(m[1])
		if err != nil {
			other = m[2]
		}
		reason, jail = strings.TrimPrefix(reason, m[0]), other
	}
	return confdir.Blame(conf, reason, jail)
}
