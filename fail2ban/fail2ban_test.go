package fail2ban_test

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"bantop/fail2ban"
)

// TestAtLeast walks versions, those that cannot be read included.
func TestAtLeast(t *testing.T) {
	for version, want := range map[string]bool{
		"0.11.2": false, "1.0.2": false, "1.1.0": true, "1.1.1.dev1": true, "1.10": true, "2.0.0": true,
		"": true, "1": true, "dev": true, "x.y.z": true,
	} {
		if got := fail2ban.AtLeast(version, 1, 1); got != want {
			t.Errorf("%q: %v", version, got)
		}
	}
}

// TestParseJailList walks the forms of the list of jails.
func TestParseJailList(t *testing.T) {
	for list, want := range map[string][]string{
		"": nil, "sshd": {"sshd"}, "a, b, c": {"a", "b", "c"}, "a b, c": {"a b", "c"}, ", ": nil, "a,b, c": {"a,b", "c"},
	} {
		if got := fail2ban.ParseJailList(list); !slices.Equal(got, want) {
			t.Errorf("%q: %q", list, got)
		}
	}
}

// TestError holds that an error says what was tried and what happened, and is
// found by its kind and by its cause.
func TestError(t *testing.T) {
	err := error(&fail2ban.Error{Op: "list the jails", Socket: "/run/f2b.sock", Kind: fail2ban.ErrClosed, Cause: io.ErrUnexpectedEOF, Hint: "wait"})
	if got := err.Error(); got != "list the jails (/run/f2b.sock): fail2ban closed the connection: unexpected EOF" {
		t.Error(got)
	}
	if !errors.Is(err, fail2ban.ErrClosed) || !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, fail2ban.ErrBusy) {
		t.Error("kind or cause not found")
	}
	if fail2ban.Hint(err) != "wait" || fail2ban.Hint(io.EOF) != "" {
		t.Error("hint")
	}
}

// TestCloneSharesNothing holds that a jail can be handed on and changed.
func TestCloneSharesNothing(t *testing.T) {
	j := fail2ban.Jail{Files: []string{"a"}, Journal: []string{"b"}, Actions: []string{"c"}}
	k := j.Clone()
	k.Files[0], k.Journal[0], k.Actions[0] = "", "", ""
	if j.Files[0] != "a" || j.Journal[0] != "b" || j.Actions[0] != "c" {
		t.Errorf("%+v", j)
	}
}

// TestShort holds that a message is cut to 500 characters, its beginning and its end
// kept, and that cutting it again changes nothing.
func TestShort(t *testing.T) {
	for _, message := range []string{
		"", "short", strings.Repeat("é", 500), strings.Repeat("é", 501), "begin" + strings.Repeat("x", 1<<20) + "end",
		"begin" + strings.Repeat("\xff", 3000) + "end", strings.Repeat("\U0001f525", 600),
	} {
		got := fail2ban.Short(message)
		n := utf8.RuneCountInString(got)
		if n > 500 || utf8.RuneCountInString(message) <= 500 && got != message || fail2ban.Short(got) != got {
			t.Errorf("%.20q: %d characters", message, n)
		}
		if len(message) > 2000 && !strings.HasPrefix(message, "\U0001f525") && (!strings.HasPrefix(got, "begin") || !strings.HasSuffix(got, "end")) {
			t.Errorf("%.20q: %q", message, got)
		}
		if long := fail2ban.OneLine(message + "\n" + message); utf8.RuneCountInString(long) > 500 {
			t.Errorf("%.20q: one line of %d bytes", message, len(long))
		}
	}
}

// TestOneLine walks messages of several lines and with long quotes.
func TestOneLine(t *testing.T) {
	long := "fail from \\[?(?:(?:::f{4,6}:)?(?P<ip4>(?:\\d{1,3}\\.){3}\\d{1,3})|(?P<ip6>x))\\]?("
	for message, want := range map[string]string{
		"":                       "",
		"Reload all jails":       "Reload all jails",
		" Jail 'sshd' stopped\n": "Jail 'sshd' stopped",
		"don't":                  "don't",
		"Unable to compile regular expression '" + long + "':\nmissing ) at 9":     "Unable to compile regular expression 'fail from \\[?(?:(?:::f{4,6}:)?(?P<ip4...': missing ) at 9",
		"Failed:\nTraceback (most recent call last):\n  File \"x\"\nKeyError: 'y'": "Failed: KeyError: 'y'",
		"über '" + strings.Repeat("é", 50) + "' x":                                 "über '" + strings.Repeat("é", 37) + "...' x",
	} {
		if got := fail2ban.OneLine(message); got != want {
			t.Errorf("%q: %q, want %q", message, got, want)
		}
	}
}
