package tui

import (
	"strings"
	"time"

	"bantop/model"
	"bantop/tui/safetext"
	"bantop/tui/words"
)

// notice is one thing that the administrator should know.
type notice struct {
	style Style
	text  string
	rank  int // the lowest gets its lines first
	lines []safetext.Text
}

// The ranks of notices: a command that is cut is of no use, a small header has no
// room to say that nothing is shared, and who did what is said nowhere else.
const (
	rankHint = iota
	rankTrust
	rankPending
	rankReason
)

// alert draws what the administrator should know first, in at most so many
// lines: a recovery that is to be seen to, why the server is not well, and the
// next command. It is nothing where all is well, and never takes the keyboard.
func (p pen) alert(s model.State, most int) []string {
	notices := p.notices(s)
	room := most
	for rank := rankHint; rank <= rankReason; rank++ {
		for i := range notices {
			if n := &notices[i]; n.rank == rank && room > 0 {
				n.lines = p.wrap(n.text, p.width-2, max(1, room-reserved(notices, i)))
				room -= len(n.lines)
			}
		}
	}
	var out []string
	for _, n := range notices {
		for i, text := range n.lines {
			l := p.line()
			if i > 0 {
				l.skip(2)
			}
			out = append(out, l.put(n.style, text).String())
		}
	}
	return out[:min(len(out), most)]
}

// reserved is how many lines are kept for the notices that come after one: a line
// each, but a command or what is to be trusted may take those of the reasons.
func reserved(notices []notice, i int) int {
	lines, rank := 0, notices[i].rank
	for k, n := range notices {
		after := n.rank > rank || n.rank == rank && k > i
		if after && (rank > rankTrust || n.rank < rankReason) {
			lines++
		}
	}
	return lines
}

func (p pen) notices(s model.State) []notice {
	r := s.Runtime
	var out []notice
	if n, ok := p.batchNotice(s); ok {
		out = append(out, n)
	}
	if n, ok := p.changeNotice(s); ok {
		out = append(out, n)
	}
	clock := func(t time.Time) string { return string(clock(t)) }
	if pending := words.Pending(r, clock); pending != "" {
		style := p.Bad
		if r.Pending.Recovered {
			style = p.Warn
		}
		out = append(out, notice{style: style, text: p.Alert + " " + pending, rank: rankPending})
	}
	if s.Sharing.Reason != "" {
		n := notice{style: p.Warn, text: "not shared: " + s.Sharing.Reason, rank: rankTrust}
		if asked := s.Sharing.Unheard; asked != "" {
			n.style, n.text = p.Bad, p.Alert+" "+asked+" did NOT reach the guard: "+s.Sharing.Reason
		}
		out = append(out, n)
	}
	if r.Starting() {
		return append(out, notice{style: p.Warn, text: p.Dot + " fail2ban has just started and gathers its jails", rank: rankReason})
	}
	if reason := reason(r); reason != "" {
		out = append(out, notice{style: p.statusStyle(r), text: p.Alert + " " + reason, rank: rankReason})
	}
	if own := words.OwnBanned(s); own != "" {
		out = append(out, notice{style: p.Bad, text: p.Alert + " " + own + "; i unbans it", rank: rankPending})
	}
	if r.Server.Hint != "" {
		out = append(out, notice{text: p.Arrow + " " + r.Server.Hint, rank: rankHint})
	}
	return out
}

// changeNotice tells of the change of the jails that is under way, whoever makes
// it, or of how the newest ended.
func (p pen) changeNotice(s model.State) (notice, bool) {
	text := words.Change(s.Runtime, s.Now)
	if text == "" {
		return notice{}, false
	}
	c := s.Runtime.Change
	n := notice{style: p.Warn, text: p.Alert + " " + text, rank: rankHint}
	switch c.Step {
	case model.StepConfirmed:
		n.style, n.rank = p.OK, rankPending
	case model.StepTakenBack:
		n.rank = rankPending
	case model.StepStuck:
		n.style = p.Bad
	default:
		n.text += "; C shows it"
	}
	return n, true
}

// batchShown is how long what came of an act on addresses is told of.
const batchShown = time.Minute

// batchNotice tells how far an act on addresses is, or what came of it.
func (p pen) batchNotice(s model.State) (notice, bool) {
	b := s.Batch
	switch {
	case b.Kind == "" || !b.Running && s.Now.Sub(b.Ended) > batchShown:
		return notice{}, false
	case b.Running:
		return notice{style: p.Warn, text: p.bar(len(b.Results), len(b.Targets)) + " " + words.Batch(b, s.Now) + "; esc stops it", rank: rankHint}, true
	}
	n := notice{style: p.OK, text: words.Batch(b, s.Now), rank: rankPending}
	if b.Count(model.OutcomeDone) < len(b.Targets) || b.Reason != "" {
		n.style = p.Warn
	}
	if len(b.Targets) > 1 {
		n.text += "; e shows each"
	}
	if kind, _ := b.Reverse(s.Now); kind != "" {
		n.text += "; z takes it back"
	}
	return n, true
}

// bar draws how much is done.
func (p pen) bar(done, of int) string {
	const cells = 10
	return p.gauge(done*cells/max(1, of), cells)
}

// gauge draws so many cells, of which so many are full.
func (p pen) gauge(full, cells int) string {
	return strings.Repeat(p.Spark[len(p.Spark)-1], full) + strings.Repeat(p.Spark[0], cells-full)
}

// reason is why the server is not well, without what the pending says already.
func reason(r model.Runtime) string {
	if p := r.Pending; r.Server.Kind == model.Degraded && p != nil && p.Kind == model.PendingLost && !p.Recovered {
		return r.Unwell()
	}
	return words.Reason(r, func(t time.Time) string { return string(clock(t)) })
}
