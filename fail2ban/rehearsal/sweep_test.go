package rehearsal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/fail2bantest"
	"bantop/fail2ban/process"
	"bantop/fail2ban/tempdir"
	"bantop/fail2ban/testmain"
)

// The variables with which the test binary is a program that rehearses and is killed.
const (
	envVictim  = "BANTOP_REHEARSAL_VICTIM"  // its folder
	envConf    = "BANTOP_REHEARSAL_CONF"    // the configuration
	envSurvive = "BANTOP_REHEARSAL_SURVIVE" // the scratch server outlives it
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(envVictim); dir != "" {
		if os.Getenv(envSurvive) != "" {
			deathSignal = 0
		}
		victim(dir)
	}
	testmain.Run(m)
}

// victim rehearses until the scratch server reads, says so, and waits to be killed.
func victim(dir string) {
	o := Options{Conf: os.Getenv(envConf), Jail: "new", File: "new.local", Text: []byte("[new]\nenabled = true\nlogpath = " + os.Getenv(envConf) + "/../log/j001.log\n"), On: true, Dir: dir}
	r := New(o)
	for {
		k := r.Next(context.Background())
		if k.Step == fail2ban.RehearseRead || k.Step == fail2ban.RehearseDone {
			fmt.Println(k.Step)
			break
		}
	}
	time.Sleep(time.Hour)
}

// TestKilled: what a rehearsal leaves that is killed is found and removed, its server,
// too; that of a living one is not touched, nor what is nobody's, or another's.
func TestKilled(t *testing.T) {
	onPath(t, func(t *testing.T, th *theatre) {
		check := th.untouched(t)
		for _, survive := range []string{"", "1"} {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), envVictim+"="+th.temp, envConf+"="+th.ConfDir, envSurvive+"="+survive)
			cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			said := make([]byte, 100)
			n, _ := out.Read(said)
			if got := strings.TrimSpace(string(said[:n])); got != "read" || len(servers(th.temp)) != 1 {
				t.Fatalf("it said %q, servers %v", got, servers(th.temp))
			}
			if n, err := Sweep(th.temp); n != 0 || err != nil || len(servers(th.temp)) != 1 {
				t.Errorf("that of a living maker: %d, %v, %v", n, err, servers(th.temp))
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // it was killed
			if survive == "" {
				fail2bantest.Eventually(t, "the server goes with its maker", func() bool { return len(servers(th.temp)) == 0 })
			} else if len(servers(th.temp)) != 1 {
				t.Error("the server is gone already")
			}
			if n, err := Sweep(th.temp); n != 1 || err != nil {
				t.Errorf("%d, %v", n, err)
			}
			th.nothingLeft(t)
		}
		check()
	})
}

// TestSweepLeaves: only what is provably a rehearsal's of a maker that is gone is
// removed.
func TestSweepLeaves(t *testing.T) {
	parent := t.TempDir()
	marker := func(id process.ID) string {
		text, err := json.Marshal(id)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	gone := marker(process.ID{Boot: process.Boot(), PID: os.Getpid(), Started: "1"}) // this process, but of another start
	make := func(name, marker string, mode os.FileMode) string {
		t.Helper()
		path := filepath.Join(parent, name)
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		if marker != "" {
			if err := os.WriteFile(filepath.Join(path, "maker"), []byte(marker), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	kept := []string{
		make(tempdir.Rehearsal.Prefix()+"lives", marker(process.Self()), 0o700),
		make(tempdir.Rehearsal.Prefix()+"open", gone, 0o755),
		make(tempdir.Rehearsal.Prefix()+"nonsense", "nonsense", 0o700),
		make(tempdir.Rehearsal.Prefix()+"nopid", "{}x", 0o700),
		make(tempdir.Rehearsal.Prefix()+"new", "", 0o700),
		make("other", gone, 0o700),
	}
	foreign := make(tempdir.Rehearsal.Prefix()+"foreign", "", 0o700)
	kept = append(kept, foreign)
	outside := filepath.Join(t.TempDir(), "outside")
	link := filepath.Join(parent, tempdir.Rehearsal.Prefix()+"link")
	if err := errors.Join(os.WriteFile(filepath.Join(foreign, "theirs"), nil, 0o600), os.Mkdir(outside, 0o700),
		os.WriteFile(filepath.Join(outside, "maker"), []byte(gone), 0o600), os.Symlink(outside, link),
		os.WriteFile(filepath.Join(parent, tempdir.Rehearsal.Prefix()+"file"), []byte(gone), 0o700), os.Chtimes(foreign, time.Time{}, time.Unix(1, 0))); err != nil {
		t.Fatal(err)
	}
	kept = append(kept, link, outside, filepath.Join(parent, tempdir.Rehearsal.Prefix()+"file"))
	if os.Geteuid() == 0 {
		others := make(tempdir.Rehearsal.Prefix()+"others", gone, 0o700)
		if err := os.Chown(others, 65534, 65534); err != nil {
			t.Fatal(err)
		}
		kept = append(kept, others)
	}
	removed := []string{make(tempdir.Rehearsal.Prefix()+"gone", gone, 0o700), make(tempdir.Rehearsal.Prefix()+"boot", marker(process.ID{Boot: "another", PID: 1, Started: "1"}), 0o700), make(tempdir.Rehearsal.Prefix()+"empty", "", 0o700)}
	// A link in it leads nowhere that would be removed.
	if err := errors.Join(os.Symlink(outside, filepath.Join(removed[0], "fail2ban")), os.Chtimes(removed[2], time.Time{}, time.Unix(1, 0))); err != nil {
		t.Fatal(err)
	}
	if n, err := Sweep(parent); n != len(removed) || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	for _, path := range kept {
		if _, err := os.Lstat(path); err != nil {
			t.Errorf("%s was removed", path)
		}
	}
	for _, path := range removed {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s was not removed", path)
		}
	}
	if n, err := Sweep(filepath.Join(parent, "absent")); n != 0 || err != nil {
		t.Error(n, err)
	}
}
