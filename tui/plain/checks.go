package plain

import (
	"fmt"
	"io"
	"strings"

	"bantop/model"
	"bantop/tui/safetext"
	"bantop/tui/words"
)

// Check is one line of `bantop doctor --json`, under names that stay.
type Check struct {
	Name  string `json:"name"`
	Mark  string `json:"mark"`  // ok, note or fault
	Found string `json:"found"` // what is there
	Why   string `json:"why"`   // what is wrong, or to be known; "" where all is well
	Mend  string `json:"mend"`  // the one command that mends it; "" where there is none
}

// ChecksJSON writes checks as JSON, in the order in which they were made.
func ChecksJSON(w io.Writer, checks []model.Check) error {
	out := []Check{}
	for _, c := range checks {
		out = append(out, Check{Name: c.Name, Mark: string(c.Mark), Found: c.Found, Why: c.Why, Mend: c.Mend})
	}
	return writeJSON(w, out)
}

// ChecksText writes checks for people: what is wrong first.
func ChecksText(w io.Writer, door safetext.Door, checks []model.Check) error {
	arrow := "→"
	if door.ASCII {
		arrow = "->"
	}
	var b strings.Builder
	for _, c := range words.ByMark(checks) {
		fmt.Fprintf(&b, "%-6s %-14s %s\n", c.Mark, c.Name, door.Text(c.Found))
		if c.Why != "" {
			fmt.Fprintf(&b, "%22s%s\n", "", door.Text(c.Why))
		}
		if c.Mend != "" {
			fmt.Fprintf(&b, "%19s %s %s\n", "", arrow, door.Text(c.Mend))
		}
	}
	fmt.Fprintf(&b, "\n%s\n", words.Checks(checks))
	_, err := io.WriteString(w, b.String())
	return err
}
