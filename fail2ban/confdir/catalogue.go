package confdir

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"bantop/fail2ban"
)

// ReadCatalogue reads every jail that a configuration folder knows, and what is
// wrong with its files: jail.conf, jail.d/*.conf, jail.local and jail.d/*.local,
// each with what it includes, as fail2ban reads them (1.0.2 and 1.1.0,
// client/configreader.py, configparserinc.py, jailsreader.py and jailreader.py).
//
// A file with a mistake is read as far as it goes, also where fail2ban would read
// nothing at all: its fault says so. An absolute path of an include is looked for
// in the folder where it begins with /etc/fail2ban/. What only fail2ban knows,
// %(fail2ban_version)s and %(fail2ban_confpath)s, stays as it is written.
//
// The error is about the folder as a whole.
func ReadCatalogue(dir fs.FS) (fail2ban.Catalogue, error) {
	if _, err := fs.ReadDir(dir, "."); err != nil {
		return fail2ban.Catalogue{}, fmt.Errorf("read fail2ban's configuration: %w; name its folder with --conf, and be somebody who may read it", err)
	}
	r := newReader(dir)
	c, files := r.read("jail")
	if len(files) == 0 && len(r.faults) == 0 {
		r.fault(fail2ban.Place{File: "jail.conf"}, "there is neither this file nor another that names jails: fail2ban has none")
	}
	k := cataloguer{reader: r, conf: c, filters: map[string]*conf{}}
	return fail2ban.Catalogue{Jails: k.jails(), Faults: r.faults}, nil
}

// cataloguer makes the jails out of a configuration.
type cataloguer struct {
	*reader
	conf    *conf
	filters map[string]*conf // by their names, once they were read
}

func (k *cataloguer) jails() []fail2ban.ConfJail {
	var jails []fail2ban.ConfJail
	for name := range k.conf.sections {
		if name != includeSection && !strings.HasPrefix(name, knownPrefix) {
			jails = append(jails, k.jail(name))
		}
	}
	slices.SortFunc(jails, func(a, b fail2ban.ConfJail) int { return strings.Compare(a.Name, b.Name) })
	return jails
}

// jail is one jail. Its fault is the first that fail2ban would come upon.
func (k *cataloguer) jail(name string) fail2ban.ConfJail {
	j := fail2ban.ConfJail{Name: name, Files: k.conf.files[name]}
	if o, ok := k.conf.sections[name]["enabled"]; ok {
		j.Said = o.place()
	}
	v := values{cataloguer: k, jail: &j}
	enabled := v.get("enabled", "false")
	j.Enabled = slices.Contains(yes, strings.ToLower(enabled))
	if !j.Enabled && j.Fault == "" && !slices.Contains(no, strings.ToLower(enabled)) {
		j.Fault = fmt.Sprintf("enabled is %q, which is neither true nor false: fail2ban takes it for false (%s)", enabled, k.place(name, "enabled"))
	}
	j.Backend = v.get("backend", "auto")
	j.Filter = v.get("filter", "")
	f := k.filterOf(j)
	v.filter, v.given.known = f, f.known
	j.LogPath = logPaths(v.get("logpath", ""))
	j.Journal = v.get("journalmatch", "")
	if _, said := k.conf.raw(name, "journalmatch"); !said && strings.HasPrefix(j.Backend, "systemd") {
		j.Journal, _, _ = f.value("journalmatch") // with its error it is as it is written
	}
	j.Action = v.get("action", "")
	j.Port = v.get("port", "")
	if j.Enabled {
		for _, opt := range otherOptions {
			v.get(opt, "")
		}
	}
	return j
}

// otherOptions are those that fail2ban looks at, too, where a jail is enabled
// (jailreader.py, _configOpts).
var otherOptions = []string{
	"maxretry", "maxmatches", "findtime", "bantime", "bantime.increment", "bantime.factor", "bantime.formula",
	"bantime.multipliers", "bantime.maxtime", "bantime.rndtime", "bantime.overalljails", "ignorecommand", "ignoreself",
	"ignoreip", "ignorecache", "logtimezone", "logencoding", "usedns", "prefregex", "ignoreregex", "failregex",
	"maxlines", "datepattern",
}

// values gets the values of a jail, and notes its first fault.
type values struct {
	*cataloguer
	jail   *fail2ban.ConfJail
	filter *filter // nil until it is known
	given  given
}

func (v *values) get(opt, fallback string) string {
	name := v.jail.Name
	if _, ok := v.conf.raw(name, opt); !ok {
		return fallback
	}
	value, err := v.conf.getWith(name, opt, v.given)
	if v.filter != nil {
		err = v.filter.explain(err)
	}
	_, ofFilter := errors.AsType[*filterError](err)
	if err != nil && v.jail.Fault == "" && !(ofFilter && slices.Contains(otherOptions, opt)) {
		v.jail.Fault = v.why(name, opt, v.jail.Enabled, err)
	}
	return value
}

// What fail2ban takes for true (1.0.2 and 1.1.0, helpers.py, _as_bool), and what
// else is a truth value elsewhere.
var (
	yes = []string{"1", "on", "true", "yes"}
	no  = []string{"0", "off", "false", "no"}
)

// why is why a value cannot be worked out, and what fail2ban makes of it: it looks
// at the first three options of every jail, and at the others of those that are
// enabled (jailreader.py, getOptions).
func (k *cataloguer) why(name, opt string, enabled bool, err error) string {
	then := readsNothing
	_, ofFilter := errors.AsType[*filterError](err)
	switch {
	case errors.Is(err, errTooLong), ofFilter:
		then = "it is not worked out here"
	case opt == "port":
		then = "what uses the port cannot, either"
	case !enabled && !slices.Contains([]string{"enabled", "backend", "filter"}, opt):
		then = "with this jail enabled, fail2ban reads nothing"
	}
	return fmt.Sprintf("%s cannot be worked out: %v: %s (%s)", opt, err, then, k.place(name, opt))
}

func (k *cataloguer) place(name, opt string) fail2ban.Place {
	o, _ := k.conf.raw(name, opt)
	return o.place()
}

// logPaths are the paths of a logpath: one a line, each with where to begin behind
// a blank at its end (jailreader.py, convert).
func logPaths(value string) []string {
	var paths []string
	for line := range strings.SplitSeq(value, "\n") {
		if at := strings.LastIndexByte(line, ' '); at >= 0 {
			line = line[:at]
		}
		if line != "" {
			paths = append(paths, line)
		}
	}
	return paths
}
