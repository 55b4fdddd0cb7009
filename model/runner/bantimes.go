package runner

import (
	"context"
	"slices"
	"sort"
	"sync"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/logfile"
)

const (
	// holdMost is how long a list of bans may hold the server up.
	holdMost = 50 * time.Millisecond
	// exactMost is how long it may hold the server up that somebody wants to know of one
	// ban when it ends.
	exactMost = 500 * time.Millisecond
	// timedMost is of how many bans of a jail the times are asked: the server writes a
	// line for each.
	timedMost = 10_000
)

// costs are what a ban of a list costs, as it was last measured.
type costs struct {
	mu      sync.Mutex
	ofTimed time.Duration // of a list with times; 0 before the first
	ofNames time.Duration
}

// What a ban costs before it was measured (1.0.2, two processors: 6.8 and 1.7 µs).
const (
	firstTimed = 5 * time.Microsecond
	firstNames = 2 * time.Microsecond
)

// timed reports whether the server may be asked for the times of so many bans.
func (c *costs) timed(n int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return n <= timedMost && time.Duration(n)*orFirst(c.ofTimed, firstTimed) <= holdMost
}

// exact reports whether it may be asked for the times of so many for the sake of one.
func (c *costs) exact(n int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Duration(n)*orFirst(c.ofTimed, firstTimed) <= exactMost
}

// names reports whether it may be asked for the addresses of so many.
func (c *costs) names(n int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Duration(n)*orFirst(c.ofNames, firstNames) <= holdMost
}

func orFirst(measured, first time.Duration) time.Duration {
	if measured > 0 {
		return measured
	}
	return first
}

func (c *costs) tookTimed(n int, took time.Duration) { c.took(&c.ofTimed, n, took) }
func (c *costs) tookNames(n int, took time.Duration) { c.took(&c.ofNames, n, took) }

// took measures: a quick answer counts at once and a slow one by and by, since a server
// that others keep busy only looks slow. A short list tells little.
func (c *costs) took(of *time.Duration, n int, took time.Duration) {
	const enough = 500
	if n < enough {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	each := max(took/time.Duration(n), time.Nanosecond)
	if *of == 0 || each < *of {
		*of = each
		return
	}
	*of += (each - *of) / 4
}

// fromDatabase are bans as the database has them, with the times that hold: of a ban that
// has another length than the jail's, it is not known whether it has a time of its own or
// the jail's was changed since, which holds for older bans, too (1.0.2, measured).
func fromDatabase(held []fail2ban.JailBan, banTime time.Duration) []fail2ban.JailBan {
	out := slices.Clone(held)
	for i, b := range out {
		out[i].Database = true
		if b.Length != banTime {
			out[i].End, out[i].Length = time.Time{}, 0
		}
	}
	return out
}

// named are the bans that the server names, in the order of their ends, with what its
// database knows of them. A time is taken from there only if it fits the order: a ban
// that was prolonged by hand stands further behind than its row says.
func named(jail string, names []string, held heldBans, banTime time.Duration) []fail2ban.JailBan {
	rows := make(map[string]fail2ban.JailBan, len(held))
	for _, b := range held {
		rows[b.Address] = b
	}
	out := make([]fail2ban.JailBan, len(names))
	for i, name := range names {
		b, known := rows[name]
		if !known {
			b = fail2ban.JailBan{Jail: jail, Ban: fail2ban.Ban{Address: name}}
		}
		if b.Database = true; b.Length != banTime {
			b.End, b.Length = time.Time{}, 0
		}
		out[i] = b
	}
	fits := ordered(out)
	for i := range out {
		if !fits[i] {
			out[i].End, out[i].Length = time.Time{}, 0
		}
	}
	return out
}

// ordered reports of each ban whether its end fits the order: it is in a longest sequence
// of ends that do not fall. A permanent one ends last.
func ordered(bans []fail2ban.JailBan) []bool {
	var tails []int // of a sequence of each length, the ban that it ends with
	before := make([]int, len(bans))
	last := time.Unix(1<<40, 0)
	end := func(i int) time.Time {
		if bans[i].Length == fail2ban.Permanent {
			return last
		}
		return bans[i].End
	}
	for i, b := range bans {
		if b.End.IsZero() && b.Length != fail2ban.Permanent {
			continue
		}
		at := sort.Search(len(tails), func(k int) bool { return end(tails[k]).After(end(i)) })
		before[i] = -1
		if at > 0 {
			before[i] = tails[at-1]
		}
		if at == len(tails) {
			tails = append(tails, i)
		} else {
			tails[at] = i
		}
	}
	fits := make([]bool, len(bans))
	if len(tails) > 0 {
		for i := tails[len(tails)-1]; i >= 0; i = before[i] {
			fits[i] = true
		}
	}
	return fits
}

// prolongedBans are the bans that the log says were prolonged.
type prolongedBans struct {
	mu  sync.Mutex
	log logfile.Prolonged
}

// doubted takes the ends off bans that were prolonged by what the log says: the database
// knows nothing of it.
func (r *Runner) doubted(ctx context.Context, bans []fail2ban.JailBan) []fail2ban.JailBan {
	if r.logTarget.Load() == nil {
		if target, err := r.opts.Client.LogTarget(ctx); err == nil { // else where the configuration says
			r.logTarget.Store(&target)
		}
	}
	p := &r.prolonged
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.log.Read(r.lastLog()); !p.log.Any() {
		return bans
	}
	for i, b := range bans {
		if p.log.Has(b.Jail, b.Address) {
			bans[i].End, bans[i].Length = time.Time{}, 0
		}
	}
	return bans
}
