package cli_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bantop/fail2ban/fail2bantest"
	"bantop/model"
	"bantop/model/store"
	"bantop/tui/plain"
)

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// describe is mode, owner and content of a file, and when anything of it changed.
func describe(t *testing.T, path string) string {
	t.Helper()
	info, err := os.Lstat(path)
	must(t, err)
	text, err := os.ReadFile(path)
	must(t, err)
	st := info.Sys().(*syscall.Stat_t)
	return strings.Join([]string{info.Mode().String(), string(text), time.Unix(st.Ctim.Unix()).String()}, " ")
}

// TestStatusWhereAGroupShared: root's `bantop status` on a state folder that an older
// bantop's store.group left to a group, in which a member put a link in the place of the
// database: what it leads to is not touched, nothing is made there, and it is told.
func TestStatusWhereAGroupShared(t *testing.T) {
	fail2bantest.NeedRoot(t)
	server := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	top := t.TempDir()
	secret, nothing := filepath.Join(top, "secret"), filepath.Join(top, "nothing")
	must(t, os.WriteFile(secret, []byte("only root"), 0o600))
	before := describe(t, secret)
	for _, target := range []string{secret, nothing} {
		dir := filepath.Join(top, filepath.Base(target)+"-state")
		must(t, os.Mkdir(dir, 0o700), os.Symlink(target, stateFile(dir)), os.Chown(dir, 0, 50),
			os.Chmod(dir, 0o770|fs.ModeSetgid))
		code, out, errs := runIn(t.Context(), dir, "-s", server.Path, "-p", server.PIDFile, "status")
		if code != plain.ExitOnline || holds(out, "not shared") || strings.Count(errs, "\n") != 2 ||
			!holds(errs, " could write "+dir+": the old state is set aside (*.untrusted-1)",
				"\nnext: look at "+dir+"/*.untrusted-1, then delete them\n") {
			t.Errorf("exit %d: %s%s", code, out, errs)
		}
		if after := describe(t, secret); after != before {
			t.Errorf("the target was touched: %s, before %s", after, before)
		}
		if _, err := os.Lstat(nothing); err == nil {
			t.Error("a file was made through a dangling link")
		}
		_, out, _ = runIn(t.Context(), dir, "-s", server.Path, "history")
		if !holds(out, "new state", "the old state is set aside (*.untrusted-1)") {
			t.Errorf("history: %s", out)
		}
		code, out, errs = runIn(t.Context(), dir, "-s", server.Path, "-p", server.PIDFile, "status")
		if code != plain.ExitOnline || errs != "" || holds(out, "not shared") {
			t.Errorf("the next time: exit %d: %s%s", code, out, errs)
		}
	}
}

// TestPlantedChange: a change that members of the group wrote into the state, as if it
// waited to be taken back, is not: nothing of theirs gets into the configuration. Its file
// is named.
func TestPlantedChange(t *testing.T) {
	fail2bantest.NeedRoot(t)
	server := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	dir, conf := t.TempDir(), t.TempDir()
	evil := filepath.Join(conf, "action.d", "evil.local")
	must(t, os.Mkdir(filepath.Dir(evil), 0o755), os.Mkdir(filepath.Join(conf, "jail.d"), 0o755))
	s, err := store.Open(t.Context(), store.Options{Dir: dir, Socket: server.Path})
	must(t, err)
	_, err = s.Apply(t.Context(), model.ChangeBegun{At: time.Now(), Plan: model.Plan{
		ChangeID: model.ChangeID{Kind: model.ChangeEdit, Jail: "sshd", At: time.Now()}, By: "root", Confirm: time.Hour,
		File: model.FileChange{Dir: "action.d", Name: "evil.local", Was: []byte("[Definition]\nactionban = sh -c id\n")},
	}})
	must(t, err, s.Close(), os.Chown(dir, 0, 50), os.Chown(stateFile(dir), 0, 50), os.Chmod(stateFile(dir), 0o660),
		os.Chmod(dir, 0o770|fs.ModeSetgid))
	args := []string{"-s", server.Path, "-p", server.PIDFile, "-c", conf, "--state-dir", dir}
	_, out := as(t, 0, nil, append(args, "status")...)
	if !holds(out, "a change may have been pending: check "+evil) {
		t.Errorf("status: %s", out)
	}
	if _, out = as(t, 0, nil, append(args, "revert")...); !holds(out, "no change of the jails is under way") {
		t.Errorf("revert: %s", out)
	}
	if text, err := os.ReadFile(evil); err == nil {
		t.Errorf("it was written: %q", text)
	}
}

// TestStateOfOtherKinds: whatever stands where the state should be, no command waits for
// it, and nothing is done to it.
func TestStateOfOtherKinds(t *testing.T) {
	server := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	for kind, put := range map[string]func(path string) error{
		"a named pipe":    func(p string) error { return unix.Mkfifo(p, 0o600) },
		"a folder":        func(p string) error { return os.Mkdir(p, 0o700) },
		"a symbolic link": func(p string) error { return os.Symlink("/dev/zero", p) },
	} {
		for _, name := range []string{"bantop.db", "bantop.db-wal", "bantop.db-shm"} {
			dir := t.TempDir()
			must(t, os.Chmod(dir, 0o700), put(filepath.Join(dir, name)))
			commands := []string{"history"}
			if name == "bantop.db" && kind == "a named pipe" { // some wait until the server has been up for a while
				commands = []string{"history", "status", "confirm", "doctor"}
			}
			for _, command := range commands {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				_, out, errs := runIn(ctx, dir, "-s", server.Path, "-p", server.PIDFile, command)
				if ctx.Err() != nil || command != "confirm" && !holds(out+errs, name+" is "+kind) {
					t.Errorf("%s, %s as %s, %v: %s%s", command, name, kind, ctx.Err(), out, errs)
				}
				cancel()
			}
			if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 || entries[0].Name() != name {
				t.Errorf("there is %v, %v", entries, err)
			}
		}
	}
}

// as runs bantop in a process of its own, as a user with an environment of his.
func as(t *testing.T, user uint32, env []string, args ...string) (code int, out string) {
	t.Helper()
	var b bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, executable(t, user), args...)
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = append([]string{reExec + "=1", "PATH=/usr/bin:/bin"}, env...), "/", &b, &b
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: user, Gid: user}}
	err := cmd.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), b.String()
}

// TestStateWithoutHome: a user without a home has his state in the folder for temporary
// files, in a folder that is his alone; one that somebody else made there is not used.
func TestStateWithoutHome(t *testing.T) {
	fail2bantest.NeedRoot(t)
	const jo, mary = 65534, 65533
	server := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	must(t, os.Chmod(filepath.Dir(server.Path), 0o755), os.Chmod(server.Path, 0o777))
	for _, c := range []struct {
		name, why string
		put       func(dir string) error
	}{
		{"nothing", "", func(string) error { return nil }},
		{"his own", "", func(dir string) error { return errors.Join(os.Mkdir(dir, 0o755), os.Chown(dir, jo, jo)) }},
		{"of another user", "belongs to", func(dir string) error {
			return errors.Join(os.Mkdir(dir, 0o777), os.Chown(dir, mary, mary), os.Chmod(dir, 0o777))
		}},
		{"a link of another user", "belongs to", func(dir string) error {
			return errors.Join(os.Mkdir(dir+"-real", 0o700), os.Chown(dir+"-real", jo, jo),
				os.Symlink(dir+"-real", dir), os.Lchown(dir, mary, mary))
		}},
		{"a file of another user", "not a directory", func(dir string) error { return os.WriteFile(dir, nil, 0o666) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			tmp := fail2bantest.TempDir(t)
			must(t, os.Chmod(tmp, 0o777|fs.ModeSticky))
			dir := filepath.Join(tmp, "bantop-65534")
			must(t, c.put(dir))
			_, out := as(t, jo, []string{"TMPDIR=" + tmp}, "-s", server.Path, "-p", server.PIDFile, "status")
			if holds(out, "not shared") != (c.why != "") || !holds(out, c.why, "sshd") {
				t.Errorf("want %q, got %s", c.why, out)
			}
			_, err := os.Stat(stateFile(dir))
			if c.why == "" {
				info, e := os.Lstat(dir)
				if err != nil || e != nil || info.Mode().Perm() != 0o700 {
					t.Errorf("%v, %v, %v", info, e, err)
				}
			} else if err == nil {
				t.Error("a state was made there")
			}
		})
	}
}

// TestRootInAUsersFolder: what a user hands to root as the place of the state, or could
// swap, is not used, and nothing is made there.
func TestRootInAUsersFolder(t *testing.T) {
	fail2bantest.NeedRoot(t)
	server := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	home := fail2bantest.TempDir(t)
	must(t, os.Mkdir(filepath.Join(home, "state"), 0o700), os.Chown(home, 65534, 65534))
	for _, dir := range []string{filepath.Join(home, "state"), filepath.Join(home, "new", "state"), home} {
		code, out, errs := runIn(t.Context(), dir, "-s", server.Path, "-p", server.PIDFile, "status")
		const next = "\nnext: make sure of what is in it, then: chown root "
		if code != plain.ExitOnline || !holds(out, "not shared: /", " belongs to nobody"+next) || errs != "" {
			t.Errorf("%s: exit %d: %s%s", dir, code, out, errs)
		}
	}
	if left, err := filepath.Glob(filepath.Join(home, "*", "*")); err != nil || left != nil {
		t.Errorf("made: %q, %v", left, err)
	}
	if entries, err := os.ReadDir(home); err != nil || len(entries) != 1 {
		t.Errorf("made: %v, %v", entries, err)
	}
}

// TestRetiredSetting: store.group, wherever it is set, keeps no command from working, and
// is told in one line.
func TestRetiredSetting(t *testing.T) {
	server := fail2bantest.New(t, fail2bantest.Options{Jails: []string{"sshd"}})
	file := filepath.Join(t.TempDir(), "bantop.toml")
	must(t, os.WriteFile(file, []byte("refresh = \"1s\"\n[store]\ngroup = \"no such group\"\n"), 0o600))
	want := "bantop: store.group (" + file + ":3) has no effect any more: delete the line, and run bantop with sudo\n"
	commands := [][]string{{"status"}, {"history"}, {"config"}, {"bans"}, {"jails"}, {"why", "192.0.2.1"}, {"doctor"}}
	for _, command := range commands {
		args := append([]string{"--settings", file, "-s", server.Path, "-p", server.PIDFile}, command...)
		_, out, errs := run(t.Context(), args...)
		offered := command[0] == "config" && holds(out, "store.group")
		if strings.Count(errs, want) != 1 || holds(out, "not shared") || offered {
			t.Errorf("%s: %s%s", command[0], out, errs)
		}
	}
}
