package confdir

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"bantop/fail2ban"
)

// Limits of what is read. Debian's jail.conf is 25 kB (1.1.0).
const (
	maxFile  = 1 << 20 // bytes of a file
	maxFiles = 2000    // files that one configuration is made of
	maxNest  = 40      // files that include each other in turn
	// Faults that are told of. Who has more mends some and looks again.
	maxFaults = 200
)

// reader reads a configuration in fail2ban's order.
type reader struct {
	dir    fs.FS
	files  map[string]*parsed  // by name; nil where it cannot be read
	lists  map[string][]string // by name: the file with all that it includes, in order
	faults []fail2ban.ConfFault
}

func newReader(dir fs.FS) *reader {
	return &reader{dir: dir, files: map[string]*parsed{}, lists: map[string][]string{}}
}

// read reads name.conf, name.d/*.conf, name.local and name.d/*.local, later ones
// over earlier, each with what it includes (1.0.2 and 1.1.0,
// client/configreader.py). It returns which files there are.
func (r *reader) read(name string) (*conf, []string) {
	roots := r.roots(name)
	var all []string
	for _, file := range roots {
		all = append(all, r.withIncludes(file, roots, nil)...)
	}
	if len(all) > maxFiles {
		r.fault(fail2ban.Place{File: all[maxFiles]}, fmt.Sprintf("it and all after it is not read here: there are more than %d files", maxFiles))
		all = all[:maxFiles]
	}
	c := newConf()
	for _, file := range all {
		c.merge(file, r.files[file])
	}
	return c, all
}

// roots are the files that a configuration begins with, as far as they exist.
func (r *reader) roots(name string) []string {
	var conf, local []string
	entries, err := fs.ReadDir(r.dir, name+".d")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.fault(fail2ban.Place{File: name + ".d"}, unreadable(err))
	}
	for _, e := range entries {
		switch file := path.Join(name+".d", e.Name()); {
		case strings.HasPrefix(e.Name(), "."): // Python's glob sees none of them
		case strings.HasSuffix(file, ".conf"):
			conf = append(conf, file)
		case strings.HasSuffix(file, ".local"):
			local = append(local, file)
		}
	}
	slices.Sort(conf)
	slices.Sort(local)
	all := slices.Concat([]string{name + ".conf"}, conf, []string{name + ".local"}, local)
	return slices.DeleteFunc(all, func(file string) bool {
		_, err := fs.Stat(r.dir, file)
		return errors.Is(err, fs.ErrNotExist)
	})
}

// withIncludes is a file with all that it includes, in the order in which they
// are laid over each other; nothing where it cannot be read (configparserinc.py,
// _getIncludes). seen are the files that led here.
func (r *reader) withIncludes(file string, among, seen []string) []string {
	list := r.alone(file, seen)
	local := strings.TrimSuffix(file, path.Ext(file)) + ".local"
	if slices.Contains(among, local) {
		return list
	}
	if info, err := fs.Stat(r.dir, local); err == nil && info.Mode().IsRegular() {
		list = slices.Concat(list, r.alone(local, seen))
	}
	return list
}

func (r *reader) alone(file string, seen []string) []string {
	p := r.load(file)
	if p == nil {
		return nil
	}
	var before, after []string
	if p.sections[includeSection] != nil {
		own := newConf()
		own.merge(file, p)
		seen = append(slices.Clone(seen), file)
		before = r.included(own, "before", seen)
		after = r.included(own, "after", seen)
	}
	list := slices.Concat(before, []string{file}, after)
	return list[:min(len(list), maxFiles+1)] // too many are too many
}

// included are the files that the last one of seen includes before or after
// itself.
func (r *reader) included(own *conf, opt string, seen []string) []string {
	o, ok := own.raw(includeSection, opt)
	if !ok {
		return nil
	}
	value, err := own.get(includeSection, opt)
	if err != nil {
		r.fault(o.place(), fmt.Sprintf("%s: %v: %s", opt, err, readsNothing))
		return nil
	}
	var list []string
	for i, name := range strings.Split(value, "\n") {
		if i > maxFiles || len(list) > maxFiles {
			break
		}
		at := o.place()
		if i < len(o.lines) {
			at.Line = o.lines[i]
		}
		if name != "" {
			list = append(list, r.include(name, at, seen)...)
		}
	}
	return list
}

// include is one file that another includes, with what it includes in turn.
func (r *reader) include(name string, at fail2ban.Place, seen []string) []string {
	from, led := seen[len(seen)-1], seen[:len(seen)-1]
	target := path.Join(path.Dir(from), name)
	if path.IsAbs(name) {
		target = strings.TrimPrefix(path.Clean(name), "/etc/fail2ban/")
	}
	switch {
	case !fs.ValidPath(target) || target == ".":
		r.fault(at, fmt.Sprintf("it includes %s, which is outside of this folder and is not read here", name))
		return nil
	case slices.Contains(led, target):
		r.fault(at, fmt.Sprintf("it includes %s, which leads back here: fail2ban goes round once and no more", name))
		return nil
	case len(seen) > maxNest:
		r.fault(at, fmt.Sprintf("it includes %s, which is not read here: %d files lead to it, one from the other", name, len(seen)))
		return nil
	}
	list, done := r.lists[target]
	if !done {
		list = r.withIncludes(target, []string{target}, seen)
		r.lists[target] = list
	}
	if _, err := fs.Stat(r.dir, target); errors.Is(err, fs.ErrNotExist) && path.Ext(target) != ".local" {
		r.fault(at, fmt.Sprintf("it includes %s, which is not there: fail2ban passes over it without a word", name))
	}
	return list
}

// load reads and parses one file, once; nil where that cannot be.
func (r *reader) load(file string) *parsed {
	if p, done := r.files[file]; done {
		return p
	}
	text, fault := readFile(r.dir, file)
	var p *parsed
	if fault.Reason == "" {
		p = parse(file, text)
		for _, f := range p.faults {
			r.fault(f.Place, f.Reason)
		}
	} else if fault != silent {
		r.fault(fail2ban.Place{File: file, Line: fault.Line}, fault.Reason)
	}
	r.files[file] = p
	return p
}

func (r *reader) fault(at fail2ban.Place, reason string) {
	if f := (fail2ban.ConfFault{Place: at, Reason: reason}); len(r.faults) < maxFaults && !slices.Contains(r.faults, f) {
		r.faults = append(r.faults, f)
	}
}

// notUTF8 is what is wrong with a file that fail2ban cannot decode.
const notUTF8 = "it is not UTF-8: fail2ban passes over the whole file"

// silent is the fault of a file that is not there.
var silent = fail2ban.ConfFault{Reason: "it is not there"}

// readFile reads a file. The fault has a reason where that, or fail2ban, cannot.
func readFile(dir fs.FS, file string) ([]byte, fail2ban.ConfFault) {
	info, err := fs.Stat(dir, file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, silent
	case err == nil && info.IsDir():
		return nil, fail2ban.ConfFault{Reason: "it is a folder: fail2ban passes over it"}
	case err == nil && !info.Mode().IsRegular():
		return nil, fail2ban.ConfFault{Reason: "it is no file, and is not read here: fail2ban would wait for what comes out of it"}
	}
	var text []byte
	if err == nil {
		text, err = readUpTo(dir, file, maxFile+1)
	}
	switch {
	case err != nil:
		return nil, fail2ban.ConfFault{Reason: unreadable(err)}
	case len(text) > maxFile:
		return nil, fail2ban.ConfFault{Reason: fmt.Sprintf("it is longer than %d bytes, and is not read here", maxFile)}
	}
	if line, ok := decodable(text); !ok {
		at := fail2ban.Place{Line: line}
		return nil, fail2ban.ConfFault{Place: at, Reason: notUTF8}
	}
	return text, fail2ban.ConfFault{}
}

func readUpTo(dir fs.FS, file string, most int64) ([]byte, error) {
	f, err := dir.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most))
}

// unreadable is what it means that a file or folder cannot be read.
func unreadable(err error) string {
	if errors.Is(err, fs.ErrPermission) {
		return "you may not read it, so what it says is not known here; fail2ban reads it where it runs as root, and else passes over it"
	}
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err
	}
	return fmt.Sprintf("it cannot be read: %v: fail2ban passes over it", err)
}
