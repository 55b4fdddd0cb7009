package rehearsal

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"bantop/fail2ban"
	"bantop/fail2ban/control"
	"bantop/fail2ban/process"
	"bantop/fail2ban/socket"
)

// What is in a rehearsal's folder.
const (
	socketName = "s"
	pidName    = "p"
	logName    = "log"
)

// override is read last of all in jail.d and in fail2ban.d: .local files come after
// .conf files, each sorted by name (1.0.2, client/configreader.py).
const override = "~~~~bantop-rehearsal.local"

// chunk is how long one part of a step takes at most.
const chunk = 200 * time.Millisecond

// scratch is a scratch server.
type scratch struct {
	cmd    *exec.Cmd
	client *socket.Client
	ended  chan struct{} // closed when it has
	out    *output
	listed bool // its jail is
}

// start starts the scratch server, and then waits for its jail.
func (r *Rehearsal) start(ctx context.Context) {
	if r.scratch == nil {
		err := r.isolate()
		if err == nil {
			r.scratch, err = r.startScratch()
		}
		if err != nil {
			r.refuse(fail2ban.VerdictImpossible, "start a scratch server: "+err.Error())
		}
		return
	}
	for until := time.Now().Add(chunk); time.Now().Before(until); {
		select {
		case <-r.scratch.ended:
			reason := r.scratchReason()
			r.refuse(verdict(reason), reason)
			return
		case <-ctx.Done():
			r.tooSlow("to load it")
			return
		case <-time.After(10 * time.Millisecond):
		}
		j, ok := r.scratch.jail(ctx, r.opts.Jail)
		if !ok || !j.HasSource() {
			j = r.begunReading()
		}
		if j.HasSource() {
			r.found.Files, r.found.Journal = j.Files, j.Journal
			r.log = newReading(j.Files)
			r.next(fail2ban.RehearseRead)
			return
		}
	}
}

// isolate makes the copy one of a server that does nothing but read: this jail
// alone, no action, no command of the administrator's, no names looked up in the
// network, no database, and its own log.
func (r *Rehearsal) isolate() error {
	var b strings.Builder
	for _, jail := range r.others {
		fmt.Fprintf(&b, "[%s]\nenabled = false\n", jail)
	}
	fmt.Fprintf(&b, "[%s]\nenabled = true\naction =\nignorecommand =\nusedns = no\n", r.opts.Jail)
	if err := put(filepath.Join(r.conf(), "jail.d"), override, []byte(b.String())); err != nil {
		return err
	}
	server := fmt.Sprintf("[Definition]\ndbfile = None\nloglevel = INFO\nlogtarget = %s\nsyslogsocket = auto\n", filepath.Join(r.dir, logName))
	return put(filepath.Join(r.conf(), "fail2ban.d"), override, []byte(server))
}

// program is fail2ban-server: the one beside fail2ban-client.
func (r *Rehearsal) program() (string, error) {
	client := r.opts.Program
	if client == "" {
		path, err := exec.LookPath("fail2ban-client")
		if err != nil {
			return "", control.ErrNoClient
		}
		client = path
	}
	server := filepath.Join(filepath.Dir(client), "fail2ban-server")
	if _, err := os.Stat(server); err == nil {
		return server, nil
	}
	return exec.LookPath("fail2ban-server")
}

// startScratch starts the server in the foreground: how it ends is known, and it
// does not outlive this process.
func (r *Rehearsal) startScratch() (*scratch, error) {
	program, err := r.program()
	if err != nil {
		return nil, err
	}
	path := filepath.Join(r.dir, socketName)
	cmd := exec.Command(program, "-c", r.conf(), "-s", path, "-p", filepath.Join(r.dir, pidName), "-f", "start")
	cmd.Env, cmd.Dir = control.Environment(), r.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	s := &scratch{cmd: cmd, ended: make(chan struct{}), out: &output{}}
	cmd.Stdout, cmd.Stderr = s.out, s.out
	cmd.WaitDelay = time.Second
	started := make(chan error)
	go func() {
		// The kernel sends Pdeathsig when the thread ends that started the process.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // what it said tells more
			close(s.ended)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	const nice = 10
	_ = unix.Setpriority(unix.PRIO_PROCESS, cmd.Process.Pid, nice) // it has gone already, or is as quick as others
	s.client = socket.New(socket.Options{Path: path, Timeout: chunk})
	return s, mark(r.dir, owner{Maker: process.Self(), Server: process.Of(cmd.Process.Pid)})
}

// begunReading is the jail as the log has it that the scratch server has open by now:
// while it reads a large one, it may not answer.
func (r *Rehearsal) begunReading() fail2ban.Jail {
	text, err := os.ReadFile(filepath.Join(r.dir, logName))
	if err != nil {
		return fail2ban.Jail{}
	}
	open := places(r.scratch.cmd.Process.Pid)
	var j fail2ban.Jail
	for _, m := range addedLog.FindAllStringSubmatch(string(text), -1) {
		if _, is := open[m[1]]; is {
			j.Files = append(j.Files, m[1])
		}
	}
	return j
}

// addedLog is a line of fail2ban's log (1.0.2 and 1.1.0, server/filter.py).
var addedLog = regexp.MustCompile(`Added logfile: '(.+)' \(pos = `)

// jail is the jail as the scratch server has it. Before it is listed, it is not
// asked for: that would leave an error in the log.
func (s *scratch) jail(ctx context.Context, name string) (fail2ban.Jail, bool) {
	ctx, cancel := context.WithTimeout(ctx, chunk)
	defer cancel()
	if !s.listed {
		names, err := s.client.Jails(ctx)
		if s.listed = err == nil && slices.Contains(names, name); !s.listed {
			return fail2ban.Jail{}, false
		}
	}
	jails, err := s.client.JailStatuses(ctx, []string{name})
	if err != nil || len(jails) != 1 {
		return fail2ban.Jail{}, false
	}
	return jails[0], true
}

// close ends the server, and all that it started.
func (s *scratch) close() {
	_ = s.client.Close() // it was its only client
	group := -s.cmd.Process.Pid
	for _, signal := range []unix.Signal{unix.SIGTERM, unix.SIGKILL} {
		_ = unix.Kill(group, signal) // it has gone already
		select {
		case <-s.ended:
			_ = unix.Kill(group, unix.SIGKILL) // what it may have started
			return
		case <-time.After(300 * time.Millisecond):
		}
	}
	<-s.ended
}

// scratchReason is why the scratch server ended: what it said, or wrote into its
// log.
func (r *Rehearsal) scratchReason() string {
	text := r.scratch.out.String()
	log, err := os.ReadFile(filepath.Join(r.dir, logName))
	if err == nil && strings.Contains(string(log), "ERROR") {
		text = string(log)
	}
	if reason := control.Reason(text); reason != "" {
		return reason
	}
	return "it ended without a word"
}

// output keeps the beginning of what a process says.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

const maxOutput = 64 << 10

// Write never fails.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.b.Write(p[:min(len(p), max(0, maxOutput-o.b.Len()))])
	return len(p), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}
