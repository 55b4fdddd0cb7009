package store

import (
	"errors"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"modernc.org/sqlite"

	"bantop/config/trust"
	"bantop/fail2ban/quote"
)

// failure is an error of the state in a folder. Its text is that of the error.
type failure struct {
	error
	dir string
}

func (f *failure) Unwrap() error { return f.error }

// failed gives an error its kind and its folder.
func (s *sqliteStore) failed(err error) error { return &failure{kindOf(err), s.opts.Dir} }

// kinds are the kinds of failure, the most telling first.
var kinds = []error{ErrGone, ErrReplaced, ErrSlow, ErrNewer, ErrCorrupt, ErrFull, ErrDenied, ErrBusy}

// sqliteCode is what the driver puts behind SQLite's own words.
var sqliteCode = regexp.MustCompile(` \(\d+\)$`)

// Why is the cause of a failure in a few words with one path, such as "/x can be
// written by everybody": the text of the error names each step on the way to it,
// and a narrow screen would cut off its end.
func Why(err error) string {
	if unsafe, is := errors.AsType[*trust.Error](err); is {
		return unsafe.Error()
	}
	for _, kind := range kinds {
		if errors.Is(err, kind) {
			return whyKind(err, kind)
		}
	}
	if path, is := errors.AsType[*fs.PathError](err); is {
		return path.Path + ": " + path.Err.Error()
	}
	if s, is := errors.AsType[*sqlite.Error](err); is {
		return sqliteCode.ReplaceAllString(s.Error(), "") + where(err, fileName)
	}
	return err.Error()
}

// whyKind is the cause of a failure of a kind.
func whyKind(err, kind error) string {
	switch kind {
	case ErrGone, ErrReplaced:
		return detail(err, kind) // it ends with the path
	case ErrFull:
		return kind.Error() + where(err, "")
	case ErrDenied:
		text, path := kind.Error(), where(err, fileName)
		if at, is := errors.AsType[*fs.PathError](err); is {
			path = " (" + at.Path + ")"
		}
		if cause, is := errors.AsType[syscall.Errno](err); is {
			text += ": " + cause.Error()
		}
		return text + path
	default:
		return detail(err, kind) + where(err, fileName)
	}
}

// detail is what bantop itself says of a failure of a kind, without SQLite's words.
func detail(err, kind error) string {
	text := kind.Error()
	for e := err; e != nil; {
		if strings.HasPrefix(e.Error(), kind.Error()) && errors.Unwrap(e) == kind {
			return e.Error()
		}
		next := errors.Unwrap(e)
		if several, is := e.(interface{ Unwrap() []error }); is {
			for _, one := range several.Unwrap() {
				if one != kind && errors.Is(one, kind) {
					next = one
				}
			}
		}
		e = next
	}
	return text
}

// where is the place of a failure in brackets: a file of the folder, or the folder if
// name is ""; nothing if it is not known.
func where(err error, name string) string {
	f, is := errors.AsType[*failure](err)
	if !is {
		return ""
	}
	return " (" + filepath.Join(f.dir, name) + ")"
}

// Next is what to do about a failure; "" if nothing is known.
func Next(err error) string {
	if unsafe, is := errors.AsType[*trust.Error](err); is {
		return unsafe.Hint()
	}
	if f, is := errors.AsType[*failure](err); is && errors.Is(err, ErrFull) {
		return "make room: df -h " + quote.Word(f.dir)
	}
	return ""
}
