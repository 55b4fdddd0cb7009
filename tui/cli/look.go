package cli

import (
	"os"
	"strings"

	"github.com/muesli/termenv"

	"bantop/config"
	"bantop/tui"
	_ "bantop/tui/quiet" // before Bubble Tea asks the terminal
)

// looks returns how the screen is drawn on this terminal with given settings. The
// terminal is asked for its background now, or never: once the dashboard is
// open, it would take the answer for keys.
func looks(now config.Settings, getenv func(string) string) func(config.Settings) tui.Look {
	auto := "16"
	if now.Theme == "auto" {
		auto = themeName("auto", getenv)
	}
	return func(s config.Settings) tui.Look {
		name := s.Theme
		if name == "auto" {
			name = auto
		}
		return tui.Look{Theme: tui.NewTheme(name), ASCII: s.ASCII || !showsUnicode(getenv)}
	}
}

// showsUnicode tells whether the terminal can be trusted to show more than
// ASCII: by its locale, and not on the consoles that have no font for it.
func showsUnicode(getenv func(string) string) bool {
	switch term := getenv("TERM"); {
	case term == "", term == "dumb", term == "linux", strings.HasPrefix(term, "vt1"), strings.HasPrefix(term, "vt2"):
		return false
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToUpper(getenv(name)); v != "" {
			return strings.Contains(v, "UTF-8") || strings.Contains(v, "UTF8")
		}
	}
	return false
}

// themeName chooses the theme where the settings leave it to the terminal.
// NO_COLOR (no-color.org) goes over what is guessed, not over what is set.
func themeName(setting string, getenv func(string) string) string {
	if setting != "auto" {
		return setting
	}
	switch few := colours(getenv); {
	case few == "no":
		return "none"
	case few == "16":
		return "16"
	case isDark(getenv):
		return "dark"
	default:
		return "light"
	}
}

// colours is how many colours the terminal is taken to have: "no", "16" or "256".
func colours(getenv func(string) string) string {
	term := getenv("TERM")
	switch {
	case getenv("NO_COLOR") != "", term == "", term == "dumb", strings.HasPrefix(term, "vt1"), strings.HasPrefix(term, "vt2"):
		return "no"
	case !strings.Contains(term, "256color") && getenv("COLORTERM") == "" || term == "linux":
		return "16"
	default:
		return "256"
	}
}

// isDark tells whether the terminal's background is dark: as it says in
// COLORFGBG, else as it answers when it is asked. Under tmux and screen nobody
// can be asked, and most are dark.
func isDark(getenv func(string) string) bool {
	if v := getenv("COLORFGBG"); v != "" {
		bg := v[strings.LastIndexByte(v, ';')+1:]
		return bg != "7" && bg != "15"
	}
	return termenv.NewOutput(os.Stdout).HasDarkBackground()
}
