package cli_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"bantop/fail2ban/fail2bantest"
	"bantop/model/countrytest"
)

// BenchmarkIdle is a dashboard that nobody touches, on a real server where
// nothing happens, beside `top -d 1`: the bytes that go to the terminal and the
// CPU time, both a second.
func BenchmarkIdle(b *testing.B) {
	installs, err := fail2bantest.Installs()
	if err != nil {
		b.Skip(err)
	}
	bantop := buildBantop(b)
	r := tenJails(b, installs[0])
	b.Run("bantop", func(b *testing.B) { benchIdle(b, bantop, "-c", r.ConfDir) })
	b.Run("top", func(b *testing.B) { benchIdle(b, "top", "-d", "1") })
}

// buildBantop builds the program as it is released.
func buildBantop(b *testing.B) string {
	b.Helper()
	bantop := filepath.Join(b.TempDir(), "bantop")
	build := exec.Command("go", "build", "-o", bantop, "bantop")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	return bantop
}

// tenJails is a real server with ten jails.
func tenJails(b *testing.B, install fail2bantest.Install) *fail2bantest.Real {
	b.Helper()
	var jails []string
	for i := range 10 {
		jails = append(jails, fmt.Sprintf("jail%02d", i))
	}
	return fail2bantest.NewReal(b, install, fail2bantest.RealOptions{Jails: jails})
}

// BenchmarkPanes is what panes cost fail2ban-server: its CPU time a second
// without any, with one, and with eight that share one state. "x-cpu" is what
// eight cost over what one costs, both without what the server needs for itself;
// each is a median over the turns.
func BenchmarkPanes(b *testing.B) {
	installs, err := fail2bantest.Installs()
	if err != nil {
		b.Skip(err)
	}
	bantop := buildBantop(b)
	for _, install := range installs {
		b.Run(install.Version, func(b *testing.B) {
			r := tenJails(b, install)
			costs := map[int][]float64{}
			for b.Loop() {
				for _, panes := range []int{0, 1, 8} {
					costs[panes] = append(costs[panes], costOfPanes(b, r, bantop, panes))
				}
			}
			b.ReportMetric(0, "ns/op") // a turn is nothing that anybody does
			none, one, eight := fail2bantest.Median(costs[0]), fail2bantest.Median(costs[1]), fail2bantest.Median(costs[8])
			b.ReportMetric(none, "none-cpu-ms/s")
			b.ReportMetric(one, "one-cpu-ms/s")
			b.ReportMetric(eight, "eight-cpu-ms/s")
			b.ReportMetric((eight-none)/(one-none), "x-cpu")
		})
	}
}

// costOfPanes opens so many dashboards and returns the CPU time that the server
// then uses, in milliseconds a second.
func costOfPanes(b *testing.B, r *fail2bantest.Real, bantop string, panes int) float64 {
	b.Helper()
	state := b.TempDir()
	for range panes {
		cmd := exec.Command(bantop, "-c", r.ConfDir, "--state-dir", state)
		cmd.Env = append(os.Environ(), "TERM=xterm-256color", "LANG=C.UTF-8", "COLORFGBG=15;0")
		tty, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: 100, Rows: 28})
		if err != nil {
			b.Fatal(err)
		}
		go func() { _, _ = io.Copy(io.Discard, tty) }() // ends with the program
		defer func() {
			_ = cmd.Process.Kill() // fails only when it is gone
			_ = cmd.Wait()         // it was killed
			tty.Close()
		}()
	}
	const settle, span = 4 * time.Second, 20 * time.Second // two looks at the details are in it
	time.Sleep(settle)
	before := fail2bantest.CPUTime(b, r.PID())
	time.Sleep(span)
	return float64(fail2bantest.CPUTime(b, r.PID())-before) / 1e6 / span.Seconds()
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

// BenchmarkBansOpen opens the list of 100,000 bans of a real server with the program
// as it is released: without a country database, and with ones as large as
// GeoLite2-Country and GeoLite2-City. "ms" is from the key to the list, "MiB" the most
// memory that the process ever had in use, "own-MiB" what of that is not the kernel's
// copy of files.
func BenchmarkBansOpen(b *testing.B) {
	installs, err := fail2bantest.Installs()
	if err != nil {
		b.Skip(err)
	}
	bantop := buildBantop(b)
	jails := []string{"j001", "j002", "j003", "j004", "j005"}
	r := fail2bantest.NewReal(b, installs[0], fail2bantest.RealOptions{Jails: jails})
	loaded(b, r, jails, 20_000)
	for _, c := range []struct{ name, database string }{
		{"no countries", ""}, {"like a country's", countrytest.Large(b, 250_000, 250)}, {"like a city's", countrytest.Large(b, 1_100_000, 200_000)},
	} {
		b.Run(c.name, func(b *testing.B) {
			var ms, most, own []float64
			for b.Loop() {
				m, hwm, anon := openBans(b, bantop, r.ConfDir, c.database)
				ms, most, own = append(ms, m), append(most, hwm), append(own, anon)
			}
			b.ReportMetric(0, "ns/op") // the rest is starting and waiting
			b.ReportMetric(fail2bantest.Median(ms), "ms")
			b.ReportMetric(fail2bantest.Median(most), "MiB")
			b.ReportMetric(fail2bantest.Median(own), "own-MiB")
		})
	}
}

// openBans opens a dashboard and its list of bans, and returns how long the list took,
// the most memory of the process, and its memory that is no file, in the end.
func openBans(b *testing.B, bantop, conf, database string) (ms, most, own float64) {
	b.Helper()
	settings := filepath.Join(b.TempDir(), "bantop.toml")
	if err := os.WriteFile(settings, fmt.Appendf(nil, "country.database = %q\n", database), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(bantop, "-c", conf, "--state-dir", b.TempDir(), "--settings", settings)
	cmd.Env = append(os.Environ(), "TERM=xterm-256color", "LANG=C.UTF-8", "COLORFGBG=15;0")
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: 100, Rows: 28})
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill() // fails only when it is gone
		_ = cmd.Wait()         // it was killed
		tty.Close()
	}()
	var seen []byte
	until := func(text string) {
		buf := make([]byte, 65536)
		for !bytes.Contains(seen, []byte(text)) {
			n, err := tty.Read(buf)
			if err != nil {
				b.Fatalf("no %q: %v", text, err)
			}
			seen = append(seen, buf[:n]...)
		}
	}
	until("5 jails")
	begun := time.Now()
	if _, err := tty.WriteString("2"); err != nil {
		b.Fatal(err)
	}
	until("100,000 bans")
	ms = float64(time.Since(begun)) / 1e6
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		var kib float64
		name, value, _ := strings.Cut(line, ":")
		if _, err := fmt.Sscan(value, &kib); err != nil {
			continue
		}
		switch name {
		case "VmHWM":
			most = kib / 1024
		case "RssAnon":
			own = kib / 1024
		}
	}
	return ms, most, own
}
