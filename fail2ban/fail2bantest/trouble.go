package fail2bantest

import (
	"math/rand/v2"
	"time"

	"bantop/fail2ban/wire"
)

// Trouble is a kind of fault of a server or of what stands before it.
type Trouble struct {
	Name string
	// Lies is whether it may change an answer so that it is still one: nobody can
	// find that out, as the protocol has no sum.
	Lies bool

	faults func(*rand.Rand) []Fault
	hangUp bool
}

// Begin makes a proxy have that trouble, in a way that seed decides, until its faults
// are cleared.
func (k Trouble) Begin(p *Proxy, seed uint64) {
	if k.hangUp {
		p.HangUp()
		return
	}
	faults := k.faults(rand.New(rand.NewPCG(seed, 2)))
	for i := range faults {
		faults[i].Seed = seed + uint64(i)
	}
	p.Inject(faults...)
}

// hostile is what nobody should show as it is.
var hostile = []string{
	"\x1b]0;owned\x07\x1b[2J", "two\nlines\rand\ttabs", "\u202egnp.exe", "\xff\xfe no text",
	"=cmd|'/c calc'!A1", "{{.Status}}", repeat("long ", 100_000),
}

// Troubles are all kinds of trouble.
func Troubles() []Trouble {
	one := func(name string, fault func(*rand.Rand) Fault) Trouble {
		return Trouble{Name: name, faults: func(r *rand.Rand) []Fault { return []Fault{fault(r)} }}
	}
	sometimes := func(r *rand.Rand) float64 { return []float64{0, 0.5, 0.1}[r.IntN(3)] }
	garble := one("garble", func(r *rand.Rand) Fault { return Fault{Garble: []float64{0.5, 0.02, 0.001}[r.IntN(3)]} })
	garble.Lies = true
	raw := func(b []byte) func(*rand.Rand) Fault {
		return func(r *rand.Rand) Fault { return Fault{Chance: sometimes(r), Raw: b} }
	}
	return []Trouble{
		one("delay", func(r *rand.Rand) Fault {
			return Fault{Chance: sometimes(r), Delay: time.Duration(r.IntN(400)) * time.Millisecond}
		}),
		one("hang", func(r *rand.Rand) Fault { return Fault{Chance: sometimes(r), Hang: true} }),
		one("half, then silence", func(r *rand.Rand) Fault { return Fault{Chance: sometimes(r), Half: true} }),
		one("half, then the end", func(r *rand.Rand) Fault { return Fault{Chance: sometimes(r), Close: true} }),
		one("the end at once", func(r *rand.Rand) Fault { return Fault{Chance: sometimes(r), Close: true, Raw: []byte{}} }),
		one("reset", func(r *rand.Rand) Fault { return Fault{Chance: sometimes(r), Reset: true} }),
		{Name: "hangs up", hangUp: true},
		garble,
		one("noise", func(r *rand.Rand) Fault { return Fault{Chance: sometimes(r), Noise: 1 + r.IntN(1024)} }),
		one("twice", func(r *rand.Rand) Fault { return Fault{Chance: sometimes(r), Twice: true} }),
		one("unasked for", func(r *rand.Rand) Fault {
			return Fault{Chance: sometimes(r), Extra: wire.AppendReply(nil, "pong")}
		}),
		one("half of one unasked for", func(r *rand.Rand) Fault {
			return Fault{Chance: sometimes(r), Extra: wire.AppendReply(nil, "pong")[:1+r.IntN(8)]}
		}),
		one("the one before", func(r *rand.Rand) Fault { return Fault{Chance: sometimes(r), Lag: 1} }),
		one("one long before", func(r *rand.Rand) Fault { return Fault{Lag: 2 + r.IntN(5)} }),
		one("in another order", func(r *rand.Rand) Fault { return Fault{Chance: sometimes(r), Swap: true} }),
		one("lost", func(r *rand.Rand) Fault { return Fault{Chance: sometimes(r), Lost: true} }),
		one("without its end", func(r *rand.Rand) Fault { return Fault{Chance: sometimes(r), HoldEnd: true} }),
		one("byte by byte", func(r *rand.Rand) Fault {
			return Fault{Trickle: time.Duration(1+r.IntN(20)) * time.Millisecond}
		}),
		one("without end", func(r *rand.Rand) Fault { return Fault{Chance: sometimes(r), Endless: true} }),
		one("hostile words", func(r *rand.Rand) Fault {
			words := hostile[r.IntN(len(hostile))]
			return Fault{Chance: sometimes(r), Raise: &wire.Exception{Module: "builtins", Name: "Exception", Args: []any{words}}}
		}),
		one("another answer", raw(wire.AppendReply(nil, wire.Entries{"pong", 1}))),
		one("shutting down", raw([]byte("\x80\x04]\x8c\x08SHUTDOWNa."+wire.End))),
		one("bomb", func(r *rand.Rand) Fault {
			bombs := Bombs()
			return Fault{Chance: sometimes(r), Raw: bombs[r.IntN(len(bombs))].Reply()}
		}),
	}
}
