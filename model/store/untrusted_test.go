package store_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bantop/fail2ban/fail2bantest"
	"bantop/model"
	"bantop/model/store"
)

// shared makes a folder what an older bantop's store.group made of it.
func shared(t *testing.T, dir string) {
	t.Helper()
	must(t, os.Chown(dir, 0, staff), os.Chmod(dir, 0o770|fs.ModeSetgid))
	files, err := filepath.Glob(filepath.Join(dir, "bantop.db*"))
	must(t, err)
	for _, file := range files {
		must(t, os.Chown(file, 0, staff), os.Chmod(file, 0o660))
	}
}

// waits leaves a state in which a change waits for its confirmation.
func waits(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	s, err := store.Open(t.Context(), at(dir))
	must(t, err)
	begin(t, s, "old.local", model.StepConfirmed)
	begin(t, s, "x.local", model.StepConfirm)
	if snap, err := s.Load(t.Context()); err != nil || snap.Runtime.Change.Step != model.StepConfirm {
		t.Fatalf("%+v, %v", snap.Runtime.Change, err)
	}
	must(t, s.Close())
	return dir
}

// begin begins a change and leads it to a step.
func begin(t *testing.T, s store.Store, file string, to model.ChangeStep) {
	t.Helper()
	id := model.ChangeID{Kind: model.ChangeActivate, Jail: "x", At: t0}
	plan := model.Plan{ChangeID: id, By: "root", Gains: []string{"x"}, Confirm: time.Hour}
	plan.File = model.FileChange{Dir: "jail.d", Name: file, Now: []byte("[x]\nenabled = true\n")}
	apply(t, s, model.ChangeBegun{At: t0, Plan: plan})
	for i, step := range []model.ChangeStep{model.StepWrite, model.StepReload, model.StepProve} {
		apply(t, s, model.ChangeDid{ID: id, Step: step, At: t0.Add(time.Duration(i+1) * time.Second)})
	}
	if to == model.StepConfirmed {
		apply(t, s, model.ChangeConfirmed{ID: id, At: t0.Add(5 * time.Second), By: "root"})
	}
}

// anew opens a state whose folder is not trusted, and returns what was told of it.
func anew(t *testing.T, dir string) (store.Store, string) {
	t.Helper()
	var told []string
	s, err := store.Open(t.Context(), telling(dir, func(text string) { told = append(told, text) }))
	must(t, err)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	snap, err := s.Load(t.Context())
	r := snap.Runtime
	if err != nil || r.Change != nil || r.Server.Kind != model.Unknown || r.Applied != (model.ProbeID{}) {
		t.Errorf("something of what is not trusted is in the state: %+v, %v", r, err)
	}
	if len(told) != 1 {
		t.Fatalf("told %q", told)
	}
	if len(snap.Events) != 1 || snap.Events[0].Kind != model.StateRenewed || snap.Events[0].Note != noted(told[0]) {
		t.Errorf("events %+v, told %q", snap.Events, told[0])
	}
	if mode := modeOf(t, dir); mode != 0o700 {
		t.Errorf("the folder has %v", mode)
	}
	for _, name := range []string{"bantop.db", "bantop.db-wal", "bantop.db-shm"} {
		if mode := modeOf(t, filepath.Join(dir, name)); mode != 0o600 {
			t.Errorf("%s has %v", name, mode)
		}
	}
	return s, told[0]
}

// noted is what the event says of what was told: all but what to do next, in one line.
func noted(told string) string {
	next := func(line string) bool { return strings.HasPrefix(line, "next: ") }
	return strings.Join(slices.DeleteFunc(strings.Split(told, "\n"), next), "; ")
}

// TestUntrusted: what others could have written is set aside as it is, nothing of it is
// used, that is told, and of a change that waited its file is named.
func TestUntrusted(t *testing.T) {
	fail2bantest.NeedRoot(t)
	file := func(mode fs.FileMode) func(*testing.T, string) {
		return func(t *testing.T, dir string) { must(t, os.Chmod(filepath.Join(dir, "bantop.db"), mode)) }
	}
	folder := func(mode fs.FileMode) func(*testing.T, string) {
		return func(t *testing.T, dir string) { must(t, os.Chmod(dir, mode)) }
	}
	group, other := strconv.Itoa(staff), strconv.Itoa(jo) // unless they have names
	if g, err := user.LookupGroupId(group); err == nil {
		group = g.Name
	}
	if u, err := user.LookupId(other); err == nil {
		other = u.Username
	}
	for _, c := range []struct {
		name, why string
		spoil     func(t *testing.T, dir string)
	}{
		{"as store.group left it", "group " + group + " could write DIR", shared},
		{"folder of a group", "group root could write DIR", folder(0o770)},
		{"folder for everybody", "everybody could write DIR", folder(0o777)},
		{"folder that was a group's", "DIR was shared with a group", folder(0o700 | fs.ModeSetgid)},
		{"folder that was not cleaned to the end", "DIR was not cleaned to the end", folder(0o700 | fs.ModeSticky)},
		{"database of a group", "group root could write DIR/bantop.db", file(0o660)},
		{"database for everybody", "everybody could write DIR/bantop.db", file(0o602)},
		{"database of another user", "DIR/bantop.db belongs to " + other, func(t *testing.T, dir string) {
			must(t, os.Chown(filepath.Join(dir, "bantop.db"), jo, jo))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := waits(t)
			must(t, os.WriteFile(filepath.Join(dir, "guard.log"), []byte("x"), 0o600))
			before, err := os.ReadFile(filepath.Join(dir, "bantop.db"))
			must(t, err)
			c.spoil(t, dir)
			s, told := anew(t, dir)
			want := strings.ReplaceAll(c.why, "DIR", dir) + ": the old state is set aside (*.untrusted-1); " +
				"history and journal begin anew\n" +
				"next: look at " + dir + "/*.untrusted-1, then delete them\n" +
				"a change may have been pending: check /etc/fail2ban/jail.d/x.local"
			if told != want {
				t.Errorf("told %q, want %q", told, want)
			}
			after, err := os.ReadFile(filepath.Join(dir, "bantop.db.untrusted-1"))
			if err != nil || !bytes.Equal(before, after) {
				t.Errorf("what was set aside is not what was there: %v", err)
			}
			apply(t, s, online(1, t0))
			snap, err := open(t, dir, "/run/f2b.sock").Load(t.Context())
			if err != nil || snap.Runtime.Server.Kind != model.Online {
				t.Errorf("the new one: %v, %v", snap.Runtime.Server.Kind, err)
			}
		})
	}
}

// TestUntrustedThings: whatever members of the group put in the place of the database is
// renamed as such; what it leads to is not touched, and nothing is made there.
func TestUntrustedThings(t *testing.T) {
	fail2bantest.NeedRoot(t)
	top := t.TempDir()
	dir, target := filepath.Join(top, "state"), filepath.Join(top, "target")
	must(t, os.WriteFile(target, []byte("a secret"), 0o600))
	before := tree(t, target)
	for i, put := range []func(path string) error{
		func(p string) error { return os.Symlink(target, p) },
		func(p string) error { return os.Symlink(filepath.Join(top, "nothing"), p) },
		func(p string) error { return unix.Mkfifo(p, 0o660) },
		func(p string) error { return os.Mkdir(p, 0o770) },
		func(p string) error { return unix.Mknod(p, unix.S_IFSOCK|0o660, 0) },
		func(p string) error { return os.WriteFile(p, bytes.Repeat([]byte{'x'}, 100), 0o660) },
	} {
		must(t, os.Mkdir(dir, 0o700))
		for _, name := range strings.Fields("bantop.db bantop.db-wal bantop.db-shm bantop.db-journal guard.log changes") {
			must(t, put(filepath.Join(dir, name)))
		}
		must(t, os.Chown(dir, 0, staff), os.Chmod(dir, 0o770|fs.ModeSetgid))
		anew(t, dir)
		if after := tree(t, target); after != before {
			t.Errorf("%d: the target was touched: %s before: %s", i, after, before)
		}
		if _, err := os.Lstat(filepath.Join(top, "nothing")); err == nil {
			t.Errorf("%d: a file was made through a link", i)
		}
		must(t, os.RemoveAll(dir))
	}
}

// TestUntrustedNumbers: a name that somebody has is not taken from him.
func TestUntrustedNumbers(t *testing.T) {
	fail2bantest.NeedRoot(t)
	dir := waits(t)
	must(t, os.WriteFile(filepath.Join(dir, "bantop.db.untrusted-1"), []byte("1"), 0o600),
		os.WriteFile(filepath.Join(dir, "guard.log.untrusted-2"), []byte("2"), 0o600))
	shared(t, dir)
	anew(t, dir)
	var names []string
	entries, err := os.ReadDir(dir)
	must(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if !slices.Contains(names, "bantop.db.untrusted-3") || slices.Contains(names, "bantop.lock") {
		t.Errorf("there is %q", names)
	}
}

// TestUntrustedAtOnce: of several processes that find the folder at the same time one sets
// the old state aside, and all share the new one.
func TestUntrustedAtOnce(t *testing.T) {
	fail2bantest.NeedRoot(t)
	for range 5 {
		dir := waits(t)
		shared(t, dir)
		const many = 6
		var ends []func() error
		for range many {
			_, end := start(t, "open", dir, 0, 0)
			ends = append(ends, end)
		}
		done := make(chan error)
		for _, end := range ends {
			go func() { done <- end() }()
		}
		for range many {
			must(t, <-done)
		}
		snap, err := open(t, dir, "/run/f2b.sock").Load(t.Context())
		if err != nil || snap.Revision != many {
			t.Errorf("revision %d, %v", snap.Revision, err)
		}
		if two, err := filepath.Glob(filepath.Join(dir, "*.untrusted-2")); err != nil || two != nil {
			t.Errorf("a new state was set aside: %v, %v", two, err)
		}
	}
}

// TestUntrustedWhileOthersWrite: somebody who puts files and links there all the time,
// until he is shut out, gets nothing of his into the state, and cannot keep it from being
// used.
func TestUntrustedWhileOthersWrite(t *testing.T) {
	fail2bantest.NeedRoot(t)
	before := tree(t, "/etc/shadow")
	for range 8 {
		dir := filepath.Join(t.TempDir(), "bantop") // whatever else is in it
		must(t, os.Rename(waits(t), dir))
		reachable(t, dir)
		shared(t, dir)
		_, end := start(t, "plant", dir, jo, staff)
		s, _ := anew(t, dir)
		must(t, end())
		apply(t, s, online(1, t0))
		must(t, s.Try(t.Context()))
	}
	if after := tree(t, "/etc/shadow"); after != before {
		t.Errorf("%s before: %s", after, before)
	}
}

// TestUntrustedAndLocked: somebody who holds a lock on the folder, and has put one of his
// own in the place of bantop's, keeps nobody waiting.
func TestUntrustedAndLocked(t *testing.T) {
	fail2bantest.NeedRoot(t)
	dir := waits(t)
	reachable(t, dir)
	shared(t, dir)
	lock := filepath.Join(dir, "bantop.lock")
	must(t, os.Mkdir(lock, 0o700), os.Chown(lock, jo, staff), os.Symlink(lock, lock+"-2"),
		os.WriteFile(lock+"-3", nil, 0o666))
	start(t, "lock", dir, jo, staff)
	start(t, "lock", lock, jo, staff)
	anew(t, dir)
}

// TestManyLocks: however many names of the lock a member of the group has taken, the
// folder is closed to him at once, and what he put there is taken away.
func TestManyLocks(t *testing.T) {
	fail2bantest.NeedRoot(t)
	dir := waits(t)
	shared(t, dir)
	first := filepath.Join(dir, "bantop.lock")
	must(t, os.WriteFile(first, nil, 0o666), os.Chown(first, jo, staff))
	for n := 2; n < 20_000; n++ {
		must(t, os.Link(first, first+"-"+strconv.Itoa(n)))
	}
	anew(t, dir)
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 || info.Mode()&fs.ModeSticky != 0 {
		t.Errorf("the folder: %v, %v", info.Mode(), err)
	}
}

// reachable lets other users through to a folder.
func reachable(t *testing.T, dir string) {
	t.Helper()
	for p := filepath.Dir(dir); p != os.TempDir() && p != "/"; p = filepath.Dir(p) {
		must(t, os.Chmod(p, 0o755))
	}
}

// TestWaitingIsOnlyNamed: names that others wrote are those of a configuration file or are
// not told, five at the most, and a database made to be searched for long is not.
func TestWaitingIsOnlyNamed(t *testing.T) {
	fail2bantest.NeedRoot(t)
	entry := func(dir, name, step string) string {
		return fmt.Sprintf(`"File":{"Dir":%q,"Name":"%s","Was":null},"Gains":null,"Step":"%s","Since":"2026-01-02T15:04:05Z"`,
			dir, name, step)
	}
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"not a configuration file", entry("..", "passwd", "confirm") + entry("jail.d", "../../passwd", "confirm") +
			entry("jail.d", ".hidden", "confirm") + entry("jail.d", `a\u001b[2J`, "confirm") +
			entry("jail.d", "a\x1b[2J", "confirm") + entry("jail.d", strings.Repeat("x", 256), "confirm"), nil},
		{"that has ended", entry("jail.d", "a.local", "taken back"), nil},
		{"of each folder",
			entry("jail.d", "a.local", "confirm") + entry("filter.d", "b.local", "write") +
				entry("action.d", "c.local", "prove"),
			[]string{"jail.d/a.local", "filter.d/b.local", "action.d/c.local"}},
		{"cut off", `"File":{"Dir":"jail.d","Name":"a.local","Was":"` + strings.Repeat("A", 3<<20),
			[]string{"jail.d/a.local"}},
		{"many", func() string {
			var b strings.Builder
			for i := range 200_000 {
				fmt.Fprintf(&b, `"File":{"Dir":"jail.d","Name":"%d"`, i)
			}
			return b.String()
		}(), []string{"jail.d/0", "jail.d/1", "jail.d/2", "jail.d/3", "jail.d/4"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			must(t, os.WriteFile(filepath.Join(dir, "bantop.db"), []byte(c.text), 0o660))
			shared(t, dir)
			_, told := anew(t, dir)
			var got []string
			if _, files, is := strings.Cut(told, "check "); is {
				for file := range strings.SplitSeq(files, ", ") {
					got = append(got, strings.TrimPrefix(file, "/etc/fail2ban/"))
				}
			}
			if !slices.Equal(got, c.want) || strings.ContainsRune(told, 0x1b) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestUntrustedIsNotOpened: a database made to hold its reader up is set aside unread.
func TestUntrustedIsNotOpened(t *testing.T) {
	fail2bantest.NeedRoot(t)
	dir := waits(t)
	db, err := sql.Open("sqlite", filepath.Join(dir, "bantop.db"))
	must(t, err)
	_, err = db.Exec("DROP TABLE server; CREATE VIEW server AS " + endless)
	must(t, err, db.Close())
	shared(t, dir)
	anew(t, dir)
}
