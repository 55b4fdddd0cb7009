// Package handset keeps what somebody set over the socket, and no file says: fail2ban
// drops it when it reads its configuration again, and so would bantop's own reload or
// restart. What is put back is what was there right before, and never what the files
// changed on purpose.
//
// A reload drops ignoreip, bantime, findtime and maxretry (1.0.2 and 1.1.0, measured); a
// restart also the time of a ban that has one of its own, which becomes the jail's. What
// else can be set (regular expressions, log files, actions) is not kept.
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
	SetOption(ctx context.Context, jail, option, value string) error
}

// Item is one value that was set by hand.
type Item struct {
	Jail   string
	Option string    // "ignoreip", "bantime", "findtime", "maxretry", or "ban"
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
	default:
		return i.Jail + ": " + i.Option + " " + i.Value
	}
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
		if n, ok := w.values["maxretry"].(int); ok && n != j.MaxRetry {
			out = append(out, Item{Jail: j.Name, Option: "maxretry", Value: strconv.Itoa(j.MaxRetry)})
		}
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
}

func said(s control.Stream, jail string) (w wanted, known bool) {
	w.values = map[string]any{}
	for _, c := range s.Commands() {
		items, is := c.([]any)
		if !is || len(items) < 2 || items[1] != jail {
			continue
		}
		known = known || items[0] == "add"
		if items[0] != "set" || len(items) < 4 {
			continue
		}
		if items[2] == "addignoreip" {
			for _, entry := range items[3:] {
				w.ignored = append(w.ignored, canonical(fmt.Sprint(entry)))
			}
			continue
		}
		if option, is := items[2].(string); is {
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
