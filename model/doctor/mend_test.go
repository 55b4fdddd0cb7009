package doctor

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"bantop/fail2ban"
	"bantop/fail2ban/control"
	"bantop/model/store"
)

// TestMendsAreQuoted: the command that mends something can be pasted into a shell,
// whatever files, folders and jails are called.
func TestMendsAreQuoted(t *testing.T) {
	const hostile = "q;touch pwn"
	check := func(what, text string) {
		t.Helper()
		if bare := regexp.MustCompile(`'[^']*'`).ReplaceAllString(text, ""); strings.Contains(bare, "touch") {
			t.Errorf("%s: %s", what, text)
		}
	}
	dir := filepath.Join(t.TempDir(), hostile)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "open.sock"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "open.sock"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []error{store.ErrFull, store.ErrCorrupt, store.ErrNewer, store.ErrBusy, store.ErrDenied} {
		check(kind.Error(), mendState(kind, dir, filepath.Join(dir, "bantop.db")))
	}
	for name, spoil := range map[string]func(*patient){
		"no database":   func(p *patient) { p.db = ":memory:" },
		"no log file":   func(p *patient) { p.log = "SYSLOG" },
		"no jails":      func(p *patient) { p.dump = control.Dump{} },
		"a faulty jail": func(p *patient) { p.dump.Faulty = []string{"sshd"} },
		"no dump":       func(p *patient) { p.dumpErr = errors.New("no") },
	} {
		p := well(t)
		spoil(&p)
		for _, c := range examine(t, p, func(o *Options, d *Doctor) {
			o.Settings.Conf, o.Settings.Socket = dir, filepath.Join(dir, "open.sock")
		}) {
			check(name+": "+c.Name, c.Mend)
		}
	}
	refused := fail2ban.Result{Outcome: fail2ban.Refused, Err: errors.New("no")}
	refused.Address, refused.Jail = "192.0.2.1", hostile
	d := New(Options{})
	d.found = &programs{allowed: []fail2ban.Result{refused}}
	check("allowed", d.allowed().Mend)
}
