package tui

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/quote"
	"bantop/model"
	"bantop/tui/safetext"
	"bantop/tui/words"
)

// facts are what the jail is set to and what it reads, those that matter most
// apart from the rest.
func (j jailScreen) facts(p pen, s model.State) (first, last []string) {
	d := s.Detail
	if d.Reason != "" {
		for _, t := range p.wrap(p.Alert+" "+d.Reason, p.width, 2) {
			first = append(first, p.fresh().line().put(p.Warn, t).String())
		}
	}
	if d.At.IsZero() {
		return first, nil
	}
	set := d.Settings
	rule, sources := p.fact("bans", Style{}, j.rule(p, set), 1), p.sources(s)
	if p.room().small() && missing(d.Files) > 0 {
		rule, sources = sources, rule
	}
	first = slices.Concat(first, rule, sources)
	if len(set.Actions) == 0 {
		first = append(first, p.fact("actions", p.Bad, "none: it bans on paper only", 2)...)
	} else {
		last = p.fact("actions", Style{}, strings.Join(set.Actions, ", "), 2)
	}
	return first, append(last, p.fact("ignores", Style{}, j.ignores(set), 3)...)
}

// rule is when the jail bans, and for how long.
func (j jailScreen) rule(p pen, set fail2ban.JailSettings) string {
	ban, failures, find := words.BanTime(set.BanTime), words.Plural(set.MaxRetry, "failure"), words.Span(set.FindTime)
	if p.room().small() {
		return ban + " after " + failures + " in " + find
	}
	if set.BanTime != fail2ban.Permanent {
		ban = "for " + ban
	}
	return ban + " after " + failures + " within " + find
}

func (j jailScreen) ignores(set fail2ban.JailSettings) string {
	ignored := set.IgnoreIP
	if set.IgnoreSelf {
		ignored = append(slices.Clone(ignored), "this machine's own addresses")
	}
	if len(ignored) == 0 {
		return "nobody"
	}
	return strings.Join(ignored, ", ")
}

// fact is a name and what there is to say of it, in at most so many lines.
func (p pen) fact(name safetext.Text, style Style, text string, most int) []string {
	var lines []string
	for i, t := range p.wrap(text, p.width-p.factAt(), most) {
		l := p.line()
		if i == 0 {
			l.put(p.Faint, name)
		}
		lines = append(lines, l.to(p.factAt()).put(style, t).String())
	}
	return lines
}

// factAt is the column at which facts begin.
func (p pen) factAt() int {
	if p.room().small() {
		return 8
	}
	return 9
}

// sources are what the jail reads: its log files with how it stands with them, its
// journal matches, and what to do where there is nothing to read.
func (p pen) sources(s model.State) []string {
	d := s.Detail
	most := max(2, p.height/6)
	lines := p.logFiles(d.Files, s.Now, most)
	for _, match := range d.Settings.Journal[:min(len(d.Settings.Journal), most)] {
		lines = append(lines, p.fact("journal", Style{}, match, 1)...)
	}
	if n := len(d.Settings.Journal) - most; n > 0 {
		lines = append(lines, p.fact("", p.Faint, "and "+words.Count(n)+" more", 1)...)
	}
	gone := missing(d.Files)
	switch {
	case len(d.Files) == 0 && len(d.Settings.Journal) == 0:
		lines = append(lines, p.fact("log", p.Bad, "none: this jail reads nothing", 2)...)
		return append(lines, p.advice("see that its log is there, then: sudo "+s.Control+" reload "+quote.Word(d.Jail))...)
	case gone == 0:
		return lines
	}
	lines = append(lines, p.advice("restart what writes it, then: sudo "+s.Control+" reload "+quote.Word(d.Jail))...)
	if gone == len(d.Files) {
		// "Have not found any log file": the client ends with 255, and after a
		// restart fail2ban is down (1.0.2 and 1.1.0, measured).
		lines = append(lines, p.fact("", p.Bad, "until it is back, fail2ban can neither reload nor start again", 2)...)
	}
	return lines
}

func (p pen) advice(text string) []string { return p.fact("", Style{}, p.Arrow+" "+text, 3) }

func missing(files []model.LogFile) int {
	n := 0
	for _, f := range files {
		if f.Missing {
			n++
		}
	}
	return n
}

// logFiles is a line for each file, or for the first of them and the rest.
func (p pen) logFiles(files []model.LogFile, now time.Time, most int) []string {
	if len(files) > most {
		most-- // for the line about the rest
	}
	shown, rest := files[:min(len(files), most)], files[min(len(files), most):]
	room, longest := p.width-p.factAt(), 0
	for _, f := range shown {
		longest = max(longest, p.Text(f.Path).Width())
	}
	var lines []string
	for _, f := range shown {
		style, text := p.standing(f, now)
		path := p.Text(f.Path).CutLeft(max(8, room-2-text.Width()), safetext.Text(p.Ellipsis))
		l := p.line().put(p.Faint, "log").to(p.factAt()).put(Style{}, path)
		if at := p.factAt() + longest + 2; at+text.Width() <= p.width {
			l.to(at)
		} else {
			l.skip(2)
		}
		lines = append(lines, l.put(style, text).String())
	}
	if len(rest) > 0 {
		lines = append(lines, p.fact("", p.Faint, together(rest, now), 1)...)
	}
	return lines
}

// standing says how it stands with a file.
func (p pen) standing(f model.LogFile, now time.Time) (Style, safetext.Text) {
	small := p.room().small()
	switch {
	case f.Missing && small:
		return p.Bad, "missing"
	case f.Missing:
		return p.Bad, "missing: nothing is read from it"
	case f.Reason != "":
		return p.Warn, "not known: " + p.Text(f.Reason)
	}
	text := safetext.Text(written(f.Size, f.Written, now, small))
	switch {
	case f.Closed && small:
		text += ", closed"
	case f.Closed:
		text += ", not readable by you"
	}
	return Style{}, text
}

// written is how large something is, and when it was last written to.
func written(size int64, at, now time.Time, short bool) string {
	age := words.Age(now.Sub(at)) + " ago"
	if now.Sub(at) < time.Minute {
		age = "just now"
	}
	switch {
	case size < 0:
		return "written " + age
	case short:
		return sizeOf(size) + ", " + age
	default:
		return sizeOf(size) + ", written " + age
	}
}

// together says how it stands with files that have no line of their own.
func together(files []model.LogFile, now time.Time) string {
	text := "and " + words.Count(len(files)) + " more"
	var size int64
	var newest time.Time
	for _, f := range files {
		size += max(0, f.Size)
		if f.Written.After(newest) {
			newest = f.Written
		}
	}
	if n := missing(files); n > 0 {
		text += ", " + words.Count(n) + " of them missing"
	}
	if !newest.IsZero() {
		text += ": " + written(size, newest, now, false)
	}
	return text
}

// sizeOf writes a number of bytes.
func sizeOf(n int64) string {
	if n == 0 {
		return "empty"
	}
	f := float64(n)
	for _, unit := range []string{"bytes", "KiB", "MiB", "GiB"} {
		switch {
		case f < 1024 && unit == "bytes":
			return fmt.Sprintf("%d bytes", n)
		case f < 1024:
			return fmt.Sprintf("%.1f %s", f, unit)
		}
		f /= 1024
	}
	return fmt.Sprintf("%.1f TiB", f)
}

// untold says what is not known of those who fail, and why.
func (j jailScreen) untold(p pen, s model.State) []string {
	d := s.Detail
	f := d.Failing
	if d.At.IsZero() {
		return nil
	}
	var said []string
	if f.Banned > 0 {
		said = append(said, words.Count(f.Banned)+" more failed, and "+are(f.Banned)+" banned already")
	}
	if f.Untold > 0 {
		said = append(said, words.Count(f.Untold)+more(f)+whyUntold(d))
	}
	var lines []string
	for _, text := range said {
		for _, t := range p.wrap(text, p.width, 3) {
			lines = append(lines, p.line().put(p.Faint, t).String())
		}
	}
	return lines
}

func are(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

func more(f model.FailingList) string {
	if len(f.Addresses)+f.Banned > 0 {
		return " more"
	}
	return ""
}

// whyUntold is why it is not known who fails.
func whyUntold(d model.Detail) string {
	f := d.Failing
	fail := " " + are(f.Untold) + " failing: "
	switch {
	case f.Reason != "":
		return fail + f.Reason
	case f.Since.IsZero():
		return fail + "fail2ban's log is empty"
	case f.Since.After(d.At.Add(-d.Settings.FindTime)):
		return " failed before " + f.Since.Local().Format(time.TimeOnly) + ": fail2ban's log is read no further back"
	case f.Silent:
		return fail + "fail2ban's log names nobody; it does with loglevel = INFO"
	default:
		return fail + "fail2ban's log does not name them"
	}
}
