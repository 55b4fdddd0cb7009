package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"bantop/config"
	"bantop/model"
)

// Instance is a dashboard without a terminal, for a test that runs many of them
// as processes: the same model, runner and store, told what to do by lines.
//
//	activate JAIL    records an activation        answer: done activate JAIL
//	lock             locks every instance         answer: done lock NANOSECONDS
//	dismiss          dismisses what is pending    answer: done dismiss NANOSECONDS, or none
//	reload           reloads fail2ban             answer: done reload NANOSECONDS REASON
//	report           says how it stands           answer: Essence
//
// The answer comes when everything that follows from it was carried out.
func Instance(ctx context.Context, in io.Reader, out io.Writer, conf, state string) error {
	e, err := config.Defaults().With(
		config.Value{Key: "conf", Text: conf, Origin: config.ThisRun},
		config.Value{Key: "state-dir", Text: state, Origin: config.ThisRun},
		config.Value{Key: "refresh", Text: "200ms", Origin: config.ThisRun})
	if err != nil {
		return err
	}
	if e, err = withServer(e); err != nil {
		return err
	}
	srv := connect(ctx, e, connection{use: dashboard, out: out})
	defer srv.close()
	i := &instance{ctx: ctx, server: srv, msgs: make(chan model.Msg, 1000)}
	return i.run(in, out)
}

// Essence is what all instances have to agree on.
func Essence(r model.Runtime) string {
	pending := "none"
	if p := r.Pending; p != nil {
		pending = fmt.Sprintf("%+v", *p)
	}
	return fmt.Sprintf("outage %d, locks %d, setup %v, pending %s, dismissed %v, blame %+v, expected %v, server %s",
		r.Outage, r.Locks, r.Setup, pending, r.Dismissed, r.Blame, r.Expected, r.Server.Kind)
}

type instance struct {
	server
	ctx  context.Context
	msgs chan model.Msg
}

func (i *instance) run(in io.Reader, out io.Writer) error {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(in); s.Scan(); {
			lines <- s.Text()
		}
	}()
	i.feed(model.Started{At: time.Now().Round(0)}, nil)
	told := i.runner.Follow(i.ctx)
	for tick := time.NewTicker(time.Second); ; {
		select {
		case msg := <-i.msgs:
			i.feed(msg, nil)
		case msg := <-told:
			i.feed(msg, nil)
		case now := <-tick.C:
			i.feed(model.Ticked{At: now.Round(0)}, nil)
		case line, more := <-lines:
			if !more {
				return nil
			}
			i.obey(line, out)
		}
	}
}

// feed gives the model a message and has the effects carried out, each beside
// the others, as Bubble Tea does.
func (i *instance) feed(msg model.Msg, finished *sync.WaitGroup) {
	var effects []model.Effect
	i.state, effects = model.Update(i.state, msg)
	for _, e := range effects {
		if finished != nil {
			finished.Add(1)
		}
		go func() {
			if finished != nil {
				defer finished.Done()
			}
			if result := i.runner.Do(i.ctx, e); result != nil {
				i.msgs <- result
			}
		}()
	}
}

// obey does what a line says, and answers.
func (i *instance) obey(line string, out io.Writer) {
	word, jail, _ := strings.Cut(line, " ")
	now := time.Now().Round(0)
	var under sync.WaitGroup
	answer := func() { fmt.Fprintf(out, "done %s %d\n", word, now.UnixNano()) }
	switch word {
	case "activate":
		i.feed(model.ActivationRecorded{Activation: model.Activation{Jail: jail, At: now, By: i.state.Who, Source: "bantop"}}, &under)
		answer = func() { fmt.Fprintf(out, "done %s\n", line) }
	case "lock":
		i.feed(model.LockRequested{At: now}, &under)
	case "dismiss":
		if i.state.Runtime.Pending == nil {
			fmt.Fprintln(out, "none")
			return
		}
		i.feed(model.Unlocked{At: now}, &under)
		i.feed(model.ActRequested{Kind: model.ActDismiss, At: now}, &under)
	case "reload":
		i.feed(model.Unlocked{At: now}, nil)
		i.feed(model.ActRequested{Kind: model.ActReload, At: now}, nil)
		var result model.ActFinished
		for i.state.Acting.Running {
			msg := <-i.msgs
			finished, is := msg.(model.ActFinished)
			if !is {
				i.feed(msg, nil)
				continue
			}
			result = finished
			i.feed(msg, &under)
		}
		answer = func() { fmt.Fprintf(out, "done reload %d %s\n", result.At.UnixNano(), result.Reason) }
	case "report":
		fmt.Fprintln(out, Essence(i.state.Runtime))
		return
	}
	go func() {
		under.Wait()
		answer()
	}()
}

// InstanceOf is the variable that makes the test binary an Instance: the folders
// of fail2ban's configuration and of the state, with a colon between.
const InstanceOf = "BANTOP_TEST_INSTANCE"

// MaybeInstance runs an Instance where this process is to be one.
func MaybeInstance() {
	conf, state, is := strings.Cut(os.Getenv(InstanceOf), ":")
	if !is {
		return
	}
	if err := Instance(context.Background(), os.Stdin, os.Stdout, conf, state); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}
