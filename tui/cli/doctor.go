package cli

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"bantop/config"
	"bantop/fail2ban/socket"
	"bantop/model"
	"bantop/tui/plain"
	"bantop/tui/words"
)

// newDoctor is `bantop doctor`.
func newDoctor(f *flags) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say what is wrong, and what mends it",
		Long: `Look at everything that bantop and fail2ban need on this machine: settings,
socket, permission, versions, configuration, databases, log, state, terminal,
clock and service. Each is ok, or it says what is wrong, why, and the one
command that mends it. It ends with
  0  nothing is wrong
  1  something is`,
		Example: `  sudo bantop doctor
  sudo bantop doctor --json | jq '.[] | select(.mark == "fault")'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return examine(cmd, f, asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON; the names stay, further ones may be added")
	return cmd
}

// examine looks at everything and says what it found.
func examine(cmd *cobra.Command, f *flags, asJSON bool) error {
	settings, err := f.load(cmd) // what is not used is told with the rest
	if err != nil {
		return err
	}
	f.from.warnRetired(cmd.ErrOrStderr())
	if full, err := withServer(settings); err == nil {
		settings = full
	} else if settings, err = settings.With(config.Value{Key: "socket", Text: socket.DefaultPath,
		Origin: config.Origin{Source: "fail2ban's default"}}); err != nil {
		return err
	}
	f.from.start = settings
	srv := connect(cmd.Context(), settings, connection{
		from: f.from, use: oneLook, out: cmd.OutOrStdout(), errs: cmd.ErrOrStderr(), last: f.last,
	})
	defer srv.close()
	result, is := srv.runner.Do(cmd.Context(), model.CheckSetup{Fresh: true}).(model.SetupChecked)
	if err := interrupted(cmd); !is || err != nil {
		return err
	}
	if asJSON {
		err = plain.ChecksJSON(cmd.OutOrStdout(), result.Checks)
	} else {
		err = plain.ChecksText(cmd.OutOrStdout(), door(), result.Checks)
	}
	if err == nil && words.Faults(result.Checks) > 0 {
		err = exitCode(1)
	}
	return err
}

// terminalCheck says how it stands with the terminal that a stream is.
func terminalCheck(out io.Writer, theme string, getenv func(string) string) model.Check {
	c := model.Check{Name: "terminal", Mark: model.CheckOK}
	f, is := out.(*os.File)
	if !is || !isTerminal(out) {
		c.Mark, c.Found, c.Why = model.CheckNote, "this is none", "the dashboard opens in a terminal only"
		return c
	}
	found := []string{getenv("TERM")}
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err == nil {
		found = append(found, fmt.Sprintf("%d×%d", size.Col, size.Row))
	}
	if theme == "auto" {
		theme = colours(getenv) + " colours"
	}
	found = append(found, theme)
	c.Found = strings.Join(found, ", ")
	switch {
	case getenv("TERM") == "" || getenv("TERM") == "dumb":
		c.Mark, c.Found, c.Why = model.CheckFault, "TERM is "+fmt.Sprintf("%q", getenv("TERM")), "the dashboard needs one that can be drawn on"
		c.Mend = "TERM=xterm-256color bantop"
	case !showsUnicode(getenv):
		c.Mark, c.Why, c.Mend = model.CheckNote, "it is drawn with nothing beyond ASCII: the locale is not UTF-8, or the console has no font", "LANG=C.UTF-8 bantop"
	}
	return c
}
