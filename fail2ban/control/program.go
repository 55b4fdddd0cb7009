package control

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"bantop/config/trust"
)

// defaultPath is where programs are looked for as root if PATH names no folder that
// is safe. These folders are the system's: they count as safe, although on an older
// Debian the group staff may write to /usr/local. What that group puts there root runs,
// if it belongs to root and only root may write it.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Command is a program that is about to be run: with an environment of its own, in
// the folder /. Every program that bantop runs is made here, but for the editor,
// which is the choice of the person who uses it, and the guard, which is bantop.
func Command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = Environment()
	cmd.Dir = "/" // as a server that is started with the machine has it
	return cmd
}

// Environment is what the programs see that bantop runs: these variables and no
// others, and their output in English.
//
// fail2ban-client is a Python script, and the server that it starts keeps this
// environment for the commands of its actions: with PYTHONPATH, with a HOME that has
// .local/lib/python3, with LD_PRELOAD, BASH_ENV or a PATH of his own a user has his
// code run as root. sudo drops most of them (env_reset, secure_path); `sudo -E`, `su`
// without a dash and a root shell that was started so do not. So as root HOME is
// root's own, and PATH and PYTHONPATH keep only folders that nobody but root could
// have written.
func Environment() []string { return environment(os.LookupEnv, os.Geteuid()) }

func environment(get func(string) (string, bool), uid int) []string {
	env := []string{"LANG=C.UTF-8"}
	set := func(name, value string, ok bool) {
		if ok {
			env = append(env, name+"="+value)
		}
	}
	path, _ := get("PATH")
	home, hasHome := get("HOME")
	zone, hasZone := get("TZ")
	modules, hasModules := get("PYTHONPATH")
	if uid == 0 {
		path = cmp.Or(safeFolders(path), defaultPath)
		home, hasHome = rootsHome(), true
		hasZone = hasZone && safeZone(zone)
		modules = safeFolders(modules)
		hasModules = modules != ""
	}
	set("PATH", path, path != "")
	set("HOME", home, hasHome)
	set("TZ", zone, hasZone)
	set("PYTHONPATH", modules, hasModules)
	return env
}

// safeFolders leaves in a list of folders those that nobody but root could have
// written.
func safeFolders(list string) string {
	safe := slices.DeleteFunc(filepath.SplitList(list), func(dir string) bool { return unsafeFolder(dir) != nil })
	return strings.Join(safe, string(filepath.ListSeparator))
}

// unsafeFolder is why root does not look into a folder for programs; nil if it does.
func unsafeFolder(dir string) error {
	if slices.Contains(filepath.SplitList(defaultPath), dir) {
		return nil
	}
	real, err := trust.Resolve(dir)
	if err != nil {
		return err
	}
	return trust.Folder(real)
}

// rootsHome is root's home, whatever HOME says.
func rootsHome() string {
	if u, err := user.LookupId(strconv.Itoa(0)); err == nil && filepath.IsAbs(u.HomeDir) {
		return u.HomeDir
	}
	return "/root"
}

// safeZone reports whether a time zone names one of the system's, by the rules
// of sudo (env.c, tz_is_sane).
func safeZone(zone string) bool {
	name := strings.TrimPrefix(zone, ":")
	return (!strings.HasPrefix(name, "/") || strings.HasPrefix(name, "/usr/share/zoneinfo/")) &&
		!slices.Contains(strings.Split(name, "/"), "..") && len(zone) < unix.PathMax &&
		!strings.ContainsFunc(zone, func(r rune) bool { return r <= ' ' || r > '~' })
}

// absolute makes a path that is relative to this process's folder one that a
// program finds, whose folder is another.
func absolute(path string) string {
	abs, err := filepath.Abs(path)
	if path == "" || err != nil {
		return path
	}
	return abs
}

// NotInstalled is why a program cannot be run that LookPath did not find: it is
// not installed, or root would run a program of somebody else.
func NotInstalled(name string, err error) error {
	if unsafe, is := errors.AsType[*UnsafeError](err); is {
		return unsafe
	}
	return fmt.Errorf("%s is not installed", name)
}
