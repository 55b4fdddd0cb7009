package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"bantop/config"
	"bantop/fail2ban/control"
	"bantop/fail2ban/ending"
	"bantop/fail2ban/fail2bantest"
	"bantop/fail2ban/rehearsal"
	"bantop/fail2ban/socket"
	"bantop/fail2ban/tempdir"
	"bantop/model"
	"bantop/model/runner"
	"bantop/tui"
)

// demoName is the command's.
const demoName = "demo"

// newDemo is `bantop demo`.
func newDemo(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:   demoName,
		Short: "Open the dashboard on a made-up server",
		Long: `Open the dashboard on a made-up server, labelled DEMO: a day of attacks at sixty
times its speed, and the clock with it. Watch for a minute: somebody enables a
jail that takes fail2ban down; R brings it back. Nothing on this machine is looked at or changed.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			settings, err := f.load(cmd)
			if err != nil {
				return err
			}
			f.from.warn(cmd.ErrOrStderr())
			return demo(cmd, settings)
		},
	}
}

// demo plays a story on a server in this process and shows it.
func demo(cmd *cobra.Command, settings config.Effective) error {
	_, _ = rehearsal.Sweep("") // what it cannot remove it tries again the next time
	dir, err := tempdir.Make("", tempdir.Demo)
	if err != nil {
		return fmt.Errorf("open the demo: %w", err)
	}
	defer tempdir.Remove(dir)
	story := fail2bantest.NewStory(uint64(time.Now().UnixNano()))
	server, err := story.Begin(dir)
	if err != nil {
		return fmt.Errorf("open the demo: %w", err)
	}
	defer server.Close()
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()

	client := socket.New(socket.Options{Path: server.Path, PIDFile: server.PIDFile, Processes: server.Processes(), Control: "fail2ban-client"})
	defer client.Close()
	begun := story.Now()
	r := runner.New(runner.Options{
		Client:  client,
		Control: storyControl{server},
		Now:     story.Now,
		Boot:    func() time.Duration { return time.Hour + story.Now().Sub(begun) },
		LastMod: server.LastLine,
	})
	told := make(chan model.Msg, 16)
	story.Activated = func(jail, by, tty string, at time.Time) {
		told <- model.ActivationRecorded{Activation: model.Activation{Jail: jail, By: by, TTY: tty, At: at.Round(0), Source: "bantop"}}
	}
	ending.Go(func() { story.Play(ctx) })
	return show(cmd, settings, func() func() { return func() {} }, tui.Options{
		State:   model.New(model.Options{Settings: settings, Host: "web-3", Who: "you", Demo: true}),
		Perform: r.Do,
		Now:     story.Now,
		Told:    told,
	})
}

// storyControl does to the story's server what fail2ban-client does to a real
// one.
type storyControl struct{ server *fail2bantest.Server }

// Dump is the story's configuration.
func (c storyControl) Dump(context.Context) (control.Dump, error) {
	var d control.Dump
	conf := c.server.Configuration()
	for _, name := range slices.Sorted(maps.Keys(conf)) {
		d.Jails = append(d.Jails, control.Jail{Name: name, Actions: conf[name]})
	}
	return d, nil
}

// Reload brings back jails that are lost.
func (c storyControl) Reload(context.Context) error {
	c.server.RestoreJails()
	return nil
}

// ReloadJail makes one jail anew.
func (c storyControl) ReloadJail(_ context.Context, jail string) error {
	return c.server.RestartJail(jail)
}

// Restart makes the server start anew.
func (c storyControl) Restart(context.Context, control.State) error { return c.server.Restart() }
