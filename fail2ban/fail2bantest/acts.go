package fail2bantest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/wire"
)

// set changes who is banned or ignored in a jail, and for how long, as 1.0.2 and
// 1.1.0 do (server/transmitter.py).
func (s *Server) set(args []string) any {
	if len(args) < 3 {
		return invalid("list index out of range")
	}
	j := s.jails[args[0]]
	if j == nil {
		return unknownJail(args[0])
	}
	switch values := args[2:]; args[1] {
	case "banip":
		return s.ban(j, values)
	case "unbanip":
		return s.unbanip(j, values)
	case "addignoreip":
		return s.ignore(j, values)
	case "delignoreip":
		return s.unignore(j, values[0])
	case "bantime":
		return setBanTime(j, values[0])
	}
	return invalid("Invalid command (no set action or not yet implemented)")
}

// ban answers with how many addresses were not banned before.
func (s *Server) ban(j *jail, texts []string) any {
	n := 0
	for _, text := range texts {
		a, err := s.parse(text)
		if err != nil {
			return valueError(err.Error())
		}
		if j.ban(a.key, s.now()) {
			n++
			s.runAction(j)
		}
	}
	return n
}

// unban ends the bans of addresses, or all of them, in every jail, and answers
// with how many there were.
func (s *Server) unban(texts []string) any {
	if len(texts) == 0 {
		return invalid("Invalid command")
	}
	n := 0
	for _, name := range s.names() {
		j := s.jails[name]
		banned := texts
		if len(texts) == 1 && texts[0] == "--all" {
			banned = texts[:0:0]
			for _, b := range j.bans {
				banned = append(banned, b.Address)
			}
		}
		ended, _ := s.unbanIn(j, banned)
		n += ended
	}
	return n
}

// unbanip is unban for one jail. After --report-absent what is not banned is an
// exception.
func (s *Server) unbanip(j *jail, texts []string) any {
	report := texts[0] == "--report-absent"
	if report {
		texts = texts[1:]
	}
	n, absent := s.unbanIn(j, texts)
	if report && absent != nil {
		return valueError(fmt.Sprintf("not banned: ['%s']", strings.Join(absent, "', '")))
	}
	return n
}

// unbanIn ends bans in one jail. It tells how many there were, and which texts
// found none.
func (s *Server) unbanIn(j *jail, texts []string) (n int, absent []string) {
	j.expire(s.now())
	for _, text := range texts {
		ended := s.matching(j, text)
		for _, banned := range ended {
			j.unban(banned)
			s.runAction(j)
		}
		if n += len(ended); len(ended) == 0 {
			absent = append(absent, text)
		}
	}
	return n, absent
}

// matching are the banned addresses that an unban is about: the one of that very
// text, or else those in that network.
func (s *Server) matching(j *jail, text string) []string {
	network, err := s.parse(text)
	if j.find(text) >= 0 && network.text == text {
		return []string{text}
	}
	if err != nil || network.single {
		return nil
	}
	var found []string
	for _, b := range j.bans {
		if a, err := s.parse(b.Address); err == nil && network.holds(a) {
			found = append(found, b.Address)
		}
	}
	return found
}

// runAction is how long an action for one address keeps the server's thread.
func (s *Server) runAction(j *jail) {
	if j.ActionTime <= 0 {
		return
	}
	s.conns.Lock()
	release := s.faults.freed()
	s.conns.Unlock()
	select {
	case <-time.After(j.ActionTime):
	case <-release:
	}
}

// ignored is the ignore list of a jail: networks and names, then addresses.
func (s *Server) ignored(j *jail) wire.Items {
	list := wire.Items{}
	for _, single := range []bool{false, true} {
		for _, text := range j.IgnoreIP {
			if a, err := s.parse(text); err == nil && a.single == single {
				list = append(list, wire.Address(a.text))
			}
		}
	}
	return list
}

// ignore adds to the ignore list, and answers with it.
func (s *Server) ignore(j *jail, texts []string) any {
	for _, text := range texts {
		a, err := s.parse(text)
		if err != nil {
			return valueError(err.Error())
		}
		if text != "" && s.entry(j, a) < 0 {
			j.IgnoreIP = append(slices.Clip(j.IgnoreIP), a.key)
		}
	}
	return s.ignored(j)
}

// unignore takes one off the ignore list, and answers with it. A single address
// is found by its text alone.
func (s *Server) unignore(j *jail, text string) any {
	a, err := s.parse(text)
	i := s.entry(j, a)
	if err != nil || i < 0 || a.single && text != a.key {
		return valueError("list.remove(x): x not in list")
	}
	j.IgnoreIP = slices.Delete(slices.Clone(j.IgnoreIP), i, i+1)
	return s.ignored(j)
}

// entry is where an address stands in the ignore list, -1 where it does not.
func (s *Server) entry(j *jail, a address) int {
	return slices.IndexFunc(j.IgnoreIP, func(text string) bool {
		b, err := s.parse(text)
		return err == nil && a.key == b.key
	})
}

// setBanTime answers with the ban time. It is that of all bans which have none
// of their own.
func setBanTime(j *jail, text string) any {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return wire.Exception{Module: "builtins", Name: "NameError", Args: []any{fmt.Sprintf("name '%s' is not defined", text)}}
	}
	j.BanTime = fail2ban.Seconds(n)
	j.retime()
	return seconds(j.BanTime)
}
