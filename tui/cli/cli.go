// Package cli is the command line: the tree of commands, a file a command, and
// the wiring of the parts.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"bantop/fail2ban"
	"bantop/fail2ban/ending"
	"bantop/fail2ban/tempdir"
	"bantop/tui/safetext"
)

// Main runs bantop with the arguments of the process and returns its exit
// code.
func Main() int {
	return ending.Main(func(ctx context.Context) int {
		defer ending.Before(tempdir.End)() // also of what is in an editor now
		return run(ctx, &flags{args: os.Args[1:], last: true}, os.Stdin, os.Stdout, os.Stderr)
	})
}

// Run runs bantop with arguments and streams of its own. Errors go to stderr,
// data to stdout.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return run(ctx, &flags{args: args}, stdin, stdout, stderr)
}

func run(ctx context.Context, f *flags, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRoot(f)
	root.SetArgs(f.args)
	root.SetIn(stdin)
	stdout, printed := watched(stdout)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if unwritten := printed.failed(cmd); unwritten != nil {
		err = unwritten
	}
	if code, ok := errors.AsType[exitCode](err); ok {
		return int(code)
	}
	if err == nil {
		return 0
	}
	if _, signalled := ending.Of(ctx); signalled && errors.Is(err, context.Canceled) {
		return exitUsage // it says no more than that; the process ends as the signal wants it
	}
	report(stderr, err)
	if f, ok := errors.AsType[*failure](err); ok {
		return f.code
	}
	return exitUsage
}

// catchStops has ctrl+z, and what a terminal does to a job in its background, stop a
// command only while it holds nobody else up. A dashboard sees to that itself.
func catchStops(cmd *cobra.Command, f *flags) {
	if !f.last || !cmd.HasParent() || cmd.Name() == demoName {
		return // or it is not the only one in this process
	}
	ending.CatchStops(unix.SIGTSTP, unix.SIGTTIN)
	// A write in the background (stty tostop) is tried again and again until the process
	// is stopped, and may be part of what it must not be stopped in: it is just written.
	signal.Ignore(unix.SIGTTOU)
}

// report prints an error and, on a line of its own, what to do next.
func report(w io.Writer, err error) {
	door := safetext.Door{}
	for i, line := range strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' }) {
		if i == 0 {
			line = "bantop: " + line
		}
		fmt.Fprintln(w, door.Text(strings.ReplaceAll(line, "\t", "  ")))
	}
	if hint := fail2ban.Hint(err); hint != "" {
		fmt.Fprintf(w, "next: %s\n", door.Text(hint))
	}
}

func newRoot(f *flags) *cobra.Command {
	root := &cobra.Command{
		Use:   "bantop",
		Short: "A live dashboard for fail2ban",
		Long: `bantop shows what fail2ban is doing: whether it runs, which jails do their work,
whom they ban, and what happened. Without a command it opens the dashboard on
this machine's fail2ban; it needs to be allowed to open fail2ban's socket, so
it is mostly run as root.`,
		Example: `  sudo bantop                         the dashboard
  sudo bantop -s /run/f2b/f2b.sock    on another socket
  sudo bantop status                  one look, for people
  sudo bantop status --json           one look, for programs
  bantop demo                         a made-up server, to look around`,
		SilenceErrors:    true,
		SilenceUsage:     true,
		PersistentPreRun: func(cmd *cobra.Command, _ []string) { catchStops(cmd, f) },
		RunE: func(cmd *cobra.Command, _ []string) error {
			return openDashboard(cmd, f)
		},
	}
	root.CompletionOptions.DisableDefaultCmd = false
	f.add(root)
	root.AddCommand(newStatus(f), newBans(f), newWhy(f), newBan(f), newUnban(f), newAllow(f), newJails(f), newActivate(f), newDeactivate(f), newConfirm(f), newRevert(f), newRecover(f), newHistory(f), newDoctor(f), newConfig(f), newVersion(), newDemo(f), newGuard(f))
	return root
}
