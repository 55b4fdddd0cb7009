package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"bantop/fail2ban"
	"bantop/fail2ban/control"
	"bantop/fail2ban/socket"
)

const serverName = "fail2ban-server"

// deathSignal is what the scratch server gets when this process dies.
var deathSignal = syscall.SIGKILL

// scratch is the scratch server. It begins as fail2ban-client starts a server, which
// is without any configuration (client/fail2banserver.py, 1.0.2 and 1.1.0), but in
// the foreground: so it is a child of this process, and dies with it.
type scratch struct {
	cmd    *exec.Cmd
	client *socket.Client
	out    *output
	gone   chan struct{}
	less   bool // its log is at level INFO
}

// serverProgram is fail2ban-server: the one beside fail2ban-client, else the one on
// the PATH.
func serverProgram(client string) (string, error) {
	if client == "" {
		client, _ = control.LookPath("fail2ban-client") // else only the server is there
	}
	if client != "" {
		beside := filepath.Join(filepath.Dir(client), serverName)
		if unix.Access(beside, unix.X_OK) == nil {
			if err := control.CheckProgram(beside); err != nil {
				return "", fmt.Errorf("start a scratch server: %w", err)
			}
			return beside, nil
		}
	}
	path, err := control.LookPath(serverName)
	if err != nil {
		return "", fmt.Errorf("start a scratch server: %w", control.NotInstalled(serverName, err))
	}
	return path, nil
}

// startScratch starts the server and waits until it answers. An error means that
// nothing can be rehearsed here.
func startScratch(ctx context.Context, program, jail string, f *folder) (*scratch, error) {
	program, err := serverProgram(program)
	if err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start a scratch server: %w", err)
	}
	cmd := control.Command(context.Background(), program, "--async", "-f",
		"-s", f.socket(), "-p", filepath.Join(f.path, pidName),
		"--loglevel", "INFO", "--logtarget", "STDOUT", "--syslogsocket", "auto", "start")
	cmd.Stdout, cmd.Stderr = w, w
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: deathSignal}
	err = cmd.Start()
	w.Close() // the server's own is the last
	if err != nil {
		r.Close()
		return nil, fmt.Errorf("start a scratch server: %w", err)
	}
	// Where memory is short, it goes before the server that guards the machine. Where
	// that is refused it goes on.
	_ = os.WriteFile(filepath.Join("/proc", strconv.Itoa(cmd.Process.Pid), "oom_score_adj"), []byte("1000"), 0)
	s := &scratch{cmd: cmd, out: newOutput(r, jail), gone: make(chan struct{}), client: socket.New(socket.Options{Path: f.socket()})}
	go func() {
		_ = cmd.Wait() // why it ended its output tells
		close(s.gone)
	}()
	if err := s.await(ctx); err != nil {
		s.kill()
		return nil, err
	}
	return s, nil
}

// stepBack lets others have the processor first: what the server does from now on,
// in threads that begin from now on, is to read, which may be long. Before that it
// takes 0.06 s of it in all, which no one else misses; with the lowest priority of
// all it took 7 s on a machine that is busy, as one under attack is.
func (s *scratch) stepBack() {
	const nice = 10                                                  // a tenth of what others get
	_ = unix.Setpriority(unix.PRIO_PROCESS, s.cmd.Process.Pid, nice) // where that is refused it goes on
}

// busy is how long the server has run on a processor (proc(5), fields 14 and 15 of
// stat; a tick is 10 ms on every Linux that Go runs on).
func (s *scratch) busy() time.Duration {
	fields := stat(s.cmd.Process.Pid)
	const user, system = 14 - 3, 15 - 3 // from the third field on
	if len(fields) <= system {
		return 0
	}
	u, _ := strconv.Atoi(fields[user]) // they are numbers
	k, _ := strconv.Atoi(fields[system])
	return time.Duration(u+k) * 10 * time.Millisecond
}

// await waits until the server answers.
func (s *scratch) await(ctx context.Context) error {
	for {
		err := s.client.Ping(ctx)
		switch {
		case err == nil:
			return nil
		case !timedOut(err) && ctx.Err() == nil && !errors.Is(err, fail2ban.ErrNotRunning) && !errors.Is(err, fail2ban.ErrStaleSocket):
			return fmt.Errorf("start a scratch server: %w", err)
		}
		select {
		case <-s.gone:
			<-s.out.done
			return fmt.Errorf("start a scratch server: it ended at once: %s", s.out.lastError())
		case <-ctx.Done():
			return fmt.Errorf("start a scratch server: it did not answer: %w", ctx.Err())
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// configure sends commands. An error of the server is a *refusal.
func (s *scratch) configure(ctx context.Context, commands ...[]string) error {
	refused, err := s.client.Configure(ctx, "set up the jail on a scratch server", commands)
	if e, ok := errors.AsType[*fail2ban.ServerError](err); ok {
		return &refusal{e, refused}
	}
	return err
}

// refusal is a command that the scratch server refused.
type refusal struct {
	*fail2ban.ServerError
	command []string
}

// reason is what it said, with the setting that it said it of, where its words alone
// do not tell: "name 'x' is not defined", of a ban time.
func (r *refusal) reason() string {
	said := fail2ban.OneLine(r.Message)
	if c := r.command; len(c) > 3 && c[0] == "set" && classify(said) == fail2ban.VerdictRefused {
		const most = 100
		return fmt.Sprintf("%s = %.*s: %s", strings.TrimPrefix(c[2], "add"), most, c[3], said)
	}
	return said
}

// kill ends the server. There is nothing that it would have to end in order: it has
// no database, no action, nobody who waits for it.
func (s *scratch) kill() {
	select {
	case <-s.gone: // its number may be another's
	default:
		_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL) // fails only when it is gone
		<-s.gone
	}
	<-s.out.done
	_ = s.client.Close() // of a server that is gone
}
