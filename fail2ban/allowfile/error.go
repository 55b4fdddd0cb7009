package allowfile

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

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

// refusal is a cause that has its own hint.
type refusal struct {
	error
	hint string
}

func (r refusal) Unwrap() error { return r.error }

func refuse(hint, format string, args ...any) error {
	return refusal{fmt.Errorf(format, args...), hint}
}

// hint is what to do next about a cause.
func hint(err error) string {
	if r, ok := errors.AsType[refusal](err); ok {
		return r.hint
	}
	switch {
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return "run bantop as root"
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT):
		return "make room on that disk, then try again"
	case errors.Is(err, unix.EROFS):
		return "make that disk writable, or allow the address where the configuration on it is made"
	case errors.Is(err, control.ErrNoClient):
		return control.Hint(err)
	}
	return ""
}
