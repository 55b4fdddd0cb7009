package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bantop/fail2ban"
	"bantop/fail2ban/ending"
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

// looker looks at the server of the flags once.
func (f *flags) looker(cmd *cobra.Command) (*looker, error) {
	settings, err := f.settings(cmd)
	if err != nil {
		return nil, err
	}
	l := newLooker(connect(cmd.Context(), settings, connection{
		from: f.from, use: oneLook, out: cmd.OutOrStdout(), errs: cmd.ErrOrStderr(), last: f.last,
	}))
	end := l.close
	l.close = func() {
		sayMissed(cmd, l.runner)
		end()
	}
	l.settle(cmd.Context())
	if err := interrupted(cmd); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

// interrupted is why a command prints nothing once a signal has ended it: what it has
// seen until then is no answer. Else nil.
func interrupted(cmd *cobra.Command) error {
	if err := cmd.Context().Err(); err != nil {
		return fmt.Errorf("%s: %w", cmd.Name(), err)
	}
	return nil
}

// up is why nothing can be asked of the server; nil where it answers.
func (l *looker) up(doing string) error {
	s := l.state.Runtime.Server
	if s.Kind.Up() {
		return nil
	}
	text := doing + ": " + s.Reason
	if s.Hint != "" {
		text += "\nnext: " + s.Hint
	}
	code := exitUnreached
	if s.Kind == model.Blocked {
		code = exitPermission
	}
	return &failure{errors.New(text), code}
}

// noJail is an error about a jail that does not run.
func noJail(doing, jail string, running []string) error {
	text := fmt.Sprintf("%s: there is no jail %q; those that run are %s", doing, jail, strings.Join(running, ", "))
	if near := fail2ban.Nearest(jail, running); near != "" {
		text += "\nnext: did you mean " + near + "?"
	}
	return errors.New(text)
}

// hasJails is which of the jails do not run; nil where all do.
func (l *looker) hasJails(doing string, jails []string) error {
	running := l.state.Runtime.Server.Names()
	for _, j := range jails {
		if !slices.Contains(running, j) {
			return &failure{noJail(doing, j, running), exitNo}
		}
	}
	return nil
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
		_, isProbe := l.effects[i].(model.Probe)
		looked = looked || isProbe
		l.carryOut(ctx, i)
	}
	return false
}

// settleFor is how long one look waits for a server that has just started to
// gather its jails.
const settleFor = 3 * time.Second

// settle looks at the server, and again while it has just started, for a while.
func (l *looker) settle(ctx context.Context) {
	for deadline := time.Now().Add(settleFor); l.look(ctx) && l.state.Runtime.Starting() && time.Now().Before(deadline); {
	}
}

// finish does all that is to be done but looks at the server.
func (l *looker) finish(ctx context.Context) {
	for i := l.next(true); i >= 0 && ctx.Err() == nil; i = l.next(true) {
		l.carryOut(ctx, i)
	}
}

// carryOut carries out one effect. The process is not stopped in one, but in a look at
// the server, which waits for its time: an act on it keeps every other from acting.
func (l *looker) carryOut(ctx context.Context, i int) {
	e := l.effects[i]
	if _, isProbe := e.(model.Probe); !isProbe {
		defer ending.Hold()()
	}
	l.effects = append(l.effects[:i:i], l.effects[i+1:]...)
	if msg := l.runner.Do(ctx, e); msg != nil {
		l.feed(msg)
	}
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
