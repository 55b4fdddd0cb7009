package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"bantop/config"
	"bantop/config/load"
	"bantop/fail2ban/confdir"
	"bantop/fail2ban/socket"
)

// flags are the flags that every command has. Those that fail2ban-client has
// too are named as there.
type flags struct {
	file   string
	values map[string]*string // by the key of the setting, which is also the flag's name
	ascii  bool
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
	set.BoolVar(&f.ascii, "ascii", false, "draw with nothing beyond ASCII")
}

// settings are the settings that hold with these flags, with the paths of the
// server filled in from fail2ban's configuration.
func (f *flags) settings(cmd *cobra.Command) (config.Settings, error) {
	s, err := load.Settings(f.file, f.changed(cmd))
	if err != nil {
		return s, err
	}
	return withServer(s)
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

// absolute makes a path that was given relative to this folder absolute, as a
// shell user expects.
func absolute(key, value string) string {
	paths := []string{"socket", "pidfile", "conf", "state-dir"}
	if !slices.Contains(paths, key) || filepath.IsAbs(value) {
		return value
	}
	dir, err := os.Getwd()
	if err != nil {
		return value
	}
	return filepath.Join(dir, value)
}

// withServer fills in the socket and pid file that are not set: what fail2ban's
// configuration says, else fail2ban's defaults.
func withServer(s config.Settings) (config.Settings, error) {
	if s.Socket != "" && s.PIDFile != "" {
		return s, nil
	}
	conf, err := confdir.ReadServer(os.DirFS(s.Conf))
	if err != nil && s.Socket == "" {
		return s, fmt.Errorf("find fail2ban's socket (%s): %w", s.Conf, err)
	}
	fill(&s.PIDFile, conf.PIDFile, socket.DefaultPIDFile, s.Socket == "")
	fill(&s.Socket, conf.Socket, socket.DefaultPath, true)
	return s, nil
}

// fill sets a path that is not set. The default of one does not go with
// another server's socket.
func fill(field *string, conf, def string, useDefault bool) {
	if *field == "" {
		*field = conf
	}
	if *field == "" && useDefault {
		*field = def
	}
}
