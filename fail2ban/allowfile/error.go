package allowfile

import (
	"errors"
	"fmt"

	"bantop/fail2ban/confdir"
	"bantop/fail2ban/control"
)

// Error is a change that was not made, or a file that could not be read.
type Error struct {
	Op    string // what was being done: "allow for good"
	Path  string // the file
	Cause error
	Hint  string // what to do next; "" where nothing is known
}

// Error tells what was tried and what happened; the next step is in Hint.
func (e *Error) Error() string { return fmt.Sprintf("%s (%s): %v", e.Op, e.Path, e.Cause) }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Hint is what to do next about an error of this package, "" where nothing is
// known.
func Hint(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Hint
	}
	return ""
}

// refuse makes a cause that has its own hint.
func refuse(hint, format string, args ...any) error { return confdir.Refuse(hint, format, args...) }

// hint is what to do next about a cause.
func hint(err error) string {
	if errors.Is(err, control.ErrNoClient) {
		return control.Hint(err)
	}
	return confdir.Hint(err)
}
