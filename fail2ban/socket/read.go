package socket

import (
	"fmt"
	"strings"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/wire"
)

// What one answer may name. Real servers are far below; what is above is refused
// with an error that says so, since it would be kept, drawn and stored.
var (
	jailNames   = names{"jails", 5000, 255}
	actionNames = names{"actions of a jail", 10_000, 255}
	logFiles    = names{"log files of a jail", 10_000, longestPath}
	journals    = names{"journal matches of a jail", 10_000, longestPath}
	regexes     = names{"regular expressions of a jail", 10_000, 64 << 10}
	ignored     = names{"entries of an ignore list", 100_000, longestPath}
)

// names are names of one kind: how many there may be, and how many bytes each may
// have.
type names struct {
	what          string
	most, longest int
}

const (
	longestPath    = 4096
	longestVersion = 100
	mostText       = 4 << 20 // bytes of all names in an exchange
	mostCount      = 1 << 53 // of a counter

	mostBans = 250_000 // of a jail
	// longestAddress is where an address is cut: who can make a jail ban a name
	// chooses the name, and shall not keep the others from being listed.
	longestAddress = 500
	mostAddresses  = 16 << 20 // bytes of all addresses of a jail
)

// reader makes values of an answer. It keeps the first error: something is of
// another form than expected, or too large.
type reader struct {
	whole wire.Value // the answer, for the error
	made  int        // bytes that were made of it
	err   error
}

func newReader(v wire.Value) *reader { return &reader{whole: v} }

// unexpected says that the answer has not the form that it should have.
func (r *reader) unexpected() {
	if r.err == nil {
		r.err = unexpected(r.whole)
	}
}

// refuse says that the answer holds too much.
func (r *reader) refuse(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", wire.ErrFormat, fmt.Sprintf(format, args...))
	}
}

// count reads a counter.
func (r *reader) count(v wire.Value) int {
	n, ok := v.Int()
	if !ok || v.Kind() != wire.Int || n < 0 || n > mostCount {
		r.unexpected()
		return 0
	}
	return int(n)
}

// text reads a string of so many bytes at most.
func (r *reader) text(v wire.Value, what string, longest int) string {
	if v.Kind() != wire.String {
		r.unexpected()
		return ""
	}
	return r.take(v.Text(), what, longest)
}

// take copies a string, which would otherwise keep its whole message in memory.
func (r *reader) take(s, what string, longest int) string {
	if len(s) > longest {
		r.refuse("%s has %d bytes, more than %d", what, len(s), longest)
		return ""
	}
	if r.made += len(s); r.made > mostText {
		r.refuse("names of more than %d MB", mostText>>20)
		return ""
	}
	return strings.Clone(s)
}

// few reports whether there are no more names than there may be.
func (r *reader) few(n int, of names) bool {
	if n > of.most {
		r.refuse("%d %s, more than %d", n, of.what, of.most)
	}
	return r.err == nil
}

// list reads a list of names. Numbers, None and nested lists are given as text,
// since fail2ban puts all of them in lists of names.
func (r *reader) list(v wire.Value, of names) []string {
	if k := v.Kind(); k != wire.List && k != wire.Tuple {
		r.unexpected()
		return nil
	}
	if !r.few(v.Len(), of) {
		return nil
	}
	out := make([]string, v.Len())
	for i := range out {
		if out[i] = r.take(v.At(i).Text(), "one of the "+of.what, of.longest); r.err != nil {
			return nil
		}
	}
	return out
}

// readJails reads `status`: [("Number of jail", 2), ("Jail list", "a, b")]. It also returns
// how many jails there are: less than names if a name holds a comma and a space.
func readJails(r *reader, v wire.Value) (names []string, n int) {
	list, ok := v.Field("Jail list").Str()
	number, is := v.Field("Number of jail").Int()
	if !ok || !is {
		r.unexpected()
		return nil, 0
	}
	if !r.few(strings.Count(list, ",")+1, jailNames) {
		return nil, 0
	}
	jails := fail2ban.ParseJailList(list)
	for i, name := range jails {
		jails[i] = r.take(name, "the name of a jail", jailNames.longest)
	}
	return jails, int(number)
}

// readJail reads `status JAIL`, with or without the list of addresses.
func readJail(r *reader, name string, v wire.Value) fail2ban.Jail {
	filter, actions := v.Field("Filter"), v.Field("Actions")
	j := fail2ban.Jail{Name: name, Counts: fail2ban.Counts{
		Failing:     r.count(filter.Field("Currently failed")),
		TotalFailed: r.count(filter.Field("Total failed")),
		Banned:      r.count(actions.Field("Currently banned")),
		TotalBanned: r.count(actions.Field("Total banned")),
	}}
	if files := filter.Field("File list"); files.Kind() != wire.None {
		j.Files = r.list(files, logFiles)
	}
	if journal := filter.Field("Journal matches"); journal.Kind() != wire.None {
		j.Journal = nonEmpty(r.list(journal, journals))
	}
	return j
}

// readStats reads `stats`: {"a": [backend, (failing, failed), (banned, bans)]}.
func readStats(r *reader, v wire.Value) []fail2ban.Jail {
	if v.Kind() != wire.Dict {
		r.unexpected()
		return nil
	}
	if !r.few(v.Len(), jailNames) {
		return nil
	}
	jails := make([]fail2ban.Jail, v.Len())
	for i := range jails {
		key, value := v.Pair(i)
		filter, actions := value.At(1), value.At(2)
		jails[i] = fail2ban.Jail{Name: r.text(key, "the name of a jail", jailNames.longest), Counts: fail2ban.Counts{
			Failing:     r.count(filter.At(0)),
			TotalFailed: r.count(filter.At(1)),
			Banned:      r.count(actions.At(0)),
			TotalBanned: r.count(actions.At(1)),
		}}
	}
	return jails
}

// readBans reads `get JAIL banip --with-time`.
func readBans(r *reader, v wire.Value, loc *time.Location) []fail2ban.Ban {
	return readEach(r, v, func(line string) (fail2ban.Ban, int) {
		ban, err := fail2ban.ParseBan(line, loc)
		if err != nil {
			ban = fail2ban.Ban{Address: line}
		}
		ban.Address = shortAddress(ban.Address)
		return ban, len(ban.Address)
	})
}

// readNames reads `get JAIL banip`.
func readNames(r *reader, v wire.Value) []string {
	return readEach(r, v, func(line string) (string, int) {
		name := shortAddress(line)
		return name, len(name)
	})
}

// readEach reads a list of bans, a text each; read gives how many bytes it kept.
func readEach[T any](r *reader, v wire.Value, read func(line string) (T, int)) []T {
	if k := v.Kind(); k != wire.List && k != wire.Tuple {
		r.unexpected()
		return nil
	}
	if !r.few(v.Len(), names{"bans of a jail", mostBans, 0}) {
		return nil
	}
	kept := 0
	out := make([]T, v.Len())
	for i := range out {
		line, ok := v.At(i).Str()
		if !ok {
			r.unexpected()
			return nil
		}
		n := 0
		out[i], n = read(line)
		if kept += n; kept > mostAddresses {
			r.refuse("addresses of more than %d MB", mostAddresses>>20)
			return nil
		}
	}
	return out
}

// shortAddress copies an address, up to a length.
func shortAddress(s string) string {
	if len(s) <= longestAddress {
		return strings.Clone(s)
	}
	return strings.ToValidUTF8(s[:longestAddress], "") + "…"
}

// settingNames are what JailSettings asks for. No two next to each other are
// answered with the same kind of value, so that each answer shows its place.
var settingNames = []string{
	"bantime", "logpath", "findtime", "journalmatch", "maxretry", "ignoreip", "ignoreself", "actions",
}

func readSettings(r *reader, values map[string]wire.Value) fail2ban.JailSettings {
	seconds := func(name string) time.Duration {
		v := values[name]
		r.whole = v
		f, ok := v.Float()
		if !ok || v.Kind() == wire.Bool {
			r.unexpected()
		}
		return fail2ban.Seconds(int64(f))
	}
	list := func(name string, of names) []string {
		r.whole = values[name]
		// A file filter answers `get JAIL journalmatch` with [], a jail without
		// anything with None.
		if r.whole.Kind() == wire.None {
			return nil
		}
		return nonEmpty(r.list(r.whole, of))
	}
	s := fail2ban.JailSettings{
		BanTime:  seconds("bantime"),
		FindTime: seconds("findtime"),
		Files:    list("logpath", logFiles),
		Journal:  list("journalmatch", journals),
		IgnoreIP: list("ignoreip", ignored),
		Actions:  list("actions", actionNames),
	}
	r.whole = values["maxretry"]
	s.MaxRetry = r.count(r.whole)
	r.whole = values["ignoreself"]
	self, ok := r.whole.Int()
	if !ok {
		r.unexpected()
	}
	s.IgnoreSelf = self != 0
	return s
}

func readFilter(r *reader, values map[string]wire.Value) fail2ban.JailFilter {
	count := func(name string) int {
		r.whole = values[name]
		return r.count(r.whole)
	}
	list := func(name string) []string {
		r.whole = values[name]
		if r.whole.Kind() == wire.None {
			return nil
		}
		return r.list(r.whole, regexes)
	}
	f := fail2ban.JailFilter{MaxMatches: count("maxmatches"), MaxLines: count("maxlines"),
		FailRegex: list("failregex"), IgnoreRegex: list("ignoreregex")}
	r.whole = values["usedns"]
	f.UseDNS = r.text(r.whole, "the option usedns", longestPath)
	return f
}

// isVersion reports whether a text may be a version, and is no other text that a server
// answers with: "pong", the path of a file, "SYSLOG".
func isVersion(s string) bool {
	return strings.ContainsAny(s, "0123456789") && !strings.HasPrefix(s, "/")
}

func nonEmpty(s []string) []string {
	var out []string
	for _, x := range s {
		if x != "" {
			out = append(out, x)
		}
	}
	return out
}
