package cli

import (
	"strings"

	"bantop/config"
	"bantop/tui"
	_ "bantop/tui/quiet" // before Bubble Tea asks the terminal
)

// looks returns how the screen is drawn on this terminal with given settings, and
// with what the terminal says of its background once the dashboard is open.
func looks(now config.Settings, getenv func(string) string) func(s config.Settings, light bool) tui.Look {
	auto := "16"
	if now.Theme == "auto" {
		auto = themeName("auto", getenv)
	}
	asks := asksBackground(now, getenv)
	return func(s config.Settings, light bool) tui.Look {
		name := s.Theme
		switch {
		case name == "auto" && asks && light:
			name = "light"
		case name == "auto":
			name = auto
		}
		return tui.Look{Theme: tui.NewTheme(name), ASCII: s.ASCII || !showsUnicode(getenv)}
	}
}

// asksBackground reports whether the terminal has to be asked for its background:
// nothing else says it. tmux and screen cannot be asked, and most of them are dark.
func asksBackground(s config.Settings, getenv func(string) string) bool {
	term := getenv("TERM")
	return s.Theme == "auto" && colours(getenv) == "256" && getenv("COLORFGBG") == "" &&
		!strings.HasPrefix(term, "screen") && !strings.HasPrefix(term, "tmux")
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

// isDark reports whether the terminal's background is dark, as COLORFGBG says. One that
// says nothing is taken for dark, until it answers.
func isDark(getenv func(string) string) bool {
	v := getenv("COLORFGBG")
	bg := v[strings.LastIndexByte(v, ';')+1:]
	return bg != "7" && bg != "15"
}
