package fail2bantest

import (
	"fmt"
	"os"
)

// note writes a line into the server's log, as fail2ban does. That it cannot is
// no fault of who reads it.
func (s *Server) note(module, level, format string, args ...any) {
	f, err := os.OpenFile(s.Log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	at := s.now().Local().Format("2006-01-02 15:04:05,000")
	fmt.Fprintf(f, "%s fail2ban.%-15s [812]: %-7s %s\n", at, module, level, fmt.Sprintf(format, args...))
}

// noteStarted notes that jails were made and began to work.
func (s *Server) noteStarted(jails ...string) {
	for _, name := range jails {
		s.note("jail", "INFO", "Creating new jail '%s'", name)
	}
	for _, name := range jails {
		s.note("jail", "INFO", "Jail '%s' started", name)
	}
}
