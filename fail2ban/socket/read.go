package socket

import (
	"strings"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/wire"
)

// readJails reads `status`: [("Number of jail", 2), ("Jail list", "a, b")].
func readJails(v wire.Value) ([]string, bool) {
	list, ok := v.Field("Jail list").Str()
	return fail2ban.ParseJailList(strings.Clone(list)), ok
}

// readJail reads `status JAIL`, with or without the list of addresses.
func readJail(name string, v wire.Value) (fail2ban.Jail, bool) {
	filter, actions := v.Field("Filter"), v.Field("Actions")
	j := fail2ban.Jail{Name: name}
	good := true
	count := func(v wire.Value) int {
		n, ok := v.Int()
		good = good && ok
		return int(n)
	}
	j.Failing = count(filter.Field("Currently failed"))
	j.TotalFailed = count(filter.Field("Total failed"))
	j.Banned = count(actions.Field("Currently banned"))
	j.TotalBanned = count(actions.Field("Total banned"))
	files, _ := filter.Field("File list").Strings()
	journal, _ := filter.Field("Journal matches").Strings()
	j.Files, j.Journal = cloned(files), nonEmpty(cloned(journal))
	return j, good
}

// readStats reads `stats`: {"a": [backend, (failing, failed), (banned, bans)]}.
func readStats(v wire.Value) ([]fail2ban.Jail, bool) {
	if v.Kind() != wire.Dict {
		return nil, false
	}
	jails := make([]fail2ban.Jail, v.Len())
	good := true
	count := func(v wire.Value) int {
		n, ok := v.Int()
		good = good && ok
		return int(n)
	}
	for i := range jails {
		key, value := v.Pair(i)
		name, ok := key.Str()
		filter, actions := value.At(1), value.At(2)
		jails[i] = fail2ban.Jail{Name: strings.Clone(name), Counts: fail2ban.Counts{
			Failing:     count(filter.At(0)),
			TotalFailed: count(filter.At(1)),
			Banned:      count(actions.At(0)),
			TotalBanned: count(actions.At(1)),
		}}
		good = good && ok
	}
	return jails, good
}

// settingNames are what JailSettings asks for.
var settingNames = []string{
	"bantime", "findtime", "maxretry", "logpath", "journalmatch", "ignoreip", "ignoreself", "actions",
}

func readSettings(values map[string]wire.Value) (fail2ban.JailSettings, bool) {
	good := true
	seconds := func(name string) time.Duration {
		f, ok := values[name].Float()
		good = good && ok
		return fail2ban.Seconds(int64(f))
	}
	list := func(name string) []string {
		// A file filter answers `get JAIL journalmatch` with [], a jail without
		// anything with None.
		l, ok := values[name].Strings()
		good = good && (ok || values[name].Kind() == wire.None)
		return nonEmpty(cloned(l))
	}
	maxRetry, ok := values["maxretry"].Int()
	good = good && ok
	self, ok := values["ignoreself"].Int()
	good = good && ok
	return fail2ban.JailSettings{
		BanTime:    seconds("bantime"),
		FindTime:   seconds("findtime"),
		MaxRetry:   int(maxRetry),
		Files:      list("logpath"),
		Journal:    list("journalmatch"),
		IgnoreIP:   list("ignoreip"),
		IgnoreSelf: self != 0,
		Actions:    list("actions"),
	}, good
}

// cloned copies strings that would otherwise keep a whole message in memory.
func cloned(s []string) []string {
	for i := range s {
		s[i] = strings.Clone(s[i])
	}
	return s
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
