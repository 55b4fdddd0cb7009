package fail2ban

import (
	"strconv"
	"strings"
)

// AtLeast tells whether a version as the server gives it ("1.0.2",
// "1.1.1.dev1") is major.minor or newer. A version that cannot be read counts
// as newest, so that a command is tried, and its refusal tells.
func AtLeast(version string, major, minor int) bool {
	parts := strings.SplitN(version, ".", 3)
	if len(parts) < 2 {
		return true
	}
	a, err1 := strconv.Atoi(parts[0])
	b, err2 := strconv.Atoi(parts[1])
	if err1 != nil || err2 != nil {
		return true
	}
	return a > major || a == major && b >= minor
}

// SameVersion reports whether two texts name one version: fail2ban-client -V prints
// "1.1.2.1" for what the server calls "1.1.2.dev1" (version.py, normVersion, 1.1.2.dev1).
func SameVersion(a, b string) bool {
	norm := strings.NewReplacer(".fix", "", ".dev", ".", "-dev", ".")
	return norm.Replace(a) == norm.Replace(b)
}
