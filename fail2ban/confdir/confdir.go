// Package confdir reads fail2ban's configuration folder.
package confdir

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
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
// are, in fail2ban's order: fail2ban.conf, fail2ban.d/*.conf, fail2ban.local,
// fail2ban.d/*.local, later ones over earlier (1.0.2, client/configreader.py).
// A folder or file that is not there says nothing. The error is about a file
// that cannot be read, or a value that only fail2ban can work out.
func ReadServer(dir fs.FS) (Server, error) {
	var files []string
	for _, ending := range []string{"conf", "local"} {
		more, err := fs.Glob(dir, "fail2ban.d/*."+ending)
		if err != nil {
			return Server{}, fmt.Errorf("list fail2ban.d: %w", err)
		}
		slices.Sort(more)
		files = append(append(files, "fail2ban."+ending), more...)
	}
	var s Server
	for _, file := range files {
		data, err := fs.ReadFile(dir, file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return Server{}, fmt.Errorf("read fail2ban's configuration: %w", err)
		}
		if err := s.read(file, data); err != nil {
			return Server{}, err
		}
	}
	return s, nil
}

// read takes over what one file says.
func (s *Server) read(file string, data []byte) error {
	section := ""
	for lines := bufio.NewScanner(bytes.NewReader(data)); lines.Scan(); {
		line := lines.Text()
		if strings.HasPrefix(line, "[") {
			section = strings.Trim(strings.TrimSpace(line), "[]")
			continue
		}
		at := strings.IndexAny(line, "=:")
		if at < 0 || section != "Definition" && section != "DEFAULT" || strings.ContainsAny(line[:1], "#; \t") {
			continue
		}
		value := strings.TrimSpace(line[at+1:])
		var field *string
		switch strings.ToLower(strings.TrimSpace(line[:at])) {
		case "socket":
			field = &s.Socket
		case "pidfile":
			field = &s.PIDFile
		case "logtarget":
			field = &s.LogTarget
		case "dbfile":
			field = &s.DBFile
		default:
			continue
		}
		if strings.Contains(value, "%") {
			return fmt.Errorf("read %s: %q refers to another value; name the file with --socket and --pidfile", file, line)
		}
		*field = value
	}
	return nil
}
