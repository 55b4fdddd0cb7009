package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/handset"
)

// start starts the scratch server, and has it set up and start the jail.
func (r *Run) start(ctx context.Context) fail2ban.RehearsalStep {
	commands, logs := r.commands()
	for _, l := range logs {
		if info, err := os.Stat(l.path); err == nil && info.Mode()&os.ModeNamedPipe != 0 {
			return r.end(fail2ban.VerdictTooSlow, fmt.Sprintf("%s is a pipe: fail2ban would wait for ever for somebody to write into it", l.path))
		}
	}
	var err error
	if r.scratch, err = startScratch(ctx, r.opts.Program, r.opts.Jail, r.folder); err != nil {
		return r.impossible(err)
	}
	if !r.opts.On { // only the rest remains
		if end := r.restStays(ctx); end != "" {
			return end
		}
		return r.end(fail2ban.VerdictReady, "")
	}
	if err := r.scratch.configure(ctx, commands...); err != nil {
		return r.refused(err)
	}
	jail, err := r.scratch.client.JailStatus(ctx, r.opts.Jail)
	if err != nil {
		return r.refused(err)
	}
	r.known.Files, r.known.Journal = jail.Files, jail.Journal
	if !jail.HasSource() {
		return r.end(fail2ban.VerdictNoLog, "the jail would have neither log file nor journal match, and so nothing to read")
	}
	settings, err := r.scratch.client.JailSettings(ctx, r.opts.Jail)
	if err != nil {
		return r.refused(err)
	}
	r.known.MaxRetry = settings.MaxRetry
	if end := r.restStays(ctx); end != "" {
		return end
	}
	r.scratch.stepBack()
	busy := r.scratch.busy()
	if err := r.scratch.startJail(ctx, r.opts.Jail, heads(logs)); err != nil {
		return r.refused(err)
	}
	r.reading = newReading(r.scratch, logs, busy)
	return fail2ban.RehearseRead
}

// restStays ends the rehearsal if a reload would fail for something else that it loads;
// "" if it would not.
func (r *Run) restStays(ctx context.Context) fail2ban.RehearsalStep {
	known, err := Prove(ctx, Proof{
		Conf: r.trial.Dir, Program: r.opts.Program, Dir: r.opts.Dir, Stream: r.stream, Live: r.opts.Server, Limit: r.opts.Limit,
	})
	if e, refused := errors.AsType[*fail2ban.RefusedError](err); refused {
		reason := e.Error()
		if len(e.Slips) == 1 { // its place is told beside it
			r.known.At = e.Slips[0].Place
			reason = fail2ban.Slip{Jail: e.Slips[0].Jail, Reason: e.Slips[0].Reason}.String()
		}
		return r.end(fail2ban.VerdictRefused, reason)
	}
	if err != nil {
		return r.refused(err)
	}
	r.known.Server = r.opts.Server.changes(known.Stream)
	for _, i := range handset.Set(r.opts.Running, r.was) {
		r.known.ByHand = append(r.known.ByHand, i.String())
	}
	return ""
}

// refused is what an error of the scratch server means.
func (r *Run) refused(err error) fail2ban.RehearsalStep {
	if e, ok := errors.AsType[*refusal](err); ok {
		reason := e.reason()
		if said := r.scratch.out.backendError(); said != "" && strings.HasPrefix(reason, "Failed to initialize any backend") {
			reason = said
		}
		return r.end(classify(reason), reason)
	}
	switch {
	case timedOut(err):
		return r.end(fail2ban.VerdictTooSlow, r.notLoaded())
	case errors.Is(err, fail2ban.ErrClosed):
		if said := r.scratch.out.lastError(); said != "" {
			return r.end(fail2ban.VerdictRefused, "the scratch server ended: "+said)
		}
	}
	return r.impossible(err)
}

func (r *Run) notLoaded() string {
	return fmt.Sprintf("the jail did not load within %v", r.opts.Limit)
}

func timedOut(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, fail2ban.ErrTimeout)
}

// commands are what the scratch server gets: all that sets up the jail, but for what
// would reach beyond it. Logs are the files that it is to read.
func (r *Run) commands() (commands [][]string, logs []*logFile) {
	without := make(map[string]bool)
	for _, c := range r.setup {
		name, value := "", ""
		if len(c) > 3 && c[0] == "set" {
			name, value = c[2], c[3]
		}
		switch {
		case name == "ignorecommand":
			if value != "" {
				without[name] = true
			}
			continue
		case name == "usedns":
			if value != "no" {
				without[name] = true
			}
			continue
		case name == "addlogpath":
			logs = append(logs, &logFile{path: value, tail: len(c) > 4 && c[4] == "tail"})
		case c[0] == "start":
			continue
		}
		if commands = append(commands, c); c[0] == "add" {
			commands = append(commands, []string{"set", r.opts.Jail, "usedns", "no"}) // the server's own default is another
		}
	}
	r.known.Without = slices.Sorted(maps.Keys(without))
	return commands, logs
}

// startJail starts the jail, and waits a moment for the server to say where in its
// logs it begins, which it does at level DEBUG alone. It says much else there, so
// that is over as soon as may be. A server that does not answer any more reads: one
// thread of Python's keeps the others waiting as long as a regular expression takes.
func (s *scratch) startJail(ctx context.Context, jail string, files int) error {
	if err := s.configure(ctx, []string{"set", "loglevel", "DEBUG"}); err != nil {
		return err
	}
	patient, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	if err := s.configure(patient, []string{"start", jail}); err != nil && !timedOut(err) {
		return err
	}
	for began := time.Now(); ctx.Err() == nil && !s.out.positioned(files, time.Since(began)); {
		time.Sleep(2 * time.Millisecond)
	}
	return s.sayLess(ctx)
}

// sayLess brings the log back to level INFO, where that is to be done still and the
// server answers.
func (s *scratch) sayLess(ctx context.Context) error {
	if s.less {
		return nil
	}
	patient, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	err := s.configure(patient, []string{"set", "loglevel", "INFO"})
	if err == nil {
		s.less = true
	} else if timedOut(err) {
		return nil
	}
	return err
}
