package logfile

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"bantop/fail2ban"
)

// Prolonged follows fail2ban's log for bans that were made once more while they were in
// force: the server prolongs such a ban and writes nothing into its database. It says
// "[JAIL] ADDRESS already banned" (server/actions.py, 1.0.2 and 1.1.0), at level NOTICE
// if the ban was 3 s old by then, at DEBUG before. The zero value has read nothing.
type Prolonged struct {
	file os.FileInfo // that was read last
	read int64       // up to there
	bans map[fail2ban.Target]bool
}

const (
	// mostFollowed is how much of a log is read at once, in bytes: it takes 20 ms.
	mostFollowed = 32 << 20
	// pieceRead is how much of it is held at once.
	pieceRead = 1 << 20
	// mostProlonged is how many bans are kept.
	mostProlonged = 100_000
)

var alreadyBanned = []byte(" already banned\n")

// Read reads what is new in the log, and what stands in the one before it (FILE.1) at
// the first time and after a rotation. A log that cannot be read tells nothing.
func (p *Prolonged) Read(target string) {
	if !filepath.IsAbs(target) {
		return
	}
	file, info := open(target)
	if file == nil {
		return
	}
	defer file.Close()
	if p.file == nil || !os.SameFile(p.file, info) || info.Size() < p.read {
		if older, was := open(target + ".1"); older != nil {
			if p.file == nil || !os.SameFile(p.file, was) {
				p.read = 0
			}
			p.take(older, was.Size())
			older.Close()
		}
		p.read = 0
	}
	p.file = info
	p.take(file, info.Size())
}

// open opens a regular file to be read; nil if there is none.
func open(path string) (*os.File, os.FileInfo) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil
	}
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		return f, info
	}
	f.Close()
	return nil, nil
}

// take reads whole lines up to a size.
func (p *Prolonged) take(f *os.File, size int64) {
	p.read = max(p.read, size-mostFollowed)
	for buf := make([]byte, min(pieceRead, max(0, size-p.read))); p.read < size; {
		n, err := f.ReadAt(buf[:min(int64(len(buf)), size-p.read)], p.read)
		end := bytes.LastIndexByte(buf[:n], '\n') + 1
		if end == 0 && n == pieceRead { // no line is so long
			end = n
		}
		if text := buf[:end]; len(p.bans) > 0 || bytes.Contains(text, alreadyBanned) {
			for line := range bytes.Lines(text) {
				p.line(line)
			}
		}
		p.read += int64(end)
		if end == 0 || err != nil { // what is missing is read the next time
			return
		}
	}
}

// line takes note of a ban that is prolonged, or begins or ends.
func (p *Prolonged) line(line []byte) {
	prolongs := bytes.HasSuffix(line, alreadyBanned)
	if !prolongs && len(p.bans) == 0 {
		return
	}
	_, _, message, ok := cutLine(strings.TrimSuffix(string(line), "\n"))
	if !ok {
		return
	}
	jail, what, ok := cutJail(message)
	if !ok {
		return
	}
	if prolongs {
		if p.bans == nil {
			p.bans = make(map[fail2ban.Target]bool)
		}
		if len(p.bans) < mostProlonged {
			p.bans[fail2ban.Target{Jail: jail, Address: strings.TrimSuffix(what, " already banned")}] = true
		}
		return
	}
	for _, begins := range []string{"Ban ", "Restore Ban ", "Unban "} {
		if address, is := strings.CutPrefix(what, begins); is {
			delete(p.bans, fail2ban.Target{Jail: jail, Address: address})
			return
		}
	}
}

// cutJail takes the name of the jail off a message: "[sshd] Ban 203.0.113.9". A name may
// hold brackets; an address does not.
func cutJail(message string) (jail, what string, ok bool) {
	if !strings.HasPrefix(message, "[") {
		return "", "", false
	}
	at := strings.LastIndex(message, "] ")
	if at < 0 {
		return "", "", false
	}
	return message[1:at], message[at+2:], true
}

// Has reports whether a ban was prolonged.
func (p *Prolonged) Has(jail, address string) bool {
	return p.bans[fail2ban.Target{Jail: jail, Address: address}]
}

// Any reports whether any was.
func (p *Prolonged) Any() bool { return len(p.bans) > 0 }
