package cli

import (
	"context"
	"io"
	"sync"
	"time"

	"bantop/config"
	"bantop/model"
)

// Pane is a dashboard without a terminal, for a test that looks at each of its
// states: the same model, runner and store.
type Pane struct {
	instance *instance
	sent     chan model.Msg
	stop     context.CancelFunc
	ended    chan struct{}
	under    sync.WaitGroup

	mu    sync.Mutex
	state model.State
}

// OpenPane opens a dashboard with settings, each a key and its text in turn. Each new
// state is given to check.
func OpenPane(check func(model.State), settings ...string) (*Pane, error) {
	var values []config.Value
	for i := 0; i < len(settings); i += 2 {
		values = append(values, config.Value{Key: settings[i], Text: settings[i+1], Origin: config.ThisRun})
	}
	e, err := config.Defaults().With(values...)
	if err != nil {
		return nil, err
	}
	if e, err = withServer(e); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	srv := connect(ctx, e, connection{use: dashboard, out: io.Discard})
	p := &Pane{
		instance: &instance{ctx: ctx, server: srv, msgs: make(chan model.Msg, 10_000)},
		sent:     make(chan model.Msg, 100), stop: stop, ended: make(chan struct{}),
	}
	go p.run(check)
	return p, nil
}

func (p *Pane) run(check func(model.State)) {
	defer close(p.ended)
	i := p.instance
	told := i.runner.Follow(i.ctx)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for msg := model.Msg(model.Started{At: time.Now().Round(0)}); ; {
		i.feed(msg, &p.under)
		check(i.state)
		p.mu.Lock()
		p.state = i.state
		p.mu.Unlock()
		select {
		case msg = <-i.msgs:
		case msg = <-told:
		case msg = <-p.sent:
		case now := <-tick.C:
			msg = model.Ticked{At: now.Round(0)}
		case <-i.ctx.Done():
			return
		}
	}
}

// Send gives the dashboard a message, as a key does.
func (p *Pane) Send(msgs ...model.Msg) {
	for _, msg := range msgs {
		p.sent <- msg
	}
}

// State is how it stands.
func (p *Pane) State() model.State {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state
}

// Close ends the dashboard, and reports whether it did so in time.
func (p *Pane) Close(within time.Duration) bool {
	p.stop()
	ended := make(chan struct{})
	go func() {
		<-p.ended
		p.under.Wait()
		p.instance.close()
		p.instance.runner.StandStill()() // a process that ends closes fail2ban's database
		close(ended)
	}()
	select {
	case <-ended:
		return true
	case <-time.After(within):
		return false
	}
}
