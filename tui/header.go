package tui

import (
	"time"

	"bantop/model"
	"bantop/tui/safetext"
	"bantop/tui/words"
)

// item is a part of a line that may be left out where there is no room.
type item struct {
	style Style
	text  safetext.Text
	rank  int // the highest go first
}

// header draws the first line: what is looked at, how it stands, and the time.
// The status word is always there.
func (p pen) header(s model.State, paused time.Time) string {
	r := s.Runtime
	style := p.statusStyle(r)
	items := []item{{p.Title, "bantop", 3}}
	if s.Demo {
		items = append(items, item{p.Warn, "DEMO", 1})
	}
	if s.Host != "" {
		items = append(items, item{Style{}, p.text(s.Host, 24), 4})
	}
	items = append(items, item{style, safetext.Text(p.Dot + " " + words.Status(r)), 0})
	if status, stale := shown(s); status.Version != "" && !stale {
		items = append(items, item{Style{}, "fail2ban " + p.text(status.Version, 16), 5})
		if up := status.Uptime(s.Now); up > 0 {
			items = append(items, item{p.Faint, safetext.Text("up " + words.Span(up)), 6})
		}
		items = append(items, item{p.Faint, safetext.Text("probe " + words.Latency(status.Latency)), 7})
	}
	if s.Sharing.Reason != "" {
		items = append(items, item{p.Warn, "not shared", 2})
	}
	if len(s.Settings.Faults) > 0 {
		items = append(items, item{p.Warn, "bad settings", 2})
	}
	right := item{p.Faint, clock(s.Now), 2}
	if lock, unlocked := lockState(s); unlocked {
		items = append(items, item{p.Warn, lock, 1})
	} else {
		items = append(items, item{p.Faint, lock, 8})
	}
	if !paused.IsZero() {
		right = item{p.Warn, "PAUSED " + clock(paused), 1}
	}
	return p.spread(items, right)
}

// spread draws items from the left and one at the right, leaving out those of
// the highest rank until the rest has room.
func (p pen) spread(items []item, right item) string {
	const between = 3
	need := func() int {
		n := 0
		for _, i := range items {
			n += i.text.Width() + between
		}
		return n + right.text.Width()
	}
	for need() > p.width && len(items) > 0 {
		worst := 0
		for i := range items {
			if items[i].rank > items[worst].rank {
				worst = i
			}
		}
		if right.rank > items[worst].rank {
			right.text, right.rank = "", -1
			continue
		}
		if items[worst].rank == 0 {
			break
		}
		items = append(items[:worst:worst], items[worst+1:]...)
	}
	l := p.line()
	for _, i := range items {
		l.put(i.style, i.text).skip(between)
	}
	if right.text != "" {
		l.to(p.width-right.text.Width()).put(right.style, right.text)
	}
	return l.String()
}

// clock is a moment as the time of day.
func clock(t time.Time) safetext.Text {
	if t.IsZero() {
		return ""
	}
	return safetext.Text(t.Local().Format(time.TimeOnly))
}

func (p pen) statusStyle(r model.Runtime) Style {
	switch {
	case r.Starting():
		return p.Warn
	case r.Server.Kind == model.Online:
		return p.OK
	case r.Server.Kind == model.Unknown:
		return p.Faint
	case r.Server.Kind == model.Offline:
		return p.Bad
	default:
		return p.Warn
	}
}
