package wire

import (
	"strings"

	"bantop/fail2ban"
)

// Result reads a decoded reply: the value of a command that was carried out,
// or the error of one that was not. The error is a *fail2ban.ServerError for
// the server's own refusal, fail2ban.ErrClosed where it is shutting down, and
// wraps ErrFormat where the message is no reply.
func (v Value) Result() (Value, error) {
	if k := v.Kind(); k != Tuple && k != List {
		// fail2ban answers with a bare string when it cannot read the request.
		if s, ok := v.Str(); ok {
			return Value{}, &fail2ban.ServerError{Message: fail2ban.Short(strings.TrimPrefix(s, "ERROR: "))}
		}
		return Value{}, formatf("a %v instead of a reply", v.Kind())
	}
	if s, ok := v.At(0).Str(); ok && v.Len() == 1 && s == "SHUTDOWN" {
		return Value{}, fail2ban.ErrClosed
	}
	code, ok := v.At(0).Int()
	if !ok || v.Len() != 2 || code != 0 && code != 1 {
		return Value{}, formatf("a reply that is no (0, value) or (1, exception)")
	}
	value := v.At(1)
	if code == 1 {
		return Value{}, serverError(value)
	}
	if v.m.calls > 0 {
		return Value{}, formatf("an object among the values")
	}
	return value, nil
}

// serverError reads an exception. Some Python code answers with a string
// instead; its words are kept as well. This is where the server's words enter:
// they are cut here, so that no error is longer wherever it is shown or stored.
func serverError(v Value) error {
	if v.Kind() != Call {
		return &fail2ban.ServerError{Message: fail2ban.Short(v.Text())}
	}
	return &fail2ban.ServerError{Class: strings.Clone(v.class()), Message: fail2ban.Short(v.args().Text())}
}
