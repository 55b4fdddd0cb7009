package fail2bantest

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"time"
)

// Story plays a believable day on a Server, at speed: attacks that swell and
// ebb, waves, addresses that come back and end in recidive, a restart, and a
// jail that takes the server down. It is what the demo shows. The same seed
// plays the same day.
type Story struct {
	rnd   *rand.Rand
	clock clock
	// Activated is told when somebody in the story enables a jail.
	Activated func(jail, by, tty string, at time.Time)

	server    *Server
	attackers map[string][]string // by jail: who is trying now
	banned    map[string]int      // how often
}

// storyJails are the jails of the story's server, with how many failures a
// minute each sees on average.
var storyJails = []struct {
	name string
	rate float64
}{
	{"dovecot", 1.2}, {"nginx-botsearch", 0.9}, {"nginx-http-auth", 0.4}, {"postfix", 1.6}, {"recidive", 0}, {"sshd", 3.5},
}

// NewStory returns a story that begins now.
func NewStory(seed uint64) *Story {
	now := time.Now()
	return &Story{
		rnd:       rand.New(rand.NewPCG(seed, 1)),
		clock:     clock{real: now, shown: now.Add(-before), speed: 1},
		Activated: func(string, string, string, time.Time) {},
		attackers: make(map[string][]string),
		banned:    make(map[string]int),
	}
}

// Now is the story's clock. It goes fast where nothing but traffic happens, and
// as any other where something does.
func (s *Story) Now() time.Time { return s.clock.now() }

const (
	before = 6 * time.Hour          // of traffic before the story is looked at
	fast   = 60                     // an hour in a minute
	beat   = 100 * time.Millisecond // between two steps
)

// Begin starts the story's server in dir, with some hours of traffic behind it.
func (s *Story) Begin(dir string) (*Server, error) {
	server, err := NewServer(dir, Options{Version: "1.1.0", Now: s.Now})
	if err != nil {
		return nil, err
	}
	s.server = server
	for _, j := range storyJails {
		server.AddJail(j.name)
	}
	server.Edit("recidive", func(j *Jail) { j.BanTime = 7 * 24 * time.Hour })
	server.Edit("sshd", func(j *Jail) { j.BanTime = time.Hour; j.IgnoreIP = []string{"127.0.0.1/8", "192.0.2.0/28"} })
	for range int(before / time.Minute) {
		s.traffic(time.Minute)
		s.clock.skip(time.Minute)
	}
	return server, nil
}

// Play goes on until ctx ends.
func (s *Story) Play(ctx context.Context) {
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	last := s.Now()
	for step := 0; ; step++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		s.drama(time.Duration(step) * beat % (3 * time.Minute))
		now := s.Now()
		s.traffic(now.Sub(last))
		last = now
	}
}

// drama is what happens beside traffic, at a time since the story's last turn.
func (s *Story) drama(at time.Duration) {
	const bad = "nginx-limit-req"
	switch at {
	case 0:
		s.clock.pace(fast)
	case 40 * time.Second:
		s.clock.pace(1)
	case 44 * time.Second:
		s.Activated(bad, "lukas", "pts/3", s.Now())
		s.server.AddJail(bad)
	case 48 * time.Second:
		s.server.note("jail", "CRITICAL", "Unhandled exception in Fail2Ban:")
		s.server.note("jail", "ERROR", "Jail '%s' has failed: MemoryError()", bad)
		s.server.Kill()
	case 78 * time.Second: // unless somebody was faster
		s.server.RemoveJail(bad)
		if !s.server.Running() {
			_ = s.server.Start() // where that fails, the dashboard shows it
		}
	case 86 * time.Second:
		s.clock.pace(fast)
	case 150 * time.Second:
		_ = s.server.Restart()
	}
}

// traffic is what the attackers do in a while.
func (s *Story) traffic(while time.Duration) {
	hour := float64(s.Now().Unix()%86400) / 3600
	swell := 1 + 0.6*math.Sin((hour-9)/24*2*math.Pi)
	for _, j := range storyJails {
		rate := j.rate * swell
		if wave := math.Mod(hour*60+20*j.rate, 95); wave < 12 { // a botnet passes by
			rate *= 6
		}
		for range s.poisson(rate * while.Minutes()) {
			s.attempt(j.name)
		}
	}
}

// attempt is one failed login of somebody.
func (s *Story) attempt(jail string) {
	tries := s.attackers[jail]
	if len(tries) < 8 || s.rnd.IntN(12) == 0 {
		tries = append(tries, s.address())
	}
	i := s.rnd.IntN(len(tries))
	address := tries[i]
	if s.server.Fail(jail, address, 1) {
		tries = append(tries[:i], tries[i+1:]...)
		if s.banned[address]++; s.banned[address]%5 == 0 {
			s.server.Ban("recidive", address)
		}
	}
	s.attackers[jail] = tries
}

// address makes up an attacker in the networks that are kept for examples.
// Some come back.
func (s *Story) address() string {
	n := s.rnd.IntN(100)
	host := int(math.Abs(s.rnd.NormFloat64()) * 60)
	switch {
	case n < 45:
		return fmt.Sprintf("203.0.113.%d", 1+host%254)
	case n < 85:
		return fmt.Sprintf("198.51.100.%d", 1+host%254)
	default:
		return fmt.Sprintf("2001:db8:%x::%x", s.rnd.IntN(64), 1+host)
	}
}

// poisson is how often something happens that does so that often on average.
func (s *Story) poisson(mean float64) int {
	limit, p, n := math.Exp(-mean), s.rnd.Float64(), 0
	for p > limit {
		p *= s.rnd.Float64()
		n++
	}
	return n
}

// clock is a clock whose pace can be set.
type clock struct {
	mu          sync.Mutex
	real, shown time.Time
	speed       float64
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at(time.Now())
}

func (c *clock) at(real time.Time) time.Time {
	return c.shown.Add(time.Duration(float64(real.Sub(c.real)) * c.speed))
}

func (c *clock) pace(speed float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	c.shown, c.real, c.speed = c.at(now), now, speed
}

// skip sets the clock forward.
func (c *clock) skip(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shown = c.shown.Add(d)
}
