package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"bantop/config"
	"bantop/fail2ban"
	"bantop/fail2ban/control"
	"bantop/fail2ban/ending"
	"bantop/fail2ban/proven"
	"bantop/fail2ban/socket"
	"bantop/model"
	"bantop/model/guard"
	"bantop/model/store"
)

// guardReply is what a guard says when it holds the way back, or does not.
type guardReply struct {
	Reason string `json:"reason"`
	Hint   string `json:"hint"`
}

// guardName is the command's.
const guardName = "guard"

// newGuard is `bantop guard`: the process that carries out a change and holds the
// way back. Nobody calls it by hand.
func newGuard(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:    guardName,
		Short:  "Carry out a change of the jails, and hold the way back",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			surviveReaders()
			var plan *model.Plan
			if err := json.NewDecoder(cmd.InOrStdin()).Decode(&plan); err != nil {
				return fmt.Errorf("guard: read the plan: %w", err)
			}
			ending.Patient() // a signal has the change taken back, which takes its time
			settings, err := f.settings(cmd)
			if err != nil {
				return err
			}
			return runGuard(cmd, settings, plan)
		},
	}
}

// surviveReaders has a write to a pipe that nobody reads any more fail, and no more: by
// default it ends the process (SIGPIPE, on stdout and stderr). The signal is not
// ignored: that would pass to the fail2ban that a guard starts.
func surviveReaders() { signal.Notify(make(chan os.Signal, 1), unix.SIGPIPE) }

// runGuard carries out a plan, and says on stdout when it holds the way back.
func runGuard(cmd *cobra.Command, e config.Effective, plan *model.Plan) error {
	s := e.Settings
	shared := keptBy(s, cmd.ErrOrStderr())
	defer shared.Close()
	host, err := os.Hostname()
	if err != nil {
		host = ""
	}
	client := socket.New(socket.Options{Path: s.Socket, PIDFile: s.PIDFile, Timeout: s.Timeout, Control: clientCommand(s)})
	defer client.Close()
	c := provenControl(s, client, shared)
	g := guard.New(guard.Options{
		Server: client, Control: c.Control, Proof: guard.Proofs(c), Loader: guard.Loads(client), Keeper: c,
		Files: guard.Conf(s.Conf), Store: shared, Texts: store.NewTexts(keptIn(s)), Host: host,
	})
	err = g.Run(cmd.Context(), plan, func(err error) {
		var reply guardReply
		if err != nil {
			reply = guardReply{err.Error(), fail2ban.Hint(err)}
		}
		_ = json.NewEncoder(cmd.OutOrStdout()).Encode(reply) // whoever asked is gone: the guard is not
	})
	if busy, is := errors.AsType[*guard.BusyError](err); is && plan == nil && busy != nil {
		return nil // another guard was faster
	}
	return err
}

// provenControl reloads and restarts the server of these settings.
func provenControl(s config.Settings, client *socket.Client, shared store.Store) *proven.Control {
	return proven.New(proven.Options{
		Server: client, Conf: s.Conf, Allowed: allowed(shared),
		Control: control.New(control.Options{Conf: s.Conf, Socket: s.Socket, PIDFile: s.PIDFile, Unit: unit(s)}),
	})
}

// allowed are the addresses that bantop put on ignore lists, by the journal.
func allowed(shared store.Store) func(context.Context) []fail2ban.Target {
	return func(ctx context.Context) []fail2ban.Target {
		const most = 10_000
		acts, err := shared.Acts(ctx, most)
		if err != nil {
			return nil
		}
		var out []fail2ban.Target
		for _, a := range acts {
			if a.Act == string(model.ActAllow) {
				out = append(out, fail2ban.Target{Jail: a.Jail, Address: a.Address})
			}
		}
		return out
	}
}

// guards starts guards for the server of these settings: a process of a session of
// its own, which a terminal that is hung up does not end.
func guards(s config.Settings, file string) func(context.Context, *model.Plan) error {
	return func(ctx context.Context, plan *model.Plan) error {
		cmd, err := guardCommand(s, file)
		if err != nil {
			return fmt.Errorf("start the guard, who holds the way back: %w", err)
		}
		reply, err := startGuard(ctx, cmd, plan)
		if err != nil {
			return fmt.Errorf("start the guard, who holds the way back: %w", err)
		}
		if reply.Reason != "" {
			return &refusal{reply}
		}
		return nil
	}
}

// refusal is why a guard did not begin.
type refusal struct{ guardReply }

func (r *refusal) Error() string { return r.Reason }

func guardCommand(s config.Settings, file string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := []string{guardName, "--conf", s.Conf, "--socket", s.Socket, "--state-dir", stateDir(s)}
	if s.PIDFile != "" {
		args = append(args, "--pidfile", s.PIDFile)
	}
	if file != "" {
		args = append(args, "--settings", file)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = guardEnvironment(os.Environ())
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	// What it says when it cannot go on is looked for there; it is written anew each
	// time.
	if log, err := store.OpenLog(stateDir(s)); err == nil { // else it works without
		cmd.Stderr = log
	}
	return cmd, nil
}

// guardEnvironment is what a guard sees of an environment: what settings are found
// by, and what control.Environment makes that of its programs of. The guard is this
// very program, and judges these variables as this process does.
func guardEnvironment(environ []string) (env []string) {
	kept := []string{"PATH", "PYTHONPATH", "HOME", "TZ", "LANG", "TMPDIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME"}
	for _, v := range environ {
		name, _, _ := strings.Cut(v, "=")
		if slices.Contains(kept, name) || strings.HasPrefix(name, "BANTOP_") {
			env = append(env, v)
		}
	}
	return env
}

// startGuard starts the process, hands it the plan and waits until it holds the way
// back. From then on it needs nobody.
func startGuard(ctx context.Context, cmd *exec.Cmd, plan *model.Plan) (guardReply, error) {
	if log, is := cmd.Stderr.(*os.File); is {
		defer log.Close()
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return guardReply{}, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return guardReply{}, err
	}
	if err := cmd.Start(); err != nil {
		return guardReply{}, err
	}
	if err := errors.Join(json.NewEncoder(in).Encode(plan), in.Close()); err != nil {
		return guardReply{}, err
	}
	type answer struct {
		reply guardReply
		err   error
	}
	said := make(chan answer, 1)
	go func() {
		var a answer
		a.err = json.NewDecoder(out).Decode(&a.reply)
		said <- a
		_ = cmd.Wait() // so that it is collected when it ends
	}()
	select {
	case a := <-said:
		if errors.Is(a.err, io.EOF) {
			a.err = errors.New("it ended at once; guard.log in bantop's state folder says why")
		}
		return a.reply, a.err
	case <-ctx.Done():
		return guardReply{}, errors.New("interrupted before the guard answered; it may go on by itself: bantop status tells")
	}
}
