package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bantop/config"
	"bantop/config/load"
	"bantop/fail2ban/quote"
	"bantop/model"
	"bantop/model/doctor"
	"bantop/tui/safetext"
)

// adminFile is the administrator's settings file, where no other is named. Tests
// name another: this machine's is not theirs.
var adminFile = load.DefaultFile

// settingsFrom is where the settings were read from, so that they can be read again.
type settingsFrom struct {
	sources load.Sources
	reader  *load.Reader // nil where they were not read, as in tests
	named   string       // the file of --settings; "" where none was named
	file    string       // the administrator's, beside which settings are kept
	faults  []config.Fault
	ignored []string         // variables that root does not take
	retired []config.Retired // values that have no effect any more
	start   config.Effective // what was read, with the server's paths filled in
}

// load reads the settings from their files, the environment and the flags.
func (f *flags) load(cmd *cobra.Command) (config.Effective, error) {
	from := settingsFrom{named: absolute("settings", f.file), file: adminFile}
	if from.named != "" {
		from.file = from.named
	}
	from.sources = load.Sources{File: from.named, Default: adminFile, Environ: os.Environ(), Flags: f.changed(cmd),
		Root: os.Geteuid() == 0}
	from.reader = load.NewReader(from.sources)
	read, err := from.reader.Read()
	if err != nil {
		return read.Effective, err
	}
	from.faults, from.ignored, from.retired = read.Faults, read.Ignored, read.Retired()
	f.from = from
	return read.Effective, nil
}

// warn says what is not used, and what to do about it.
func (s settingsFrom) warn(w io.Writer) {
	door := safetext.Door{}
	for _, f := range s.faults {
		what := "settings not used"
		if (config.Origin{Source: f.Source}).IsVariable() {
			what = "ignored" // alone: all others are used
		}
		fmt.Fprintf(w, "bantop: %s: %s\nnext: %s\n", what, door.Text(f.Reason), door.Text(f.Next))
	}
	s.warnRetired(w)
	if len(s.ignored) > 0 {
		fmt.Fprintf(w, "bantop: root ignores %s: use the flag, or set it in %s\n", door.Text(strings.Join(s.ignored, ", ")),
			door.Text(quote.Word(s.file)))
	}
}

// warnRetired says what has no effect any more.
func (s settingsFrom) warnRetired(w io.Writer) {
	for _, r := range s.retired {
		fmt.Fprintln(w, "bantop: "+string(safetext.Door{}.Text(r.String())))
	}
}

// reread returns a function that reads the settings again if a file has changed;
// nil where they were not read from any. The server's paths that nobody set stay as
// they are: they are read only at the start.
func (s settingsFrom) reread() func() (model.SettingsRead, bool) {
	if s.reader == nil {
		return nil
	}
	last := model.SettingsRead{Settings: s.start, Faults: s.faults}
	return func() (model.SettingsRead, bool) {
		if !s.reader.Changed() {
			return last, false
		}
		for range 5 { // until nobody is writing it any more: half a file may well be faulty
			read, err := s.reader.Read()
			if err != nil {
				return last, false // a wrong flag: bantop would not have started
			}
			now := model.SettingsRead{Settings: s.withPaths(read.Effective), Faults: read.Faults}
			time.Sleep(stillFor)
			if !s.reader.Still() {
				continue
			}
			changed := !now.Settings.Equal(last.Settings) || !slices.Equal(now.Faults, last.Faults)
			last = now
			return now, changed
		}
		return last, false
	}
}

// stillFor is how long a settings file has to stay as it is to be taken up.
const stillFor = 100 * time.Millisecond

// withPaths fills in the paths that were found at the start and that no source sets.
func (s settingsFrom) withPaths(e config.Effective) config.Effective {
	var values []config.Value
	for key, set := range map[string]string{"socket": e.Socket, "pidfile": e.PIDFile} {
		if text := s.start.Text(key); set == "" && text != "" {
			values = append(values, config.Value{Key: key, Text: text, Origin: s.start.Origin(key)})
		}
	}
	full, err := e.With(values...)
	if err != nil {
		return e
	}
	return full
}

// check reads the settings afresh, for the doctor.
func (s settingsFrom) check() doctor.Settings {
	if s.reader == nil {
		return doctor.Settings{Effective: s.start}
	}
	reader := load.NewReader(s.sources)
	read, err := reader.Read()
	if err != nil { // a wrong flag, and then nothing runs
		read.Faults = append(read.Faults, config.Fault{Source: "flags", Reason: err.Error()})
	}
	return doctor.Settings{Effective: read.Effective, Faults: read.Faults, Ignored: read.Ignored}
}

// absolute makes a path that was given relative to this folder absolute, as a
// shell user expects.
func absolute(key, value string) string {
	if value == "" || !isPath[key] || filepath.IsAbs(value) {
		return value
	}
	dir, err := os.Getwd()
	if err != nil {
		return value
	}
	return filepath.Join(dir, value)
}

var isPath = map[string]bool{"socket": true, "pidfile": true, "conf": true, "state-dir": true, "settings": true}
