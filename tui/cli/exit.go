package cli

import "fmt"

// How bantop ends beside 0, as in sysexits.h.
const (
	exitNo         = 1  // the answer is no: nothing waits
	exitUsage      = 64 // it could not do what was asked
	exitUnreached  = 69 // fail2ban cannot be reached
	exitIO         = 74 // what is kept cannot be read or written, or the output cannot be written
	exitPermission = 77 // another user may
)

// exitCode is an end that is no error: the code says how it stands.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit %d", int(e)) }

// failure is an error that bantop ends with a code of its own for.
type failure struct {
	error
	code int
}

func (f *failure) Unwrap() error { return f.error }
