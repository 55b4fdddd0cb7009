package cli

import (
	"context"
	"time"

	"bantop/model"
)

// looker looks at a server without a terminal: it carries out the model's
// effects one after the other.
type looker struct {
	server
	effects []model.Effect
}

func newLooker(srv server) *looker {
	l := &looker{server: srv}
	l.feed(model.Started{At: time.Now().Round(0)})
	return l
}

func (l *looker) feed(msg model.Msg) {
	var more []model.Effect
	l.state, more = model.Update(l.state, msg)
	l.effects = append(l.effects, more...)
}

// look takes the next look at the server, and does all that follows from it but
// the look after that. It tells whether it did; not when ctx has ended.
func (l *looker) look(ctx context.Context) bool {
	looked := false
	for ctx.Err() == nil {
		i := l.next(looked)
		if i < 0 {
			return looked
		}
		e := l.effects[i]
		l.effects = append(l.effects[:i:i], l.effects[i+1:]...)
		_, isProbe := e.(model.Probe)
		looked = looked || isProbe
		if msg := l.runner.Do(ctx, e); msg != nil {
			l.feed(msg)
		}
	}
	return false
}

// next is the effect to carry out next: a probe last, and only one.
func (l *looker) next(looked bool) int {
	probe := -1
	for i, e := range l.effects {
		if _, isProbe := e.(model.Probe); !isProbe {
			return i
		}
		probe = i
	}
	if looked {
		return -1
	}
	return probe
}
