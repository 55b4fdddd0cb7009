package wire_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"bantop/fail2ban/wire"
)

// TestRequestRoundTrip holds that a request decodes to the command it was made
// of, whatever is in it.
func TestRequestRoundTrip(t *testing.T) {
	for _, command := range [][]string{
		{"ping"},
		{"status", "j001", "short"},
		{"set", "jail with spaces", "banip", "2001:db8::1"},
		{"", "\x00", "\xff\xfe", "ünï", strings.Repeat("x", 70000)},
		{},
	} {
		b, err := wire.AppendRequest(nil, command...)
		if err != nil {
			t.Fatal(err)
		}
		v, err := decode(string(b), wire.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := v.Strings(); !ok || !slices.Equal(got, command) {
			t.Errorf("sent %q, read %q", command, got)
		}
	}
}

// TestRequestRefusesEndMark holds that no argument can end a command early and
// start another.
func TestRequestRefusesEndMark(t *testing.T) {
	if b, err := wire.AppendRequest(nil, "status", "x"+wire.End+"stop"); err == nil {
		t.Errorf("encoded %q", b)
	}
}

// TestReplyRoundTrip holds that every value a server of this project sends is
// read as it was meant.
func TestReplyRoundTrip(t *testing.T) {
	for _, c := range []struct {
		value any
		want  string
	}{
		{nil, "(0, None)"},
		{true, "(0, true)"},
		{-1, "(0, -1)"},
		{1 << 40, "(0, 1099511627776)"},
		{0.5, "(0, 0.5)"},
		{"a", `(0, "a")`},
		{wire.Address("192.0.2.1"), `(0, "192.0.2.1")`},
		{[]string{"a", "b"}, `(0, ["a", "b"])`},
		{wire.Items{1, wire.Pack{"a", false}}, `(0, [1, ("a", false)])`},
		{wire.Entries{"k", wire.Items{}}, `(0, {"k": []})`},
		{wire.Exception{Module: "m", Name: "E", Args: []any{"x", 1}}, `(1, m.E(x 1))`},
	} {
		v, err := decode(string(wire.AppendReply(nil, c.value)), wire.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if got := dump(v); got != c.want {
			t.Errorf("%#v: got %s, want %s", c.value, got, c.want)
		}
	}
}

// TestPythonReadsBothDirections lets Python's own pickle read what the encoder
// writes.
func TestPythonReadsBothDirections(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	request, err := wire.AppendRequest(nil, "set", "ünï", "banip", "1")
	if err != nil {
		t.Fatal(err)
	}
	reply := wire.AppendReply(nil, wire.Items{wire.Address("192.0.2.1"), 1 << 40, -5, 0.5, nil, true,
		wire.Entries{"k", wire.Pack{}}})
	script := "import pickle,sys\nfor p in sys.stdin.buffer.read().split(b'" + wire.End + "')[:-1]: print(ascii(pickle.loads(p)))"
	cmd := exec.Command(python, "-c", script)
	cmd.Stdin = strings.NewReader(string(request) + string(reply))
	out, err := cmd.CombinedOutput()
	want := `['set', '\xfcn\xef', 'banip', '1']` + "\n(0, ['192.0.2.1', 1099511627776, -5, 0.5, None, True, {'k': ()}])\n"
	if err != nil || string(out) != want {
		t.Errorf("python: %v\n%swant:\n%s", err, out, want)
	}
}

// TestAppendCall: nested values arrive as they were sent.
func TestAppendCall(t *testing.T) {
	b, err := wire.AppendCall(nil, "reload", "--all", []any{}, []any{
		[]any{"set", "j", "maxretry", -5, nil, true, false, 1.5, int(1) << 40, []string{"a"}}, map[string]any{"b": []any{"ü"}, "a": 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	v, err := decode(string(b), wire.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	const want = "reload --all  set j maxretry -5  true false 1.5 1099511627776 a a 1 b ü"
	if got := v.Text(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for _, bad := range []any{"x" + wire.End, []any{map[string]any{"a" + wire.End: 1}}, []string{wire.End}, int64(1), struct{}{}} {
		if b, err := wire.AppendCall(nil, "set", bad); err == nil {
			t.Errorf("%v: %q", bad, b)
		}
	}
}
