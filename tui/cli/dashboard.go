package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"bantop/config"
	"bantop/tui"
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
	})
	defer srv.close()
	defer sayMissed(cmd, srv.runner)
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	go srv.runner.Sweep()
	return show(cmd, settings, tui.Options{State: srv.state, Perform: srv.runner.Do, Told: srv.runner.Follow(ctx), Still: srv.runner.StandStill, Editor: editor})
}

// show runs the dashboard until somebody quits.
func show(cmd *cobra.Command, settings config.Effective, o tui.Options) error {
	in, out := cmd.InOrStdin(), cmd.OutOrStdout()
	if !isTerminal(in) || !isTerminal(out) {
		return errors.New("open the dashboard: this is no terminal; for one look use bantop status")
	}
	// One core is enough, and on a server in trouble the others are wanted: it
	// also takes a quarter off the cost of an idle dashboard, whose frame ticker
	// wakes one thread instead of several.
	runtime.GOMAXPROCS(1)
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	o.Look = looks(settings.Settings, os.Getenv)
	o.Copy = func(text string) { _, _ = clipboard(text, os.Getenv).WriteTo(out) } // where the terminal has none, nothing happens
	options := []tea.ProgramOption{tea.WithContext(ctx), tea.WithAltScreen(), tea.WithFPS(framesPerSecond), tea.WithInput(in), tea.WithOutput(out)}
	if settings.Mouse {
		options = append(options, tea.WithMouseCellMotion())
	}
	program := tea.NewProgram(tui.New(ctx, o), options...)
	if _, err := program.Run(); err != nil && !errors.Is(err, tea.ErrInterrupted) && cmd.Context().Err() == nil {
		return fmt.Errorf("run the dashboard: %w", err)
	}
	return nil
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
