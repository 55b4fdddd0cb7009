package rehearsal_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/fail2bantest"
	"bantop/fail2ban/rehearsal"
)

// rehearseIn makes this test binary one that rehearses until it is killed.
const rehearseIn = "BANTOP_TEST_REHEARSE"

func TestMain(m *testing.M) {
	if spec := os.Getenv(rehearseIn); spec != "" {
		where := strings.Split(spec, "|")
		r := rehearsal.New(rehearsal.Options{Conf: where[0], Dir: where[1], Program: where[3], Jail: "broken", File: "zz.local", On: true,
			Text: []byte("[broken]\nenabled = true\nlogpath = " + where[2] + "\n")})
		for {
			found := r.Next(context.Background())
			fmt.Println(found.Step)
			if found.Step == fail2ban.RehearseRead {
				time.Sleep(time.Hour)
			}
		}
	}
	os.Exit(m.Run())
}

// killed rehearses in a process that is killed when it has come to a step, and
// returns the folder that it left.
func killed(t *testing.T, l *lab, step fail2ban.RehearsalStep) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), rehearseIn+"="+l.ConfDir+"|"+l.dir+"|"+l.LogPath("j001")+"|"+l.program)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for said := ""; said != string(step); {
		if _, err := fmt.Fscanln(out, &said); err != nil {
			t.Fatal(err)
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	left, err := os.ReadDir(l.dir)
	if err != nil || len(left) != 1 {
		t.Fatal(left, err)
	}
	return filepath.Join(l.dir, left[0].Name())
}

// TestSweep: what a rehearsal left that was killed is removed, whatever step it was
// in, and its server does not run on; what is another's stays.
func TestSweep(t *testing.T) {
	each(t, func(t *testing.T, l *lab) {
		for _, step := range []fail2ban.RehearsalStep{fail2ban.RehearseTest, fail2ban.RehearseStart, fail2ban.RehearseRead} {
			killed(t, l, step)
			if err := rehearsal.Sweep(l.dir); err != nil {
				t.Error(err)
			}
			fail2bantest.Eventually(t, "no process is left", func() bool { return len(processes(t, l.dir)) == 0 })
			l.nothingLeft()
		}
	})
}

// TestSweepLeavesOthers: a folder of somebody who lives, one that no rehearsal made,
// and what a link leads to stay.
func TestSweepLeavesOthers(t *testing.T) {
	each(t, func(t *testing.T, l *lab) {
		r := rehearsal.New(l.options("[broken]\nenabled = true\nlogpath = " + l.LogPath("j001") + "\n"))
		defer r.Close()
		r.Next(t.Context())
		for _, name := range []string{"bantop-try-foreign", "other"} {
			if err := os.MkdirAll(filepath.Join(l.dir, name, "etc"), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		dead := killed2(t, l)
		target := filepath.Join(t.TempDir(), "bantop-try-elsewhere")
		if err := os.Rename(dead, target); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, dead); err != nil {
			t.Fatal(err)
		}
		if err := rehearsal.Sweep(l.dir); err != nil {
			t.Error(err)
		}
		left, err := os.ReadDir(l.dir)
		if err != nil || len(left) != 4 {
			t.Errorf("left: %v, %v", left, err)
		}
		if _, err := os.Stat(filepath.Join(target, "etc")); err != nil {
			t.Error(err)
		}
		if err := rehearsal.Sweep(filepath.Join(l.dir, "absent")); err != nil {
			t.Error(err)
		}
	})
}

// killed2 is a folder that a killed rehearsal left, beside others.
func killed2(t *testing.T, l *lab) string {
	t.Helper()
	alone := *l
	alone.dir = filepath.Join(l.dir, "other")
	if err := os.RemoveAll(filepath.Join(alone.dir, "etc")); err != nil {
		t.Fatal(err)
	}
	left := killed(t, &alone, fail2ban.RehearseTest)
	moved := filepath.Join(l.dir, filepath.Base(left))
	if err := os.Rename(left, moved); err != nil {
		t.Fatal(err)
	}
	return moved
}

// BenchmarkRehearsal is a good jail: until it is known to load, and until whom it
// would ban is known too.
func BenchmarkRehearsal(b *testing.B) {
	for _, install := range fail2bantest.RealInstalls(b) {
		b.Run(install.Version, func(b *testing.B) {
			l := newLab(b, install)
			o := l.options("[broken]\nenabled = true\nlogpath = " + l.LogPath("j001") + "\n")
			var loads, knows []float64
			for b.Loop() {
				r := rehearsal.New(o)
				var found fail2ban.Rehearsal
				for found.Step != fail2ban.RehearseDone {
					was := found.Step
					if found = r.Next(b.Context()); was == fail2ban.RehearseStart && found.Step == fail2ban.RehearseRead {
						loads = append(loads, float64(found.Took.Milliseconds()))
					}
				}
				knows = append(knows, float64(found.Took.Milliseconds()))
				r.Close()
			}
			b.ReportMetric(fail2bantest.Median(loads), "ms-loads")
			b.ReportMetric(fail2bantest.Median(knows), "ms-knows")
		})
	}
}
