package confdir

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Refusal is why something is not done in the configuration, with what to do next.
type Refusal struct {
	error
	hint string
}

// Refuse makes a Refusal.
func Refuse(hint, format string, args ...any) error {
	return &Refusal{fmt.Errorf(format, args...), hint}
}

// Unwrap gives the cause.
func (r *Refusal) Unwrap() error { return r.error }

// Hint is what to do next.
func (r *Refusal) Hint() string { return r.hint }

// Hint is what to do next about an error of a folder of the configuration, "" where
// nothing is known.
func Hint(err error) string {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r.hint
	}
	switch {
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return "run bantop as root"
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT):
		return "make room on that disk, then try again"
	case errors.Is(err, unix.EROFS):
		return "make that disk writable, or make the change where the configuration on it is made"
	}
	return ""
}
