package runner_test

import (
	"fmt"
	"testing"
	"time"

	"bantop/fail2ban/fail2bantest"
	"bantop/fail2ban/socket"
	"bantop/model"
	"bantop/model/runner"
)

// BenchmarkRefresh compares, pair by pair on one real server with ten jails of
// 100 bans each, one refresh of all counts by bantop and by fail2ban-client, a
// process for each jail: wall time and the server's CPU. The ratios are medians
// over the pairs. "all" is the refresh that asks for everything, as bantop does
// at first and every 10 s.
func BenchmarkRefresh(b *testing.B) {
	installs, err := fail2bantest.Installs()
	if err != nil {
		b.Skip(err)
	}
	for _, install := range installs {
		b.Run(install.Version, func(b *testing.B) { benchRefresh(b, install) })
	}
}

func benchRefresh(b *testing.B, install fail2bantest.Install) {
	var jails []string
	for i := range 10 {
		jails = append(jails, fmt.Sprintf("jail%02d", i))
	}
	real := fail2bantest.NewReal(b, install, fail2bantest.RealOptions{Jails: jails})
	for _, jail := range jails {
		ban := []string{"set", jail, "banip"}
		for i := range 100 {
			ban = append(ban, fmt.Sprintf("192.0.2.%d", i))
		}
		if _, err := real.Client(ban...); err != nil {
			b.Fatal(err)
		}
	}
	c := socket.New(socket.Options{Path: real.Path, PIDFile: real.PIDFile})
	defer c.Close()

	byClient := func() {
		for _, jail := range jails {
			if _, err := real.Client("status", jail); err != nil {
				b.Fatal(err)
			}
		}
	}
	looks := begin(b, runner.Options{Client: c})
	var took time.Duration // by looks, without what they wait for their turn
	look := func(r *runner.Runner) {
		r.Hurry()
		p, ok := r.Do(b.Context(), model.Probe{Seq: 1}).(model.ProbeFinished)
		if !ok || len(p.Jails) != 10 || p.Jails[9].Banned != 100 {
			b.Fatalf("%+v", p)
		}
		took += p.Latency
	}
	look(looks)
	const often = 20 // a single look is too short for the clock of the CPU
	byBantop := func() {
		for range often {
			look(looks)
		}
	}
	all := func() {
		for range often {
			look(begin(b, runner.Options{Client: c}))
		}
	}

	var clientMS, bantopMS, allMS, clientCPU, bantopCPU, wall, cpu []float64
	for b.Loop() {
		cw, cc := measure(b, real.PID(), byClient)
		took = 0
		_, bc := measure(b, real.PID(), byBantop)
		bw, bc := float64(took)/1e6/often, bc/often
		took = 0
		all()
		aw := float64(took) / 1e6 / often
		clientMS, bantopMS, allMS = append(clientMS, cw), append(bantopMS, bw), append(allMS, aw)
		clientCPU, bantopCPU = append(clientCPU, cc), append(bantopCPU, bc)
		wall, cpu = append(wall, cw/bw), append(cpu, cc/bc)
	}
	b.ReportMetric(0, "ns/op") // a pair is nothing that anybody does
	b.ReportMetric(fail2bantest.Median(clientMS), "client-ms")
	b.ReportMetric(fail2bantest.Median(bantopMS), "bantop-ms")
	b.ReportMetric(fail2bantest.Median(allMS), "bantop-all-ms")
	b.ReportMetric(fail2bantest.Median(clientCPU), "client-cpu-ms")
	b.ReportMetric(fail2bantest.Median(bantopCPU), "bantop-cpu-ms")
	b.ReportMetric(fail2bantest.Median(wall), "x-wall")
	b.ReportMetric(fail2bantest.Median(cpu), "x-cpu")
}

// measure runs something and returns the wall time it took, and the CPU time
// that a process used meanwhile, both in milliseconds.
func measure(b *testing.B, pid int, do func()) (wall, cpu float64) {
	before, started := fail2bantest.CPUTime(b, pid), time.Now()
	do()
	return float64(time.Since(started)) / 1e6, float64(fail2bantest.CPUTime(b, pid)-before) / 1e6
}
