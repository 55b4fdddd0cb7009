package ending

import (
	"fmt"
	"path"
	"runtime"
	"strings"
	"unicode"
)

// softwareError is the exit code after a panic (EX_SOFTWARE of sysexits.h).
const softwareError = 70

// Panic is an end by a fault of the program's own.
type Panic struct {
	Value string   // what was wrong, one harmless line
	Where []string // FILE:LINE and function, innermost first
}

func (p *Panic) Error() string {
	if len(p.Where) == 0 {
		return "internal error: " + p.Value
	}
	return "internal error: " + p.Value + ", at " + p.Where[0]
}

// ExitCode is how a process ends after it.
func (p *Panic) ExitCode() int { return softwareError }

// Report is what somebody has to read, and to send.
func (p *Panic) Report() string {
	var b strings.Builder
	fmt.Fprintf(&b, "bantop: %s\n", p.Error())
	for _, w := range p.Where[min(1, len(p.Where)):] {
		fmt.Fprintf(&b, "  called from %s\n", w)
	}
	b.WriteString("next: this is a bug in bantop: report these lines, what bantop version says, and what you did\n")
	return b.String()
}

// Go does something in a goroutine of its own. If it panics, the process ends, but in
// order: the terminal is given back first.
func Go(do func()) { go Do(do) }

// Do does something. If it panics, the process ends in order; Do then returns.
func Do(do func()) {
	if p := current.Load(); p != nil {
		p.do(do)
		return
	}
	do()
}

func (p *process) do(do func()) {
	defer func() {
		if value := recover(); value != nil {
			p.begin(newPanic(value))
		}
	}()
	do()
}

// newPanic is called by the function that recovers, which the stack still lies below.
func newPanic(value any) *Panic {
	const deep, shown = 64, 8
	pcs := make([]uintptr, deep)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(0, pcs)])
	p := &Panic{Value: harmless(fmt.Sprint(value))}
	for panicked := false; ; {
		f, more := frames.Next()
		switch {
		case f.Function == "runtime.gopanic":
			panicked = true
		case panicked && !strings.HasPrefix(f.Function, "runtime.") && len(p.Where) < shown:
			p.Where = append(p.Where, place(f))
		}
		if !more {
			return p
		}
	}
}

// place is a place in the program, as tui/bans.go:12 (bansScreen.draw).
func place(f runtime.Frame) string {
	name := strings.TrimPrefix(f.Function, "bantop/")
	dir, function := path.Split(name)
	pkg, function, _ := strings.Cut(function, ".")
	return fmt.Sprintf("%s%s/%s:%d (%s)", dir, pkg, path.Base(f.File), f.Line, function)
}

// harmless is a text as one line that a terminal takes for nothing but text.
func harmless(text string) string {
	const most = 300
	var b strings.Builder
	for _, r := range text {
		switch {
		case b.Len() >= most:
			return b.String() + "..."
		case r == '\n':
			b.WriteByte(' ')
		case !unicode.IsPrint(r):
			b.WriteByte('?')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
