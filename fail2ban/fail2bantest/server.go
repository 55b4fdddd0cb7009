// Package fail2bantest provides fail2ban-servers for tests and for the demo, as
// net/http/httptest does for HTTP: NewServer speaks the protocol in this
// process and can be made to fail in every way a real one does; StartReal
// starts Debian's fail2ban-server in a folder of its own.
package fail2bantest

import (
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Options of a Server. The zero value is a server of version 1.0.2 without
// jails.
type Options struct {
	Version string           // what it says it is; from 1.1 on it knows `stats`; default 1.0.2
	Now     func() time.Time // its clock; default time.Now
	Jails   []string         // jails to start with, see AddJail
}

// Server is a fail2ban-server in this process, on a real unix socket. Its
// methods may be called while clients talk to it.
type Server struct {
	Path    string // its socket
	PIDFile string // its pid file
	Log     string // its log: what happens to it and to its jails, not whom they ban

	version string
	now     func() time.Time

	mu     sync.Mutex // the one thread that answers: held for each command
	jails  map[string]*jail
	config map[string]*jail // what a restart brings back

	faults faults

	conns    sync.Mutex // guards what follows
	listener *net.UnixListener
	open     map[net.Conn]struct{}
	refusing bool  // accepts nobody
	fillers  []int // connections that keep the queue full
	accepted int
	commands map[string]int
	pid      int
	started  time.Time

	wg sync.WaitGroup
}

// NewServer starts a server whose files are in dir.
func NewServer(dir string, opts Options) (*Server, error) {
	if opts.Version == "" {
		opts.Version = "1.0.2"
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	s := &Server{
		Path:    filepath.Join(dir, "f2b.sock"),
		PIDFile: filepath.Join(dir, "f2b.pid"),
		Log:     filepath.Join(dir, "fail2ban.log"),
		version: opts.Version,
		now:     opts.Now,
		jails:   make(map[string]*jail),
		config:  make(map[string]*jail),
		open:    make(map[net.Conn]struct{}),
		faults:  newFaults(),

		commands: make(map[string]int),
		pid:      1000,
	}
	for _, name := range opts.Jails {
		s.AddJail(name)
	}
	return s, s.Start()
}

// Start listens, as a server that was stopped and is started again: with all
// jails of its configuration, and their totals at 0.
func (s *Server) Start() error {
	s.mu.Lock()
	clear(s.jails)
	jails := s.restore()
	s.mu.Unlock()
	s.note("server", "INFO", "Starting Fail2ban v%s", s.version)
	s.noteStarted(jails...)

	s.conns.Lock()
	defer s.conns.Unlock()
	s.pid, s.started = s.pid+1, s.now()
	l, err := listen(s.Path)
	if err != nil {
		return err
	}
	if err := os.WriteFile(s.PIDFile, fmt.Appendf(nil, "%d\n", s.pid), 0o600); err != nil {
		l.Close()
		return err
	}
	s.listener = l
	s.wg.Add(1)
	go s.accept(l)
	return nil
}

// Stop ends the server as `fail2ban-client stop` does: no socket and no pid
// file stay behind.
func (s *Server) Stop() {
	if s.Running() {
		s.note("server", "INFO", "Shutdown in progress...")
		s.note("server", "INFO", "Exiting Fail2ban")
	}
	s.halt()
	os.Remove(s.PIDFile)
	os.Remove(s.Path)
}

// Running tells whether the server listens.
func (s *Server) Running() bool {
	s.conns.Lock()
	defer s.conns.Unlock()
	return s.listener != nil
}

// Kill ends the server as `kill -9` does: its socket and its pid file stay,
// and nobody listens.
func (s *Server) Kill() { s.halt() }

// Restart stops and starts the server: another process, totals at 0, the bans
// back from its database.
func (s *Server) Restart() error {
	s.Stop()
	return s.Start()
}

// Close ends the server and all of its goroutines.
func (s *Server) Close() {
	s.Stop()
	s.wg.Wait()
}

// halt closes the listener and every connection.
func (s *Server) halt() {
	s.conns.Lock()
	defer s.conns.Unlock()
	if s.listener == nil {
		return
	}
	s.listener.Close()
	s.listener = nil
	s.faults.free()
	s.admit()
	for c := range s.open {
		c.Close()
	}
	clear(s.open)
}

// listen opens a socket with fail2ban's own queue of 1, which package net
// cannot ask for.
func listen(path string) (*net.UnixListener, error) {
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("make a socket: %w", err)
	}
	f := os.NewFile(uintptr(fd), path)
	defer f.Close() // the listener has its own copy
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		return nil, fmt.Errorf("bind %s: %w", path, err)
	}
	if err := unix.Listen(fd, 1); err != nil {
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	l, err := net.FileListener(f)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	ul := l.(*net.UnixListener)
	ul.SetUnlinkOnClose(false)
	return ul, nil
}

// AddJail adds a jail, to the running server and to its configuration, with
// one log file, one action, a ban time of 10 minutes and 3 tries.
func (s *Server) AddJail(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.jails[name] = newJail(name)
	s.config[name] = s.jails[name]
	s.noteStarted(name)
}

// LoseJails takes jails out of the running server and leaves them in its
// configuration, as a reload does that met a faulty jail.
func (s *Server) LoseJails(names ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range names {
		delete(s.jails, name)
		s.note("jail", "INFO", "Jail '%s' stopped", name)
	}
}

// RestoreJails brings back every jail of the configuration that is lost, as a
// good reload does.
func (s *Server) RestoreJails() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.note("server", "INFO", "Reload all jails")
	s.noteStarted(s.restore()...)
}

// RestartJail makes a jail anew, as the configuration has it: what
// `reload --restart JAIL` does.
func (s *Server) RestartJail(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.config[name]
	if was == nil {
		return fmt.Errorf("no jail %q is configured", name)
	}
	j := was.restarted()
	s.jails[name], s.config[name] = j, j
	s.note("server", "INFO", "Reload jail '%s'", name)
	s.noteStarted(name)
	return nil
}

// restore brings back the jails that are lost, and names them.
func (s *Server) restore() (names []string) {
	for _, name := range slices.Sorted(maps.Keys(s.config)) {
		if s.jails[name] == nil {
			j := s.config[name].restarted()
			s.jails[name], s.config[name] = j, j
			names = append(names, name)
		}
	}
	return names
}

// Configuration are the jails that the configuration enables, by name, with
// their actions.
func (s *Server) Configuration() map[string][]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make(map[string][]string)
	for name, j := range s.config {
		out[name] = slices.Clone(j.Actions)
	}
	return out
}

// RemoveJail takes a jail out of the server and of its configuration.
func (s *Server) RemoveJail(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.jails, name)
	delete(s.config, name)
}

// Edit changes a jail: its files, journal matches, actions and settings.
func (s *Server) Edit(name string, change func(*Jail)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if j := s.jails[name]; j != nil {
		change(&j.Jail)
		j.conf = j.Jail
		j.retime()
	}
}

// JailNames are the jails that run, sorted.
func (s *Server) JailNames() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.jails))
}

// Fail counts failures of an address, and bans it where they are enough. It
// tells whether it did.
func (s *Server) Fail(jail, address string, n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	j := s.jails[jail]
	if j == nil {
		return false
	}
	for range n {
		s.note("filter", "INFO", "[%s] Found %s - %s", jail, address, s.now().Local().Format(time.DateTime))
	}
	banned := j.fail(address, n, s.now())
	if banned {
		s.note("actions", "NOTICE", "[%s] Ban %s", jail, address)
	}
	return banned
}

// Ban bans an address in a jail, as `set JAIL banip` does.
func (s *Server) Ban(jail, address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if j := s.jails[jail]; j != nil {
		j.ban(address, s.now())
	}
}

// Unban ends a ban.
func (s *Server) Unban(jail, address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if j := s.jails[jail]; j != nil {
		j.unban(address)
	}
}

// Banned reports whether an address is banned in a jail.
func (s *Server) Banned(jail, address string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	j := s.jails[jail]
	return j != nil && j.find(address) >= 0
}

// TotalBanned is how many bans a jail has made since it started.
func (s *Server) TotalBanned(jail string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if j := s.jails[jail]; j != nil {
		return j.totalBanned
	}
	return 0
}

// LastLine is when the log file of a jail was last written to; the zero time for
// a file that no jail reads.
func (s *Server) LastLine(file string) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range s.jails {
		if slices.Contains(j.Files, file) {
			return j.lastLine
		}
	}
	return time.Time{}
}

// Accepted is how many connections clients have made.
func (s *Server) Accepted() int {
	s.conns.Lock()
	defer s.conns.Unlock()
	return s.accepted
}

// Commands is how often clients have sent a command with that first word.
func (s *Server) Commands(word string) int {
	s.conns.Lock()
	defer s.conns.Unlock()
	return s.commands[word]
}
