package confdir

import (
	"bufio"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// DpkgInfo is the folder in which dpkg keeps what each package holds: NAME.list has a
// path a line, NAME:ARCH.list that of a package for one architecture, and
// NAME.conffiles the configuration files (dpkg 1.21, deb-conffiles(5)).
const DpkgInfo = "/var/lib/dpkg/info"

// essential is the list of a package that is on every machine that dpkg looks after,
// and on no other (a Fedora with dpkg installed does not have it).
const essential = "base-files.list"

const maxList = 32 << 20 // bytes of a list that are read; the largest of Debian 12 have 3 MB

// Owner is the package that holds a file of a configuration folder, by dpkg's lists; ""
// if no package does. known reports whether the lists say all: on a machine with
// another package manager, or if one of them cannot be read, it is false.
//
// A package that was removed and not purged still owns its configuration files.
func Owner(info fs.FS, conf, file string) (name string, known bool) {
	if abs, err := filepath.Abs(conf); err == nil {
		conf = abs
	}
	paths := []string{filepath.Join(conf, file)}
	if real, err := filepath.EvalSymlinks(conf); err == nil {
		paths = append(paths, filepath.Join(real, file))
	}
	if _, err := fs.Stat(info, essential); err != nil {
		return "", false
	}
	entries, err := fs.ReadDir(info, ".")
	if err != nil {
		return "", false
	}
	known = true
	for _, e := range entries {
		name, is := strings.CutSuffix(e.Name(), ".list")
		if !is {
			if name, is = strings.CutSuffix(e.Name(), ".conffiles"); !is {
				continue
			}
		}
		holds, err := lists(info, e.Name(), paths)
		if err != nil {
			known = false
		}
		if holds {
			name, _, _ = strings.Cut(name, ":")
			return name, true
		}
	}
	return "", known
}

// lists reports whether a list of dpkg's has one of some paths.
func lists(info fs.FS, name string, paths []string) (bool, error) {
	f, err := info.Open(name)
	if err != nil {
		return false, err
	}
	defer f.Close()
	lines := bufio.NewScanner(io.LimitReader(f, maxList))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if rest, is := strings.CutPrefix(line, "remove-on-upgrade "); is { // a flag of conffiles
			line = strings.TrimSpace(rest)
		}
		if slices.Contains(paths, line) {
			return true, nil
		}
	}
	return false, lines.Err()
}

// MayAside is why a file of a configuration folder may not be renamed so that fail2ban
// does not read it; "" if it may: it is in jail.d, filter.d or action.d, ends as what
// fail2ban reads there, and no package holds it. If it is not known whether one does,
// only a *.local may: packages leave those to the administrator (fail2ban's jail.conf,
// 1.0.2 and 1.1.0).
func MayAside(info fs.FS, conf, file string) string {
	dir, name := filepath.Split(file)
	local := strings.HasSuffix(name, ".local")
	switch dir = strings.TrimSuffix(dir, "/"); {
	case !slices.Contains([]string{JailDir, "filter.d", "action.d"}, dir):
		return "it holds other settings, too"
	case !local && !strings.HasSuffix(name, ".conf"):
		return "its name is not one that fail2ban reads by itself"
	}
	switch owner, known := Owner(info, conf, file); {
	case owner != "":
		return "it belongs to the package " + owner
	case !known && !local:
		return "it may belong to a package"
	default:
		return ""
	}
}
