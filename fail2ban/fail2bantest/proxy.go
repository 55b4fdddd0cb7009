package fail2bantest

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"

	"bantop/fail2ban/wire"
)

// Proxy stands between a client and a server, which may be a real one, and makes
// go wrong what Faults say. A fault befalls one connection; the others go on.
type Proxy struct {
	Path string // its socket

	to     string
	faults faults
	wg     sync.WaitGroup

	mu       sync.Mutex // guards what follows
	listener *net.UnixListener
	open     map[net.Conn]struct{}
	hangUp   bool
	accepted int
}

// NewProxy starts a proxy whose socket is in dir, before the server on the socket to.
func NewProxy(dir, to string) (*Proxy, error) {
	p := &Proxy{Path: filepath.Join(dir, "proxy.sock"), to: to, faults: newFaults(), open: make(map[net.Conn]struct{})}
	if err := os.Remove(p.Path); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: p.Path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("start the proxy: %w", err)
	}
	p.listener = l
	p.wg.Go(p.accept)
	return p, nil
}

// Inject makes the commands to come go wrong.
func (p *Proxy) Inject(faults ...Fault) { p.faults.inject(faults...) }

// HangUp makes the proxy close each connection as soon as it is made, until
// ClearFaults; those that are open end now.
func (p *Proxy) HangUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hangUp = true
	for c := range p.open {
		c.Close()
	}
}

// ClearFaults ends all faults; what hangs goes on.
func (p *Proxy) ClearFaults() {
	p.mu.Lock()
	p.hangUp = false
	p.mu.Unlock()
	p.faults.clear()
}

// Close ends the proxy and all of its goroutines.
func (p *Proxy) Close() {
	p.mu.Lock()
	p.listener.Close()
	p.hangUp = true
	for c := range p.open {
		c.Close()
	}
	p.mu.Unlock()
	p.faults.clear()
	p.wg.Wait()
}

// Accepted is how many connections clients have made.
func (p *Proxy) Accepted() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.accepted
}

func (p *Proxy) accept() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return // it was closed
		}
		if p.keep(c) {
			p.wg.Go(func() { p.serve(c) })
		}
	}
}

// keep takes note of a connection, unless it is to be closed at once.
func (p *Proxy) keep(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.accepted++
	if p.hangUp {
		c.Close()
		return false
	}
	p.open[c] = struct{}{}
	return true
}

// serve passes commands on, one after the other, and their replies back.
func (p *Proxy) serve(c net.Conn) {
	defer func() {
		p.mu.Lock()
		delete(p.open, c)
		p.mu.Unlock()
		c.Close()
	}()
	up, err := net.Dial("unix", p.to)
	if err != nil {
		return
	}
	defer up.Close()
	s := &stream{Conn: c, faults: &p.faults}
	// Few bytes at once, so that commands are left unread when the connection is
	// closed: that resets it.
	var pending []byte
	for buf := make([]byte, 64); ; {
		n, err := c.Read(buf)
		pending = append(pending, buf[:n]...)
		for {
			request, rest, found := bytes.Cut(pending, []byte(wire.End))
			if !found {
				break
			}
			if !p.handle(s, up, request) {
				return
			}
			pending = rest
		}
		if err != nil {
			return
		}
	}
}

// handle passes one command on; it reports whether the connection stays.
func (p *Proxy) handle(s *stream, up net.Conn, request []byte) bool {
	request = append(bytes.Clone(request), wire.End...)
	alive := true
	answer := func() []byte {
		reply, err := ask(up, request)
		alive = err == nil
		return reply
	}
	release := p.faults.freed()
	if f := p.faults.pick(commandOf(request)); f != nil {
		return s.fail(f, release, answer) && alive
	}
	if reply := answer(); alive {
		s.reply(reply)
	}
	return alive
}

// ask sends one command to the server and returns the bytes of its reply. Since
// nothing else was asked, nothing else is read.
func ask(up net.Conn, request []byte) ([]byte, error) {
	if _, err := up.Write(request); err != nil {
		return nil, err
	}
	var reply bytes.Buffer
	if _, err := wire.NewDecoder(io.TeeReader(up, &reply), wire.Limits{}).Decode(); err != nil {
		return nil, err
	}
	return reply.Bytes(), nil
}

// commandOf is the command of a request, nil if it is not one.
func commandOf(request []byte) []string {
	v, err := wire.NewDecoder(bytes.NewReader(request), wire.Limits{}).Decode()
	if err != nil {
		return nil
	}
	command, _ := v.Strings()
	return command
}
