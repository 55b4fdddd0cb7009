package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"bantop/config"
	"bantop/fail2ban/ending"
	"bantop/tui"
	"bantop/tui/tty"
)

// framesPerSecond is how often the screen may change: Bubble Tea's own 60 cost
// three times the CPU of an idle dashboard, and nobody reads that fast.
const framesPerSecond = 20

// openDashboard opens the dashboard on the server of the flags.
func openDashboard(cmd *cobra.Command, f *flags) error {
	settings, err := f.settings(cmd)
	if err != nil {
		return err
	}
	srv := connect(cmd.Context(), settings, connection{
		from: f.from, use: dashboard, out: cmd.OutOrStdout(),
		apart: f.unseen(settings.Settings) != nil, confirm: f.again(cmd, "confirm"),
		asRoot: asRoot(withoutState(f.args)),
	})
	defer srv.close()
	defer sayMissed(cmd, srv.runner)
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	ending.Go(srv.runner.Sweep)
	return show(cmd, settings, srv.runner.StandStill, tui.Options{
		State: srv.state, Perform: srv.runner.Do, Told: srv.runner.Follow(ctx), Editor: editor,
	})
}

// windUp is how long the program may take to end by itself once it was told to.
const windUp = 300 * time.Millisecond

// show runs the dashboard until somebody quits, or a signal ends it. Still makes
// everything that holds others up stop, before the process does.
func show(cmd *cobra.Command, settings config.Effective, still func() (goOn func()), o tui.Options) error {
	in, isIn := cmd.InOrStdin().(*os.File)
	out, isOut := cmd.OutOrStdout().(*os.File)
	if !isIn || !isOut || !isTerminal(in) || !isTerminal(out) {
		return errors.New("open the dashboard: this is no terminal; for one look use bantop status")
	}
	// One core is enough, and on a server in trouble the others are wanted: it
	// also takes a quarter off the cost of an idle dashboard, whose frame ticker
	// wakes one thread instead of several.
	runtime.GOMAXPROCS(1)
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	terminal, err := tty.Open(in, out)
	if err != nil {
		return fmt.Errorf("open the dashboard: %w", err)
	}
	defer ending.Before(terminal.Close)()
	sh := &shell{ctx: ctx, in: in, out: out, terminal: terminal}
	o.Look = looks(settings.Settings, os.Getenv)
	o.Copy = func(text string) {
		_, _ = clipboard(text, os.Getenv).WriteTo(terminal.Output()) // where the terminal has none, nothing happens
	}
	o.Lend, o.Run, o.Stop = sh.lend, sh.run, sh.stop(still)
	program := newProgram(terminal, settings.Mouse, tui.New(ctx, o))
	defer sh.follow(program.Send)()
	if err := terminal.Start(ctx.Done(), events(program)); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("open the dashboard: %w", err)
	}
	if asksBackground(settings.Settings, os.Getenv) {
		terminal.AskBackground()
	}
	return runProgram(cmd.Context(), program)
}

// newProgram is the Bubble Tea program. It owns neither the signals nor the settings
// of the terminal nor its own panics: its handler of signals (v1.3.10) can hang the
// end, and its report of a panic is drawn into the alternate screen.
func newProgram(t *tty.Terminal, mouse bool, m tui.Model) *tea.Program {
	options := []tea.ProgramOption{tea.WithoutSignalHandler(), tea.WithoutCatchPanics(),
		tea.WithAltScreen(), tea.WithFPS(framesPerSecond), tea.WithInput(t.Input()), tea.WithOutput(t.Output())}
	if mouse {
		options = append(options, tea.WithMouseCellMotion())
	}
	return tea.NewProgram(guarded{outermost(m)}, options...)
}

// runProgram runs the program to its end; no longer than a moment once ctx has ended,
// whatever it does then: it is told to quit, as by a key, which winds up everything in
// order (a program that is killed, v1.3.10, closes its input while it still reads it),
// and killed only if it does not. From its end on, what is still to be done is limited.
func runProgram(ctx context.Context, program *tea.Program) error {
	defer ending.Limit()
	finished := make(chan error, 1)
	go func() {
		defer close(finished)
		ending.Do(func() {
			_, err := program.Run()
			finished <- err
		})
	}()
	var err error
	select {
	case err = <-finished:
	case <-ctx.Done():
		ending.Go(program.Quit)
		select {
		case <-finished:
		case <-time.After(windUp):
			program.Kill()
		}
	}
	if err != nil && !errors.Is(err, tea.ErrInterrupted) && ctx.Err() == nil {
		return fmt.Errorf("run the dashboard: %w", err)
	}
	return nil
}

// events are what the program hears of the terminal beside keys. Ctrl+c ends the
// process even where the program does not take it.
func events(program *tea.Program) tty.Events {
	return tty.Events{
		Interrupted: func() {
			ending.Limit()
			program.Send(tea.KeyMsg{Type: tea.KeyCtrlC})
		},
		Gone:       func() { ending.Begin(unix.SIGHUP) },
		Background: func(light bool) { program.Send(tui.Background{Light: light}) },
		Repaint:    func() { program.Send(tea.ClearScreen()) },
	}
}

// isTerminal tells whether a stream is a terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
