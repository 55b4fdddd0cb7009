package fail2bantest

import (
	"maps"
	"slices"
	"strings"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/wire"
)

// proceed carries out one command and returns its value, or an Exception, as
// server/transmitter.py of fail2ban does. The caller holds s.mu.
func (s *Server) proceed(command []string) any {
	at := func(i int) string {
		if i < len(command) {
			return command[i]
		}
		return ""
	}
	switch at(0) {
	case "ping":
		return "pong"
	case "echo":
		if fail2ban.AtLeast(s.version, 0, 10) {
			return slices.Clone(command[1:])
		}
	case "version":
		return s.version
	case "status":
		return s.status(command[1:])
	case "stats":
		if fail2ban.AtLeast(s.version, 1, 1) {
			return s.stats()
		}
	case "banned":
		return s.banned(command[1:])
	case "get":
		return s.get(command[1:])
	case "set":
		return s.set(command[1:])
	case "unban":
		return s.unban(command[1:])
	}
	return invalid("Invalid command")
}

func invalid(words string) wire.Exception {
	return wire.Exception{Module: "builtins", Name: "Exception", Args: []any{words}}
}

func unknownJail(name string) wire.Exception {
	return wire.Exception{Module: "fail2ban.exceptions", Name: "UnknownJailException", Args: []any{name}}
}

func (s *Server) names() []string { return slices.Sorted(maps.Keys(s.jails)) }

func (s *Server) status(args []string) any {
	if len(args) == 0 {
		return wire.Items{
			wire.Pack{"Number of jail", len(s.jails)},
			wire.Pack{"Jail list", strings.Join(s.names(), ", ")},
		}
	}
	j := s.jails[args[0]]
	if j == nil {
		return unknownJail(args[0])
	}
	j.expire(s.now())
	filter := wire.Items{
		wire.Pack{"Currently failed", len(j.failing)},
		wire.Pack{"Total failed", j.totalFailed},
	}
	if j.Journal != nil {
		filter = append(filter, wire.Pack{"Journal matches", j.Journal})
	} else {
		filter = append(filter, wire.Pack{"File list", j.Files})
	}
	actions := wire.Items{
		wire.Pack{"Currently banned", len(j.bans)},
		wire.Pack{"Total banned", j.totalBanned},
	}
	if len(args) > 1 && !fail2ban.AtLeast(s.version, 0, 9) {
		return invalid("Invalid command (no status)")
	}
	if len(args) < 2 || args[1] != "short" {
		actions = append(actions, wire.Pack{"Banned IP list", s.addresses(j.bans)})
	}
	return wire.Items{wire.Pack{"Filter", filter}, wire.Pack{"Actions", actions}}
}

func (s *Server) stats() any {
	var all wire.Entries
	for _, name := range s.names() {
		j := s.jails[name]
		j.expire(s.now())
		all = append(all, name, wire.Items{
			"polling", wire.Pack{len(j.failing), j.totalFailed}, wire.Pack{len(j.bans), j.totalBanned},
		})
	}
	return all
}

// banned answers for each address with the jails that ban it, or, without an
// address, for each jail with what it bans.
func (s *Server) banned(args []string) any {
	out := wire.Items{}
	if len(args) == 0 {
		for _, name := range s.names() {
			out = append(out, wire.Entries{name, s.addresses(s.jails[name].bans)})
		}
		return out
	}
	for _, address := range args {
		in := []string{}
		if a, err := s.parse(address); err == nil {
			address = a.key
		}
		for _, name := range s.names() {
			j := s.jails[name]
			j.expire(s.now())
			if j.find(address) >= 0 {
				in = append(in, name)
			}
		}
		out = append(out, in)
	}
	return out
}

func (s *Server) get(args []string) any {
	if len(args) == 1 {
		switch args[0] {
		case "logtarget":
			return s.Log
		case "dbfile":
			return "/var/lib/fail2ban/fail2ban.sqlite3"
		}
	}
	if len(args) < 2 {
		return invalid("list index out of range")
	}
	j := s.jails[args[0]]
	if j == nil {
		return unknownJail(args[0])
	}
	switch args[1] {
	case "banip":
		return s.banip(j, len(args) > 2 && args[2] == "--with-time")
	case "banned":
		return s.bannedIn(j, args[2:])
	case "bantime":
		return seconds(j.BanTime)
	case "bantime.increment":
		return nil // as where it was never set
	case "findtime":
		return seconds(j.FindTime)
	case "maxretry":
		return j.MaxRetry
	case "usedns":
		return "warn"
	case "maxmatches":
		return j.MaxRetry
	case "maxlines":
		return 1
	case "failregex", "ignoreregex":
		return wire.Items{}
	case "logpath":
		return nonNil(j.Files)
	case "journalmatch":
		matches := wire.Items{}
		for _, m := range j.Journal {
			matches = append(matches, strings.Fields(m))
		}
		return matches
	case "ignoreip":
		return s.ignored(j)
	case "ignoreself":
		return true
	case "actions":
		return nonNil(j.Actions)
	}
	return invalid("Invalid command (no get action or not yet implemented)")
}

// bannedIn answers for each address whether a jail bans it: a number for one alone.
func (s *Server) bannedIn(j *jail, args []string) any {
	j.expire(s.now())
	out := wire.Items{}
	for _, address := range args {
		if slices.ContainsFunc(j.bans, func(b fail2ban.Ban) bool { return b.Address == address }) {
			out = append(out, 1)
		} else {
			out = append(out, 0)
		}
	}
	if len(out) == 1 {
		return out[0]
	}
	return out
}

func (s *Server) banip(j *jail, withTime bool) any {
	j.expire(s.now())
	bans := slices.Clone(j.bans)
	slices.SortStableFunc(bans, func(a, b fail2ban.Ban) int { return end(a).Compare(end(b)) })
	if !withTime {
		return s.addresses(bans)
	}
	lines := make([]string, len(bans))
	for i, b := range bans {
		b.Address = s.listed(b.Address)
		lines[i] = fail2ban.FormatBan(b, time.Local)
	}
	return lines
}

// end is when a ban ends, the latest of times for a permanent one.
func end(b fail2ban.Ban) time.Time {
	if b.Length == fail2ban.Permanent {
		return time.Unix(1<<40, 0)
	}
	return b.End
}

func (s *Server) addresses(bans []fail2ban.Ban) wire.Items {
	out := wire.Items{}
	for _, b := range bans {
		out = append(out, wire.Address(s.listed(b.Address)))
	}
	return out
}

func seconds(d time.Duration) int {
	if d == fail2ban.Permanent {
		return -1
	}
	return int(d / time.Second)
}

// nonNil makes nothing an empty list instead of None.
func nonNil(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
