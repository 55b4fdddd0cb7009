package handset

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/control"
)

// Values are what running jails have that a configuration does not give them.
type Values struct {
	Items  []Item
	Bans   []Item // with a time of their own
	Unsure []Item // that a file may have said: they are not put back, and told
}

// None reports whether there is nothing.
func (v Values) None() bool { return len(v.Items)+len(v.Bans)+len(v.Unsure) == 0 }

// mostListed is of how many bans of a jail the times are asked.
const mostListed = 10_000

// Take finds what was set by hand: what the jails have and the stream, which the server
// was set up with, does not say. Own also finds bans that have a time of their own, which
// a restart drops. A jail that cannot be asked is left out.
func Take(ctx context.Context, s Server, was control.Stream, own bool, loc *time.Location) Values {
	var v Values
	running := Running(ctx, s)
	v.Items = Set(running, was)
	if !own {
		return v
	}
	for _, j := range running {
		bans, err := s.Bans(ctx, j.Name, loc)
		if err != nil || len(bans) > mostListed {
			continue
		}
		for _, b := range bans {
			if b.Length != j.BanTime && (b.Length == fail2ban.Permanent || !b.End.IsZero()) {
				v.Bans = append(v.Bans, Item{Jail: j.Name, Option: "ban", Value: b.Address, End: b.End})
			}
		}
	}
	return v
}

// Asked is what Running asks.
type Asked interface {
	Jails(ctx context.Context) ([]string, error)
	JailSettings(ctx context.Context, jail string) (fail2ban.JailSettings, error)
	JailFilter(ctx context.Context, jail string) (fail2ban.JailFilter, error)
}

// Running are the settings of the jails that run.
func Running(ctx context.Context, s Asked) []fail2ban.JailSettings {
	names, err := s.Jails(ctx)
	if err != nil {
		return nil
	}
	var out []fail2ban.JailSettings
	for _, name := range names {
		if j, err := settings(ctx, s, name); err == nil {
			out = append(out, j)
		}
	}
	return out
}

// settings are those of one jail, with its filter's.
func settings(ctx context.Context, s Asked, name string) (fail2ban.JailSettings, error) {
	j, err := s.JailSettings(ctx, name)
	if err != nil {
		return j, err
	}
	j.Name = name
	j.Filter, _ = s.JailFilter(ctx, name) // of one that does not tell, nothing is found
	return j, nil
}

// Report is what became of values that were set by hand.
type Report struct {
	Kept []Item // proven to be back
	Lost []Item
}

// PutBack sets values again that are gone, and proves that they are there. What the files
// say otherwise now than before holds: it was changed on purpose. A jail that does not run
// any more, and an address that is not banned any more, is left out.
func PutBack(ctx context.Context, s Server, v Values, was, now control.Stream, loc *time.Location) Report {
	var r Report
	running := Running(ctx, s)
	for _, i := range v.Items {
		at := slices.IndexFunc(running, func(j fail2ban.JailSettings) bool { return j.Name == i.Jail })
		if at < 0 || has(running[at], i) || changed(i, was, now) {
			continue
		}
		i.err = put(ctx, s, i)
		r.add(ctx, s, i)
	}
	r.bans(ctx, s, v.Bans, loc)
	for _, i := range v.Unsure {
		at := slices.IndexFunc(running, func(j fail2ban.JailSettings) bool { return j.Name == i.Jail })
		if at >= 0 && !has(running[at], i) {
			r.Lost = append(r.Lost, i)
		}
	}
	return r
}

// has reports whether a jail has a value.
func has(j fail2ban.JailSettings, i Item) bool {
	switch i.Option {
	case "ignoreip":
		return slices.ContainsFunc(j.IgnoreIP, func(e string) bool { return canonical(e) == canonical(i.Value) })
	case "logpath":
		return slices.Contains(j.Files, i.Value)
	case "failregex":
		return slices.Contains(j.Filter.FailRegex, i.Value)
	case "ignoreregex":
		return slices.Contains(j.Filter.IgnoreRegex, i.Value)
	case "action":
		return slices.Contains(j.Actions, i.Value)
	case "usedns":
		return j.Filter.UseDNS == i.Value
	case "ignoreself":
		return strconv.FormatBool(j.IgnoreSelf) == i.Value
	case "maxmatches":
		return strconv.Itoa(j.Filter.MaxMatches) == i.Value
	case "maxlines":
		return strconv.Itoa(j.Filter.MaxLines) == i.Value
	case "bantime":
		return seconds(j.BanTime) == i.Value
	case "findtime":
		return seconds(j.FindTime) == i.Value
	default:
		return strconv.Itoa(j.MaxRetry) == i.Value
	}
}

// changed reports whether the files give an option another value than before.
func changed(i Item, was, now control.Stream) bool {
	if _, listed := listing[i.Option]; listed || i.Option == "ignoreip" || !now.Known() || !was.Known() {
		return false
	}
	before, _ := said(was, i.Jail)
	after, _ := said(now, i.Jail)
	return before.values[i.Option] != after.values[i.Option]
}

func put(ctx context.Context, s Server, i Item) error {
	switch i.Option {
	case "ignoreip":
	case "action":
		return errors.New("an action cannot be read back")
	case "logpath":
		return s.SetOption(ctx, i.Jail, "addlogpath", i.Value, "tail") // what stands there was counted
	case "failregex", "ignoreregex":
		return s.SetOption(ctx, i.Jail, "add"+i.Option, i.Value)
	default:
		return s.SetOption(ctx, i.Jail, i.Option, i.Value)
	}
	results, err := s.AddIgnore(ctx, []fail2ban.Target{{Jail: i.Jail, Address: i.Value}})
	for _, r := range results {
		err = errors.Join(err, r.Err)
	}
	return err
}

// add takes note of an item that was put back, if the server has it.
func (r *Report) add(ctx context.Context, s Server, i Item) {
	j, err := settings(ctx, s, i.Jail)
	if i.err == nil && err == nil && has(j, i) {
		r.Kept = append(r.Kept, i)
		return
	}
	r.Lost = append(r.Lost, i)
}

// bans prolongs bans again that lost their time, and bans those again that are over by the
// jail's: fail2ban does not bring those back.
func (r *Report) bans(ctx context.Context, s Server, own []Item, loc *time.Location) {
	listed := map[string][]fail2ban.Ban{}
	for _, i := range own {
		bans, asked := listed[i.Jail]
		if !asked {
			bans, _ = s.Bans(ctx, i.Jail, loc) // of a jail that is gone there is nothing to put back
			listed[i.Jail] = bans
		}
		if lasts(bans, i) {
			continue
		}
		left := fail2ban.Permanent
		if !i.End.IsZero() {
			if left = time.Until(i.End).Round(time.Second); left <= 0 {
				continue
			}
		}
		results, err := s.BanFor(ctx, []fail2ban.Target{{Jail: i.Jail, Address: i.Value}}, left)
		if errors.Is(err, fail2ban.ErrUnknownJail) {
			continue
		}
		for _, result := range results {
			err = errors.Join(err, result.Err)
		}
		again, listErr := s.Bans(ctx, i.Jail, loc)
		if err == nil && listErr == nil && lasts(again, i) {
			r.Kept = append(r.Kept, i)
		} else {
			r.Lost = append(r.Lost, i)
		}
	}
}

// lasts reports whether a ban is among some with the end that it had; a few seconds sooner
// is the same.
func lasts(bans []fail2ban.Ban, i Item) bool {
	const near = 5 * time.Second
	return slices.ContainsFunc(bans, func(b fail2ban.Ban) bool {
		if b.Address != i.Value {
			return false
		}
		return b.Length == fail2ban.Permanent || !i.End.IsZero() && b.End.Add(near).After(i.End)
	})
}
