package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bantop/fail2ban/fail2bantest"
	"bantop/tui/plain"
)

// ends runs a command, which is to end with a code and to say something.
func (s *stage) ends(code int, says string, args ...string) string {
	s.t.Helper()
	got, out, errs := s.bantop(args...)
	if got != code || !strings.Contains(out+errs, says) {
		s.t.Errorf("bantop %s: exit %d, want %d and %q:\n%s%s", strings.Join(args, " "), got, code, says, out, errs)
	}
	return out
}

// listed is what `bantop history --changes --json` says.
func (s *stage) listed() []plain.MadeChange {
	s.t.Helper()
	var got []plain.MadeChange
	out := s.ends(0, "", "history", "--changes", "--json")
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		s.t.Fatalf("%v: %s", err, out)
	}
	return got
}

// runs reports whether the server has a jail.
func (s *stage) runs(jail string) bool {
	s.t.Helper()
	_, err := s.Client("status", jail)
	return err == nil
}

// TestRevertLater: what was activated, edited or allowed is listed after it was
// confirmed, with its difference, and can be taken back through the same transaction as
// long as the file is as bantop left it.
func TestRevertLater(t *testing.T) {
	eachStage(t, 10, func(t *testing.T, s *stage) {
		s.write("jail.d/web.conf", s.web(""))
		s.ends(0, "has changed nothing", "history", "--changes")
		s.ends(0, "proven to run", "activate", "web", "--yes", "--commit")
		text := s.ends(0, "1  ", "history", "--changes")
		for _, want := range []string{"activate web  by ", "jail.d/zz-bantop-web.local: as bantop left it", "\n    + enabled = true\n", "take it back: bantop revert "} {
			if !strings.Contains(strings.ReplaceAll(text, "sudo ", ""), want) {
				t.Errorf("no %q in\n%s", want, text)
			}
		}
		changed := fail2bantest.Tree(t, s.ConfDir)
		s.ends(0, "fail2ban loads it", "revert", "1", "--rehearse")
		if after := fail2bantest.Tree(t, s.ConfDir); after != changed || !s.runs("web") {
			t.Errorf("a rehearsal changed\n%s\nto\n%s", changed, after)
		}
		s.ends(0, "took back a change of web; every jail is proven to run", "revert", "1", "--yes", "--commit")
		s.isBack()
		s.ends(0, "nothing to do: as before change 1", "revert", "1", "--yes")
		s.ends(1, "nobody confirmed it in time", "revert", "2", "--yes") // a change as any other
		s.isBack()
		s.ends(0, "proven to run", "revert", "2", "--yes", "--commit")
		if after := fail2bantest.Tree(t, s.ConfDir); after != changed || !s.runs("web") {
			t.Errorf("taken back twice, it is\n%s\nand was\n%s", after, changed)
		}
		got := s.listed()
		if len(got) != 3 || !got[2].Revertible || got[2].Reverts != 2 || got[2].Act != "revert" || got[1].Revertible ||
			!slices.Contains(got[2].Files[0].Difference, "+ enabled = true") {
			t.Errorf("%+v", got)
		}

		file := filepath.Join(s.ConfDir, "jail.d", "zz-bantop-web.local")
		was, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		edited := string(was) + "maxretry = 7\n"
		if err := os.WriteFile(file, []byte(edited), 0o644); err != nil {
			t.Fatal(err)
		}
		s.ends(1, "it was changed since", "revert", "3", "--yes", "--commit")
		if is, err := os.ReadFile(file); string(is) != edited || err != nil || !s.runs("web") {
			t.Errorf("the edited file is %q, %v", is, err)
		}
		s.ends(1, "there is no change 99", "revert", "99")
		s.ends(64, "go with a NUMBER only", "revert", "--commit")
		s.ends(64, "two lists", "history", "--changes", "--acts")
	}, `activation.confirm = "10s"`)
}

// TestRevertAllowed: an address that was allowed for good is not allowed any more once
// that is taken back, the newest first, in the file and on the server.
func TestRevertAllowed(t *testing.T) {
	eachStage(t, 0, func(t *testing.T, s *stage) {
		for _, address := range []string{"198.51.100.7", "198.51.100.8"} {
			s.ends(0, "for good", "allow", address, "--jail", "j001", "--keep", "--yes")
		}
		if got := s.listed(); len(got) != 2 || got[0].About != "198.51.100.7 in j001" || got[0].Revertible || !got[1].Revertible {
			t.Errorf("%+v", got)
		}
		ignored := func(want string) {
			t.Helper()
			out, err := s.Client("get", "j001", "ignoreip")
			is := slices.DeleteFunc(strings.Fields(out), func(w string) bool { return !strings.HasPrefix(w, "198.") })
			slices.Sort(is) // 1.0.2 and 1.1.0 keep them in a set
			if err != nil || strings.Join(is, " ") != want {
				t.Errorf("ignored: %s, %v, want %s", out, err, want)
			}
		}
		s.ends(1, "take that one back first", "revert", "1", "--yes", "--commit")
		ignored("198.51.100.7 198.51.100.8")
		s.ends(0, "proven to run", "revert", "2", "--yes", "--commit")
		ignored("198.51.100.7")
		s.ends(0, "proven to run", "revert", "1", "--yes", "--commit")
		ignored("")
		s.isBack()
	})
}

// TestRevertSetAside: a file that was set aside gets its name back once nothing is wrong
// with it any more; until then that is refused with its line.
func TestRevertSetAside(t *testing.T) {
	eachStage(t, 0, func(t *testing.T, s *stage) {
		log := s.LogPath("late")
		s.write("jail.d/late.local", "[late]\nenabled = true\nlogpath = "+log+"\n")
		before := s.before
		s.ends(0, "", "status")
		_, _ = s.Client("restart") // without its log fail2ban does not come up
		s.ends(0, "set aside", "recover", "--set-aside", "--yes")
		if got := s.listed(); len(got) != 1 || !got[0].Revertible || got[0].Files[0].Renamed != "late.local.off" {
			t.Fatalf("%+v", got)
		}
		s.ends(1, "jail.d/late.local:3", "revert", "1", "--yes", "--commit")
		if err := os.WriteFile(log, []byte("nothing\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		s.ends(0, "proven to run", "revert", "1", "--yes", "--commit")
		if after := fail2bantest.Tree(t, s.ConfDir); after != before || !s.runs("late") {
			t.Errorf("the configuration is\n%s\nand was\n%s", after, before)
		}
	})
}
