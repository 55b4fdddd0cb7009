package runner_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/confdir"
	"bantop/fail2ban/fail2bantest"
	"bantop/fail2ban/socket"
	"bantop/model"
	"bantop/model/runner"
)

// changeLab is a real server whose configuration also knows a jail "idle", which is
// not enabled, a runner on it, and a folder for its rehearsals.
type changeLab struct {
	*fail2bantest.Real
	*runner.Runner
	t   *testing.T
	tmp string
}

// eachChangeLab runs a test on every version of fail2ban.
func eachChangeLab(t *testing.T, test func(t *testing.T, l *changeLab)) {
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			install.Use(t)
			l := &changeLab{Real: fail2bantest.NewReal(t, install, fail2bantest.RealOptions{}), t: t, tmp: fail2bantest.TempDir(t)}
			t.Setenv("TMPDIR", l.tmp) // where rehearsals are
			l.append("jail.conf", "[idle]\nlogpath = "+l.LogPath("j001")+"\n")
			c := socket.New(socket.Options{Path: l.Path, PIDFile: l.PIDFile})
			t.Cleanup(func() { _ = c.Close() })
			l.Runner = begin(t, runner.Options{Conf: l.ConfDir, Client: c})
			t.Cleanup(l.EndRehearsals)
			test(t, l)
		})
	}
}

func (l *changeLab) append(name, text string) {
	l.t.Helper()
	file := filepath.Join(l.ConfDir, name)
	was, err := os.ReadFile(file)
	if err != nil {
		l.t.Fatal(err)
	}
	l.put(name, string(was)+text)
}

// put writes a file of the configuration.
func (l *changeLab) put(name, text string) {
	l.t.Helper()
	if err := os.WriteFile(filepath.Join(l.ConfDir, name), []byte(text), 0o644); err != nil {
		l.t.Fatal(err)
	}
}

// step does one step of a rehearsal.
func (l *changeLab) step(e model.Rehearse) model.RehearsalStepped {
	msg, ok := l.Do(context.Background(), e).(model.RehearsalStepped)
	if !ok || msg.ID != e.ID || msg.At.IsZero() {
		l.t.Errorf("got %+v", msg)
	}
	return msg
}

// rehearse does all steps.
func (l *changeLab) rehearse(e model.Rehearse) model.RehearsalStepped {
	for {
		if msg := l.step(e); msg.Reason != "" || msg.Rehearsal.Step == fail2ban.RehearseDone {
			return msg
		}
	}
}

// left are the folders of rehearsals, and the processes in them.
func (l *changeLab) left() []string {
	l.t.Helper()
	out, err := filepath.Glob(filepath.Join(l.tmp, "*"))
	if err != nil {
		l.t.Fatal(err)
	}
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		l.t.Fatal(err)
	}
	for _, path := range all {
		if cmdline, err := os.ReadFile(path); err == nil && strings.Contains(string(cmdline), l.tmp) {
			out = append(out, path)
		}
	}
	return out
}

// written is a file of bantop's own about a jail.
func written(jail string, on bool) string { return string(confdir.SetEnabled(nil, jail, on)) }

const (
	own  = "zz-bantop-idle.local"
	gone = "(gone)"
)

// whatIsWritten are changes with what they would write.
var whatIsWritten = []struct {
	name  string
	files map[string]string // of jail.d
	kind  model.ChangeKind
	jail  string
	text  string // of an edit
	file  string
	now   string
	on    bool
}{
	{"activate, no file", nil, model.ChangeActivate, "idle", "", own, written("idle", true), true},
	{"deactivate, no file", nil, model.ChangeDeactivate, "j001", "", "zz-bantop-j001.local", written("j001", false), false},
	{"activate, bantop's file says no", map[string]string{own: written("idle", false)}, model.ChangeActivate, "idle", "", own, written("idle", true), true},
	{"deactivate, bantop's file alone enables it", map[string]string{own: written("idle", true)}, model.ChangeDeactivate, "idle", "", own, gone, false},
	{"activate, bantop's file alone disables it", map[string]string{"zz-bantop-j001.local": written("j001", false)}, model.ChangeActivate, "j001", "", "zz-bantop-j001.local", gone, true},
	{"deactivate, another file enables it, too", map[string]string{"a.local": "[idle]\nenabled = true\n", own: written("idle", true)}, model.ChangeDeactivate, "idle", "", own, written("idle", false), false},
	{"activate, options of somebody's own", map[string]string{own: "# mine\r\n[idle]\r\n  Enabled:no ; why\r\n  port = 22\r\n[other]\r\n"}, model.ChangeActivate, "idle", "",
		own, "# mine\r\n[idle]\r\n  Enabled: true ; why\r\n  port = 22\r\n[other]\r\n", true},
	{"deactivate, a comment of somebody's own", map[string]string{own: "# mine\n[idle]\nenabled = true\n"}, model.ChangeDeactivate, "idle", "", own, "# mine\n[idle]\nenabled = false\n", false},
	{"edit, no file", nil, model.ChangeEdit, "idle", "[idle]\nenabled = true\n", own, "[idle]\nenabled = true\n", true},
	{"edit, the last .local that names it", map[string]string{"a.local": "[idle]\n", "m.local": "[idle]\n", "n.local": "[j001]\n", "z.conf": "[idle]\n"}, model.ChangeEdit, "idle",
		"[idle]\nport = 22\n", "m.local", "[idle]\nport = 22\n", false},
	{"edit, bantop's file is the last", map[string]string{"a.local": "[idle]\n", own: "[idle]\n"}, model.ChangeEdit, "idle", "[idle]\nport = 1\n", own, "[idle]\nport = 1\n", false},
	{"edit, emptied", map[string]string{own: written("idle", true)}, model.ChangeEdit, "idle", " \n\t\n", own, gone, false},
	{"edit, emptied, another enables it", map[string]string{"a.local": "[idle]\nenabled = on\n", own: "[idle]\nport = 1\n"}, model.ChangeEdit, "idle", "", own, gone, true},
	{"edit, of all jails", nil, model.ChangeEdit, "idle", "[DEFAULT]\nenabled = true\n", own, "[DEFAULT]\nenabled = true\n", true},
	{"edit, a later file says no", map[string]string{"m.local": "[idle]\n", "z.local": "[DEFAULT]\nenabled = false\n"}, model.ChangeEdit, "j001", "[j001]\nenabled = true\n",
		"zz-bantop-j001.local", "[j001]\nenabled = true\n", true},
	{"edit, a jail that is not there yet", nil, model.ChangeEdit, "fresh", "[fresh]\nenabled = true\n", "zz-bantop-fresh.local", "[fresh]\nenabled = true\n", true},
}

// TestWhatIsWritten: the file is the right one, with what it holds and is to hold,
// and the jail is to run where the configuration would say so; nothing is written.
func TestWhatIsWritten(t *testing.T) {
	eachChangeLab(t, func(t *testing.T, l *changeLab) {
		for i, c := range whatIsWritten {
			t.Run(c.name, func(t *testing.T) {
				for name, text := range c.files {
					l.put("jail.d/"+name, text)
					defer os.Remove(filepath.Join(l.ConfDir, "jail.d", name))
				}
				e := model.Rehearse{ID: uint64(i), Kind: c.kind, Jail: c.jail}
				if c.kind == model.ChangeEdit {
					text := []byte(c.text)
					e.Text = &text
					if held, there := c.files[c.file]; there {
						e.Was = []byte(held)
					}
				}
				before := tree(t, l.ConfDir)
				msg := l.step(e)
				l.Do(t.Context(), model.EndRehearsal{ID: e.ID})
				was, there := c.files[c.file]
				now := string(msg.File.Now)
				if msg.File.Now == nil {
					now = gone
				}
				if f := msg.File; f.Dir != "jail.d" || f.Name != c.file || string(f.Was) != was || (f.Was != nil) != there || now != c.now || msg.On != c.on || msg.Reason != "" {
					t.Errorf("%s: was %q, now %q, on %t: %s", f.Name, f.Was, now, msg.On, msg.Reason)
				}
				if after := tree(t, l.ConfDir); after != before {
					t.Errorf("the configuration was\n%s\nand is\n%s", before, after)
				}
				if left := l.left(); len(left) > 0 {
					t.Errorf("left: %v", left)
				}
			})
		}
	})
}

// tree is all that is in a folder.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		fmt.Fprintf(&b, "%s %q\n", path, text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestNotEvenTried: what no change can be made of is refused, with what to do.
func TestNotEvenTried(t *testing.T) {
	eachChangeLab(t, func(t *testing.T, l *changeLab) {
		if err := os.Symlink("../jail.conf", filepath.Join(l.ConfDir, "jail.d", own)); err != nil {
			t.Fatal(err)
		}
		text := []byte("[idle]\n")
		for _, c := range []struct {
			e            model.Rehearse
			reason, hint string
		}{
			{model.Rehearse{ID: 1, Kind: model.ChangeActivate, Jail: "absent"}, `fail2ban's configuration knows no jail "absent"`, "bantop jails lists those that it knows"},
			{model.Rehearse{ID: 2, Kind: model.ChangeDeactivate, Jail: "absent"}, `fail2ban's configuration knows no jail "absent"`, "bantop jails lists those that it knows"},
			{model.Rehearse{ID: 3, Kind: model.ChangeActivate, Jail: "idle"}, "is a link, and bantop writes through none", "take the link away"},
			{model.Rehearse{ID: 4, Kind: model.ChangeEdit, Jail: "idle", Text: &text}, "is a link, and bantop writes through none", "take the link away"},
			{model.Rehearse{ID: 5, Kind: model.ChangeEdit, Jail: "a]b", Text: &text}, "a ] ends the name of a section", ""},
			{model.Rehearse{ID: 6, Kind: model.ChangeEdit, Jail: "j001"}, "there is no text to rehearse", ""},
			{model.Rehearse{ID: 7, Kind: model.ChangeSetAside, Jail: "j001"}, "a file that is set aside is not rehearsed", ""},
		} {
			if got := l.step(c.e); !strings.Contains(got.Reason, c.reason) || !strings.HasPrefix(got.Hint, c.hint) {
				t.Errorf("%+v: %q, hint %q", c.e, got.Reason, got.Hint)
			}
		}
		if left := l.left(); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
		madeUp := begin(t, runner.Options{})
		if got := madeUp.Do(t.Context(), model.Rehearse{Kind: model.ChangeActivate, Jail: "idle"}).(model.RehearsalStepped); !strings.Contains(got.Reason, "made up") {
			t.Errorf("got %+v", got)
		}
	})
}

// TestRehearsalsEnd: two go on at once, each with its own; each ends alone, and all
// end with bantop, which leaves neither a folder nor a process, and begins none any
// more.
func TestRehearsalsEnd(t *testing.T) {
	eachChangeLab(t, func(t *testing.T, l *changeLab) {
		var both sync.WaitGroup
		for id, jail := range []string{"idle", "j002"} {
			both.Go(func() {
				if got := l.rehearse(model.Rehearse{ID: uint64(id), Kind: model.ChangeActivate, Jail: jail}); !got.Rehearsal.OK() || got.Rehearsal.Jail != jail {
					t.Errorf("%s: %+v", jail, got)
				}
				l.Do(context.Background(), model.EndRehearsal{ID: uint64(id)})
			})
		}
		both.Wait()
		if left := l.left(); len(left) > 0 {
			t.Errorf("left: %v", left)
		}

		for id := range uint64(2) {
			for l.step(model.Rehearse{ID: id, Kind: model.ChangeActivate, Jail: "idle"}).Rehearsal.Step != fail2ban.RehearseRead {
			}
		}
		folders := func() int {
			all, err := filepath.Glob(filepath.Join(l.tmp, "*"))
			if err != nil {
				t.Error(err)
			}
			return len(all)
		}
		if n := folders(); n != 2 {
			t.Errorf("%d folders", n)
		}
		l.Do(t.Context(), model.EndRehearsal{ID: 0})
		l.Do(t.Context(), model.EndRehearsal{ID: 0})
		if n := folders(); n != 1 {
			t.Errorf("%d folders after one ended", n)
		}
		l.EndRehearsals()
		l.EndRehearsals()
		if got := l.step(model.Rehearse{ID: 1, Kind: model.ChangeActivate, Jail: "idle"}); got.Reason == "" {
			t.Errorf("one began after all had ended: %+v", got)
		}
		if left := l.left(); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	})
}

// TestPrepareEdit: somebody gets the text of the file in which the jail is edited;
// where there is none, one that says what holds already.
func TestPrepareEdit(t *testing.T) {
	eachChangeLab(t, func(t *testing.T, l *changeLab) {
		for _, c := range []struct {
			name       string
			files      map[string]string
			jail       string
			file, text string
		}{
			{"no file, enabled", nil, "j001", "zz-bantop-j001.local", written("j001", true)},
			{"no file, not enabled", nil, "idle", own, written("idle", false)},
			{"a jail that is not there", nil, "fresh", "zz-bantop-fresh.local", written("fresh", false)},
			{"the last .local", map[string]string{"a.local": "[idle]\n# a\n", "m.local": "[idle]\r\n# m\r\n", "n.conf": "[idle]\n"}, "idle", "m.local", "[idle]\r\n# m\r\n"},
			{"an empty one of bantop's", map[string]string{own: ""}, "idle", own, ""},
		} {
			t.Run(c.name, func(t *testing.T) {
				for name, text := range c.files {
					l.put("jail.d/"+name, text)
					defer os.Remove(filepath.Join(l.ConfDir, "jail.d", name))
				}
				got, ok := l.Do(t.Context(), model.PrepareEdit{Jail: c.jail}).(model.EditPrepared)
				if !ok || got.Jail != c.jail || got.Name != c.file || string(got.Text) != c.text || got.Reason != "" || got.At.IsZero() {
					t.Errorf("%s: %q, %+v", got.Name, got.Text, got)
				}
			})
		}
		if err := os.Symlink("../jail.conf", filepath.Join(l.ConfDir, "jail.d", own)); err != nil {
			t.Fatal(err)
		}
		if got := l.Do(t.Context(), model.PrepareEdit{Jail: "idle"}).(model.EditPrepared); !strings.Contains(got.Reason, "is a link") || got.Hint == "" || got.Text != nil {
			t.Errorf("got %+v", got)
		}
		if got := begin(t, runner.Options{}).Do(t.Context(), model.PrepareEdit{Jail: "idle"}).(model.EditPrepared); !strings.Contains(got.Reason, "made up") {
			t.Errorf("got %+v", got)
		}
	})
}

// age makes every file of the configuration look as if it had not been changed for
// long.
func (l *changeLab) age() {
	l.t.Helper()
	long := time.Now().Add(-48 * time.Hour)
	err := filepath.WalkDir(l.ConfDir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chtimes(path, long, long)
	})
	if err != nil {
		l.t.Fatal(err)
	}
}
