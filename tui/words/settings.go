package words

import "bantop/model"

// InForce says which value holds for all panes where a pane's own is another.
func InForce(value string) string {
	return "in force: " + value + ", set by the pane that polls fail2ban"
}

// Unused says which settings are not used, and why; "" if all are.
func Unused(s model.Settings) string {
	faults := s.Faults
	if len(faults) == 0 {
		return ""
	}
	text := faults[0].Reason + "; not used"
	if faults[0].Kept {
		text = faults[0].Reason + "; the old settings stay"
	}
	if n := len(faults) - 1; n > 0 {
		text += " (and " + Plural(n, "other fault") + ")"
	}
	return text
}

// Reopen says that the sources of a setting that is read at the start say otherwise
// now.
func Reopen(s model.Settings, key string) string {
	value := s.Read.Text(key)
	if value == "" {
		value = "nothing"
	}
	return s.Read.Origin(key).String() + " says " + value + " now: open this pane again to use it"
}
