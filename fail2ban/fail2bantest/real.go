package fail2bantest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/wire"
)

// RealOptions say what a real server runs.
type RealOptions struct {
	Jails   []string          // their names; default j001, j002, j003
	Actions map[string]string // the action of a jail: "noop" (default) or "slow[seconds=2]"
}

// Real is a fail2ban-server in a folder of its own: its own configuration,
// socket, database and logs, polling its log files, with actions that do
// nothing. It bans nobody.
type Real struct {
	Install
	Dir     string
	Path    string // its socket
	PIDFile string
	ConfDir string

	jails []string
	child *exec.Cmd
	gone  chan error
}

// StartReal writes a configuration into dir and starts a server on it. Stop it.
func StartReal(install Install, dir string, opts RealOptions) (*Real, error) {
	if len(opts.Jails) == 0 {
		opts.Jails = []string{"j001", "j002", "j003"}
	}
	r := &Real{
		Install: install,
		Dir:     dir,
		Path:    filepath.Join(dir, "run", "f2b.sock"),
		PIDFile: filepath.Join(dir, "run", "f2b.pid"),
		ConfDir: filepath.Join(dir, "etc"),
		jails:   opts.Jails,
	}
	if err := r.configure(opts); err != nil {
		return nil, err
	}
	return r, r.Start()
}

// Start starts the server again after Stop or Kill, and waits until all of its
// jails are listed. Like `fail2ban-client -x start` it takes over a socket that
// a killed server left.
func (r *Real) Start() error {
	cmd := r.command(context.Background(), "fail2ban-server", r.args("-x", "-f", "start")...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	// The server must not outlive a test that is killed.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start fail2ban-server: %w", err)
	}
	gone := make(chan error, 1)
	go func() { gone <- cmd.Wait() }()
	r.child, r.gone = cmd, gone
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		if names, err := r.listed(); err == nil && len(names) == len(r.jails) {
			return nil
		}
		select {
		case err := <-gone:
			r.child = nil
			return fmt.Errorf("start fail2ban-server: it ended (%w): %s", err, out.String())
		case <-time.After(10 * time.Millisecond):
		}
	}
	return errors.Join(errors.New("start fail2ban-server: its jails did not appear within 30 s"), r.Stop())
}

// Stop ends the server, whoever started it, and waits until it is gone.
func (r *Real) Stop() error {
	if r.child == nil {
		return r.stopDaemon()
	}
	if err := r.child.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop fail2ban-server: %w", err)
	}
	select {
	case <-r.gone:
	case <-time.After(10 * time.Second):
		_ = r.child.Process.Kill() // fails only when it is gone
		<-r.gone
	}
	r.child = nil
	return r.stopDaemon() // somebody may have restarted it
}

// Kill ends the server with SIGKILL, whoever started it: its socket stays
// behind.
func (r *Real) Kill() error {
	if r.child == nil || r.child.Process.Pid != r.PID() {
		return r.killDaemon()
	}
	if err := r.child.Process.Kill(); err != nil {
		return fmt.Errorf("kill fail2ban-server: %w", err)
	}
	<-r.gone
	r.child = nil
	return nil
}

// stopDaemon stops a server that fail2ban-client started.
func (r *Real) stopDaemon() error {
	pid := r.PID()
	if pid == 0 || !r.owns(pid) {
		return nil
	}
	if _, err := r.Client("stop"); err == nil {
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
			if !r.owns(pid) {
				return nil
			}
		}
	}
	return r.killDaemon()
}

func (r *Real) killDaemon() error {
	pid := r.PID()
	if pid == 0 || !r.owns(pid) {
		return nil
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("kill fail2ban-server %d: %w", pid, err)
	}
	for deadline := time.Now().Add(10 * time.Second); r.owns(pid) && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
	}
	return nil
}

// owns tells whether a process is a server on this folder's socket, so that no
// other process is ever killed for a pid that was used again.
func (r *Real) owns(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	return err == nil && bytes.Contains(b, []byte(r.Path))
}

// PID is the process of the server, 0 when none runs.
func (r *Real) PID() int {
	b, err := os.ReadFile(r.PIDFile)
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return 0
	}
	return pid
}

// Client runs fail2ban-client on the server and returns what it printed.
func (r *Real) Client(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := r.command(ctx, "fail2ban-client", r.args(args...)...).CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("fail2ban-client %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

func (r *Real) args(args ...string) []string {
	return append([]string{"-c", r.ConfDir, "-s", r.Path, "-p", r.PIDFile}, args...)
}

// LogPath is the log file that a jail watches.
func (r *Real) LogPath(jail string) string { return filepath.Join(r.Dir, "log", jail+".log") }

// Attack writes n failing logins of an address into the log of a jail. Three
// make a ban; the server looks once a second.
func (r *Real) Attack(jail, address string, n int) error {
	f, err := os.OpenFile(r.LogPath(jail), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("attack: %w", err)
	}
	defer f.Close()
	line := fmt.Sprintf("%s host app: fail from %s\n", time.Now().Format(time.DateTime), address)
	if _, err := f.WriteString(strings.Repeat(line, n)); err != nil {
		return fmt.Errorf("attack: %w", err)
	}
	return nil
}

// listed asks for the names of the jails that run.
func (r *Real) listed() ([]string, error) {
	c, err := net.DialTimeout("unix", r.Path, time.Second)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return nil, err
	}
	request, err := wire.AppendRequest(nil, "status")
	if err != nil {
		return nil, err
	}
	if _, err := c.Write(request); err != nil {
		return nil, err
	}
	v, err := wire.NewDecoder(c, wire.Limits{}).Decode()
	if err != nil {
		return nil, err
	}
	if v, err = v.Result(); err != nil {
		return nil, err
	}
	return fail2ban.ParseJailList(v.Field("Jail list").Text()), nil
}
