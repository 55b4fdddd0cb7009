// Package confdir reads fail2ban's configuration folder, and makes the files with
// which bantop enables and disables jails there. It writes nothing itself.
package confdir

import (
	"fmt"
	"io/fs"
	"strings"
)

// Server is what the configuration says about the server itself; "" where it
// says nothing.
type Server struct {
	Socket    string
	PIDFile   string
	LogTarget string
	DBFile    string
}

// ReadServer reads the files that say where the server's socket and pid file
// are: fail2ban.conf, fail2ban.d/*.conf, fail2ban.local, fail2ban.d/*.local, later
// ones over earlier, each with what it includes (1.0.2, client/fail2banreader.py).
// A folder or file that is not there says nothing. The error is about a file
// that cannot be read, or a value that only fail2ban can work out.
func ReadServer(dir fs.FS) (Server, error) {
	r := newReader(dir)
	c, _ := r.read("fail2ban")
	for _, f := range r.faults {
		if f.Line == 0 {
			return Server{}, fmt.Errorf("read fail2ban's configuration: %s: %s", f.Place, f.Reason)
		}
	}
	var s Server
	values := []*string{&s.Socket, &s.PIDFile, &s.LogTarget, &s.DBFile}
	for i, opt := range []string{"socket", "pidfile", "logtarget", "dbfile"} {
		value, err := c.get("Definition", opt)
		if err == nil && strings.Contains(value, "%(") {
			err = fmt.Errorf("%q is only known to fail2ban", value)
		}
		if err != nil {
			o, _ := c.raw("Definition", opt)
			return Server{}, fmt.Errorf("read fail2ban's configuration: %s of %s: %w; name the file with --socket and --pidfile", opt, o.place(), err)
		}
		*values[i] = value
	}
	return s, nil
}
