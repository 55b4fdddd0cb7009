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
	k := cataloguer{reader: r, conf: c}
	cat := fail2ban.Catalogue{Jails: k.jails(), Faults: r.faults}
	return cat, nil
}

// cataloguer makes the jails out of a configuration.
type cataloguer struct {
	*reader
	conf *conf
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
	var faults []string
	value := func(opt, fallback string) string {
		if _, ok := k.conf.raw(name, opt); !ok {
			return fallback
		}
		v, err := k.conf.get(name, opt)
		if err != nil {
			faults = append(faults, k.why(name, opt, j.Enabled, err))
		}
		return v
	}
	enabled := value("enabled", "false")
	j.Enabled = slices.Contains(yes, strings.ToLower(enabled))
	if !j.Enabled && len(faults) == 0 && !slices.Contains(no, strings.ToLower(enabled)) {
		faults = append(faults, fmt.Sprintf("enabled is %q, which is neither true nor false: fail2ban takes it for false (%s)", enabled, k.place(name, "enabled")))
	}
	j.Backend = value("backend", "auto")
	j.Filter = value("filter", "")
	j.Port = value("port", "")
	j.LogPath = logPaths(value("logpath", ""))
	j.Journal = value("journalmatch", "")
	j.Action = value("action", "")
	if len(faults) > 0 {
		j.Fault = faults[0]
	}
	return j
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
	switch {
	case opt == "port":
		then = "what uses the port cannot, either"
	case errors.Is(err, errTooLong):
		then = "it is not worked out here"
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
