package socket_test

import (
	"errors"
	"slices"
	"testing"

	"bantop/fail2ban"
	"bantop/fail2ban/fail2bantest"
	"bantop/fail2ban/socket"
)

// TestConfigure: the first command that is refused is told, with what the server said.
func TestConfigure(t *testing.T) {
	s := fail2bantest.New(t, fail2bantest.Options{})
	c := socket.New(socket.Options{Path: s.Path, Processes: s.Processes()})
	defer c.Close()
	good, bad := []string{"ping"}, []string{"nonsense", "1"}
	if refused, err := c.Configure(t.Context(), "try", [][]string{good, good}); refused != nil || err != nil {
		t.Error(refused, err)
	}
	refused, err := c.Configure(t.Context(), "try", [][]string{good, bad, good, {"nonsense", "2"}})
	if _, ok := errors.AsType[*fail2ban.ServerError](err); !ok || !slices.Equal(refused, bad) {
		t.Error(refused, err)
	}
}
