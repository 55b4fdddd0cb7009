package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"bantop/config"
	"bantop/config/load"
	"bantop/fail2ban/confdir"
	"bantop/fail2ban/socket"
)

// flags are the flags that every command has. Those that fail2ban-client has
// too are named as there.
type flags struct {
	args   []string // as they were typed
	last   bool     // the process ends with this command
	file   string
	values map[string]*string // by the key of the setting, which is also the flag's name
	ascii  bool
	yes    bool // the question before an act is answered

	from settingsFrom // where load read the settings from
}

func (f *flags) add(cmd *cobra.Command) {
	set := cmd.PersistentFlags()
	f.values = make(map[string]*string)
	for _, d := range []struct{ key, short, usage string }{
		{"socket", "s", "fail2ban's socket: a `FILE`"},
		{"pidfile", "p", "fail2ban's pid file: a `FILE`"},
		{"conf", "c", "fail2ban's configuration: a `DIR`"},
		{"refresh", "", "look at fail2ban after each `TIME`, such as 1s"},
		{"state-dir", "", "what instances share is kept in this `DIR`"},
		{"theme", "", "colours by `NAME`: auto, dark, light, 16 or none"},
	} {
		f.values[d.key] = set.StringP(d.key, d.short, "", d.usage)
	}
	set.StringVar(&f.file, "settings", "", "bantop's settings: a `FILE` (default "+load.DefaultFile+", if it is there)")
	set.BoolVarP(&f.yes, "yes", "y", false, "do not ask before an act")
	set.BoolVar(&f.ascii, "ascii", false, "draw with nothing beyond ASCII")
}

// settings are the settings that hold with these flags, with the paths of the
// server filled in from fail2ban's configuration. What is not used is said.
func (f *flags) settings(cmd *cobra.Command) (config.Effective, error) {
	e, err := f.load(cmd)
	if err != nil {
		return e, err
	}
	f.from.warn(cmd.ErrOrStderr())
	e, err = withServer(e)
	f.from.start = e
	return e, err
}

// changed are the settings that flags were given for. Each flag is named as the
// key that it sets.
func (f *flags) changed(cmd *cobra.Command) []config.Value {
	var values []config.Value
	for key, value := range f.values {
		if cmd.Flag(key).Changed {
			values = append(values, config.Value{Key: key, Text: absolute(key, *value), Origin: config.Origin{Source: "--" + key}})
		}
	}
	if f.ascii {
		values = append(values, config.Value{Key: "ascii", Text: "true", Origin: config.Origin{Source: "--ascii"}})
	}
	return values
}

// withServer fills in the socket and pid file that are not set: what fail2ban's
// configuration says, else fail2ban's defaults. The default pid file does not go
// with another server's socket.
func withServer(e config.Effective) (config.Effective, error) {
	if e.Socket != "" && e.PIDFile != "" {
		return e, nil
	}
	conf, err := confdir.ReadServer(os.DirFS(e.Conf))
	if err != nil && e.Socket == "" {
		return e, fmt.Errorf("find fail2ban's socket (%s): %w", e.Conf, err)
	}
	origin := config.Origin{Source: "fail2ban's configuration"}
	var values []config.Value
	fill := func(key, set, configured, def string) {
		switch {
		case set != "":
		case configured != "":
			values = append(values, config.Value{Key: key, Text: configured, Origin: origin})
		case def != "":
			values = append(values, config.Value{Key: key, Text: def, Origin: config.Origin{Source: "fail2ban's default"}})
		}
	}
	def := socket.DefaultPIDFile
	if e.Socket != "" {
		def = ""
	}
	fill("pidfile", e.PIDFile, conf.PIDFile, def)
	fill("socket", e.Socket, conf.Socket, socket.DefaultPath)
	return e.With(values...)
}
