package cli_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/creack/pty"

	"bantop/fail2ban/fail2bantest"
)

// BenchmarkIdle is a dashboard that nobody touches, on a real server where
// nothing happens, beside `top -d 1`: the bytes that go to the terminal and the
// CPU time, both a second.
func BenchmarkIdle(b *testing.B) {
	installs, err := fail2bantest.Installs()
	if err != nil {
		b.Skip(err)
	}
	bantop := filepath.Join(b.TempDir(), "bantop")
	build := exec.Command("go", "build", "-o", bantop, "bantop")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	var jails []string
	for i := range 10 {
		jails = append(jails, fmt.Sprintf("jail%02d", i))
	}
	r := fail2bantest.NewReal(b, installs[0], fail2bantest.RealOptions{Jails: jails})
	b.Run("bantop", func(b *testing.B) { benchIdle(b, bantop, "-c", r.ConfDir) })
	b.Run("top", func(b *testing.B) { benchIdle(b, "top", "-d", "1") })
}

func benchIdle(b *testing.B, program string, args ...string) {
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "TERM=xterm-256color", "LANG=C.UTF-8", "COLORFGBG=15;0")
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: 100, Rows: 28})
	if err != nil {
		b.Skip(err)
	}
	defer func() {
		_ = cmd.Process.Kill() // fails only when it is gone
		_ = cmd.Wait()         // it was killed
		tty.Close()
	}()
	got := make(chan int, 1024)
	go func() {
		buf := make([]byte, 65536)
		for {
			n, err := tty.Read(buf)
			if err != nil {
				return
			}
			got <- n
		}
	}()
	read := func(d time.Duration) (bytes int) {
		for end := time.After(d); ; {
			select {
			case n := <-got:
				bytes += n
			case <-end:
				return bytes
			}
		}
	}
	read(4 * time.Second) // the start is over
	const while = 10 * time.Second
	for b.Loop() {
		before := fail2bantest.CPUTime(b, cmd.Process.Pid)
		bytes := read(while)
		cpu := fail2bantest.CPUTime(b, cmd.Process.Pid) - before
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(float64(bytes)/while.Seconds(), "B/s")
		b.ReportMetric(float64(cpu)/1e6/while.Seconds(), "cpu-ms/s")
	}
}
