package runner

import (
	"testing"
	"time"
)

// TestBudget: looks keep their pace from start to start, and take no more than
// one part in a hundred of the server's time, hurried or not.
func TestBudget(t *testing.T) {
	const ms = time.Millisecond
	start := time.Now()
	for _, c := range []struct {
		name    string
		costs   []time.Duration
		ago     time.Duration // the start of the newest look
		after   time.Duration
		hurried bool
		want    time.Duration
	}{
		{"the first", nil, 0, 0, false, 0},
		{"cheap", []time.Duration{ms / 3}, 10 * ms, time.Second, false, 990 * ms},
		{"200 jails", []time.Duration{3 * ms}, 10 * ms, time.Second, false, 990 * ms},
		{"dear", []time.Duration{50 * ms}, 50 * ms, time.Second, false, 4950 * ms},
		{"dearer than the slowest pace", []time.Duration{time.Second}, time.Second, time.Second, false, 29 * time.Second},
		{"one was held up by others", []time.Duration{ms, 2 * time.Second, ms}, 0, time.Second, false, time.Second},
		{"long ago", []time.Duration{ms}, time.Hour, time.Second, false, 0},
		{"hurried", []time.Duration{ms / 3}, 500 * ms, time.Second, true, 0},
		{"hurried again and again", []time.Duration{3 * ms}, 10 * ms, time.Second, true, 290 * ms},
		{"a cost of long ago is forgotten", append([]time.Duration{ms}, repeat(20*ms, looks)...), 0, time.Second, false, 2 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b budget
			if c.costs != nil {
				b.begin(start.Add(-c.ago))
			}
			for _, cost := range c.costs {
				b.spend(cost)
			}
			if got := b.wait(start, c.after, c.hurried); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func repeat(d time.Duration, n int) []time.Duration {
	out := make([]time.Duration, n)
	for i := range out {
		out[i] = d
	}
	return out
}
