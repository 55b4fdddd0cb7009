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
	if !r.opts.On { // only the others remain
		if end := r.othersStay(ctx); end != "" {
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
	if end := r.othersStay(ctx); end != "" {
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

// othersStay ends the rehearsal where a reload would fail for another jail; "" where it
// would not.
func (r *Run) othersStay(ctx context.Context) fail2ban.RehearsalStep {
	other, err := r.setUpOthers(ctx)
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*refusal](err); ok {
		return r.end(fail2ban.VerdictRefused, fmt.Sprintf("jail %q: %s", other, e.reason()))
	}
	return r.refused(err)
}

// setUpOthers sets up the jails that a reload would set up, too. It returns the one
// that is refused.
func (r *Run) setUpOthers(ctx context.Context) (string, error) {
	for _, j := range r.others {
		commands, err := j.Setup()
		if err != nil {
			return j.Name, err
		}
		commands = slices.DeleteFunc(commands, func(c []string) bool {
			return c[0] == "start" || len(c) > 2 && c[2] == "addlogpath"
		})
		if err := r.scratch.configure(ctx, commands...); err != nil {
			return j.Name, err
		}
	}
	return "", nil
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
