// Package handset keeps what somebody set over the socket, and no file says: fail2ban
// drops it when it reads its configuration again, and so would bantop's own reload or
// restart. What is put back is what was there right before, and never what the files
// changed on purpose.
//
// A reload drops what the configuration says of ignoreip, bantime, findtime, maxretry, usedns,
// maxmatches, maxlines and ignoreself, and the regular expressions, log files and actions
// that were added (1.0.2 and 1.1.0, measured); a restart also the time of a ban that has one
// of its own, which becomes the jail's. An action that was added cannot be put back: nobody
// can ask for all of it. What was taken away by hand is not found.
package handset

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/addr"
	"bantop/fail2ban/control"
)

// Server is what is asked of fail2ban, and told. *socket.Client is one.
type Server interface {
	Asked
	Bans(ctx context.Context, jail string, loc *time.Location) ([]fail2ban.Ban, error)
	AddIgnore(ctx context.Context, targets []fail2ban.Target) ([]fail2ban.Result, error)
	BanFor(ctx context.Context, targets []fail2ban.Target, length time.Duration) ([]fail2ban.Result, error)
	SetOption(ctx context.Context, jail, option string, values ...string) error
}

// Item is one value that was set by hand.
type Item struct {
	Jail   string
	Option string    // as fail2ban names it, "action", or "ban"
	Value  string    // as fail2ban takes it; of a ban the address
	End    time.Time // of a ban; the zero time for one that never ends
	err    error
}

func (i Item) String() string {
	switch i.Option {
	case "ban":
		if i.End.IsZero() {
			return i.Jail + ": the ban of " + i.Value + " for ever"
		}
		return i.Jail + ": the ban of " + i.Value + " until " + i.End.Local().Format(time.DateTime)
	case "action":
		return i.Jail + ": action " + i.Value + ", which cannot be put back"
	default:
		return i.Jail + ": " + i.Option + " " + i.Shown()
	}
}

// Shown is the value as it is told: a regular expression may be very long.
func (i Item) Shown() string {
	const most = 60
	runes := []rune(i.Value)
	if len(runes) <= most {
		return i.Value
	}
	return string(runes[:most]) + "…"
}

// Set are the values of running jails that a configuration does not give them, sorted.
// Bans are not among them.
func Set(running []fail2ban.JailSettings, s control.Stream) []Item {
	var out []Item
	for _, j := range running {
		w, known := said(s, j.Name)
		if !known {
			continue
		}
		for _, entry := range j.IgnoreIP {
			if !slices.Contains(w.ignored, canonical(entry)) {
				out = append(out, Item{Jail: j.Name, Option: "ignoreip", Value: entry})
			}
		}
		for _, t := range []struct {
			option string
			has    time.Duration
			says   any
		}{{"bantime", j.BanTime, w.values["bantime"]}, {"findtime", j.FindTime, w.values["findtime"]}} {
			if d, ok := length(t.says); ok && d != t.has {
				out = append(out, Item{Jail: j.Name, Option: t.option, Value: seconds(t.has)})
			}
		}
		for _, t := range []struct {
			option string
			has    int
			known  bool
		}{{"maxretry", j.MaxRetry, true}, {"maxmatches", j.Filter.MaxMatches, j.Filter.UseDNS != ""}, {"maxlines", j.Filter.MaxLines, j.Filter.UseDNS != ""}} {
			if n, ok := w.values[t.option].(int); ok && t.known && n != t.has {
				out = append(out, Item{Jail: j.Name, Option: t.option, Value: strconv.Itoa(t.has)})
			}
		}
		out = append(out, filterSet(j, w)...)
	}
	slices.SortFunc(out, func(a, b Item) int {
		return cmp.Or(cmp.Compare(a.Jail, b.Jail), cmp.Compare(a.Option, b.Option), cmp.Compare(a.Value, b.Value))
	})
	return out
}

// wanted is what a stream sets a jail up with.
type wanted struct {
	ignored []string
	values  map[string]any
	added   map[string][]string // by the option that adds one: "addlogpath"
}

func said(s control.Stream, jail string) (w wanted, known bool) {
	w.values, w.added = map[string]any{}, map[string][]string{}
	for _, c := range s.Commands() {
		items, is := c.([]any)
		if !is || len(items) < 2 || items[1] != jail {
			continue
		}
		known = known || items[0] == "add"
		if len(items) < 4 {
			continue
		}
		option, _ := items[2].(string)
		switch several, _ := items[3].([]any); {
		case items[0] == "multi-set":
			for _, v := range several {
				w.added[option] = append(w.added[option], fmt.Sprint(v))
			}
		case items[0] != "set":
		case option == "addignoreip":
			for _, entry := range items[3:] {
				w.ignored = append(w.ignored, canonical(fmt.Sprint(entry)))
			}
		case adds[option] != "":
			w.added[option] = append(w.added[option], fmt.Sprint(items[3]))
		default:
			w.values[option] = items[3]
		}
	}
	return w, known
}

// canonical is an entry of an ignore list as fail2ban compares it.
func canonical(entry string) string {
	if p, _, err := addr.Parse(entry); err == nil {
		return addr.Format(p)
	}
	return entry
}

// length reads a time of a configuration; false if only fail2ban can work it out.
func length(v any) (time.Duration, bool) {
	text := fmt.Sprint(v)
	if v == nil {
		return 0, false
	}
	if n, err := strconv.Atoi(text); err == nil {
		return fail2ban.Seconds(int64(n)), true
	}
	d, err := fail2ban.ParseTime(text)
	return d, err == nil
}

func seconds(d time.Duration) string {
	if d == fail2ban.Permanent {
		return "-1"
	}
	return strconv.FormatInt(int64(d/time.Second), 10)
}
