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
	"bantop/model"
)

// suspectAge is how long ago a file was changed that may be to blame by that.
const suspectAge = 24 * time.Hour

// doFindSuspects looks for the files that are to blame: those with a line because of
// which fail2ban would not come up with every jail now. It is tried, on copies; what
// does not fail now blames nobody. If it cannot be tried, fail2ban's own errors since
// the newest start or reload lead to files, which are not proven. What was changed of
// late is named, too, unless somebody stopped the server.
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
	f := finding{conf: r.opts.Conf, catalogue: catalogue, now: r.now(), packages: r.opts.Packages,
		found: make(map[string]model.Suspect)}
	f.changedOfLate()
	f.likely = f.likeliest(e)
	if e.Stopped {
		clear(f.found)
	}
	msg.Whole, err = f.culprits(ctx, prove)
	if err != nil {
		msg.Reason = "it could not be tried: " + err.Error()
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
	packages  fs.FS                    // dpkg's lists
	likely    []string                 // jails that are enabled, the likeliest to be at fault first
	found     map[string]model.Suspect // by the path in the configuration, with the line if it is proven
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

// blame takes note of a line that a fault stems from. It reports whether that is new.
func (f *finding) blame(slip fail2ban.Slip, proven bool) bool {
	key := slip.Place.String()
	if f.found[key].Proven {
		return false
	}
	s := f.found[slip.File]
	delete(f.found, slip.File)
	if s.Dir = path.Dir(slip.File); s.Dir == "." {
		s.Dir = ""
	}
	s.Name, s.Line, s.Proven, s.Reason = path.Base(slip.File), slip.Line, proven, fail2ban.Short(slip.Reason)
	if info, err := os.Stat(filepath.Join(f.conf, slip.File)); err == nil {
		s.Changed = info.ModTime()
	}
	s.Keep = confdir.MayAside(f.packages, f.conf, slip.File)
	of := f.jailsOf(slip.File)
	s.Jail = f.jailOf(slip.Place, slip.Jail, of)
	if s.Keep == "" {
		s.Jails = f.lostWithout(slip.File, of)
	}
	f.found[key] = s
	return true
}

// readLog names what fail2ban's errors lead to. Most of them do not say which jail they
// are about, and the one that was activated last is a guess.
func (f *finding) readLog(e model.FindSuspects) {
	for _, text := range e.Log {
		if at, ok := confdir.Blame(os.DirFS(f.conf), text, e.Jail); ok {
			f.blame(fail2ban.Slip{Place: at, Jail: e.Jail, Reason: fail2ban.OneLine(text)}, false)
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
		if line, ok := confdir.SectionOf(text, name); ok && !inParts(at.File) && line <= at.Line && line > begins {
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

// inParts reports whether a file is one of a filter or an action.
func inParts(file string) bool {
	return strings.HasPrefix(file, "filter.d/") || strings.HasPrefix(file, "action.d/")
}

// likeliest are the jails that are enabled, the likeliest to be at fault first: the one
// that was activated last, then those of a file that was changed of late.
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
	return append(likely, others...)
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
		return cmp.Or(b.Changed.Compare(a.Changed), strings.Compare(a.Dir+a.Name, b.Dir+b.Name), cmp.Compare(a.Line, b.Line))
	})
	const most = 20
	return out[:min(len(out), most)]
}

// ofOther is how a rehearsal begins a reason that is another jail's: in its own words,
// or in fail2ban's.
var ofOther = regexp.MustCompile(`^(?:jail ("(?:[^"\\]|\\.)*")|Jail '(.+?)' skipped, because of wrong configuration): `)

// stem is the line of a configuration that a reason of a rehearsal stems from, where
// that is known. Another jail than the rehearsed one may be at fault.
func stem(conf fs.FS, reason, jail string) (fail2ban.Place, bool) {
	if other := jailIn(reason); other != "" {
		reason, jail = strings.TrimPrefix(reason, ofOther.FindString(reason)), other
	}
	return confdir.Blame(conf, reason, jail)
}

// jailIn is the other jail that a reason of a rehearsal is about; "" if it is about the
// rehearsed one.
func jailIn(reason string) string {
	m := ofOther.FindStringSubmatch(reason)
	if m == nil {
		return ""
	}
	if other, err := strconv.Unquote(m[1]); err == nil {
		return other
	}
	return m[2]
}
