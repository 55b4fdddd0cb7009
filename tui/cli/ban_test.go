package cli_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/fail2bantest"
	"bantop/fail2ban/wire"
	"bantop/tui/cli"
	"bantop/tui/plain"
)

// lab is bantop on a server, with a state of its own.
type lab struct {
	t     *testing.T
	real  *fail2bantest.Real // nil for a server in this process
	state string
	flags []string // that say which server

	program string   // that is bantop, where it runs in a process of its own
	env     []string // of that process
	user    uint32   // who it is
}

// realLab is a lab with a real server.
func realLab(t *testing.T, install fail2bantest.Install, jails ...string) lab {
	t.Helper()
	r := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{Jails: jails})
	return lab{t: t, real: r, state: t.TempDir(), flags: []string{"-c", r.ConfDir}}
}

// fakeLab is a lab with a server in this process.
func fakeLab(t *testing.T, jails ...string) (lab, *fail2bantest.Server) {
	t.Helper()
	s := fail2bantest.New(t, fail2bantest.Options{Jails: jails})
	return lab{t: t, state: t.TempDir(), flags: []string{"-s", s.Path, "-p", s.PIDFile}}, s
}

// fed runs bantop with an input of its own.
func (l lab) fed(ctx context.Context, input string, args ...string) (code int, stdout, stderr string) {
	l.t.Helper()
	var out, errs bytes.Buffer
	args = slices.Concat([]string{"--state-dir", l.state}, l.flags, args)
	if l.program == "" {
		code = cli.Run(ctx, args, strings.NewReader(input), &out, &errs)
		return code, out.String(), errs.String()
	}
	cmd := exec.CommandContext(ctx, l.program, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &out, &errs
	endInOrder(cmd)
	cmd.Env = append([]string{reExec + "=1", "LANG=C.UTF-8", "TZ=UTC", "PATH=" + os.Getenv("PATH"), "HOME=/nonexistent", "TMPDIR=" + os.TempDir()}, l.env...)
	if l.user != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: l.user, Gid: l.user}}
	}
	err := cmd.Run()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		l.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// bantop runs it, with a line of arguments, and holds how it ends.
func (l lab) bantop(exit int, line string) (stdout, stderr string) {
	l.t.Helper()
	code, out, errs := l.fed(l.t.Context(), "", strings.Fields(line)...)
	if code != exit {
		l.t.Fatalf("%s: exit %d, want %d: %s%s", line, code, exit, out, errs)
	}
	return out, errs
}

// withoutNotes leaves out how long what was done lasts.
func withoutNotes(errs string) string {
	var kept strings.Builder
	for line := range strings.Lines(errs) {
		if !strings.Contains(line, "bantop puts it back after its own") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// says runs bantop and holds all that it prints.
func (l lab) says(exit int, line, want string) {
	l.t.Helper()
	if out, errs := l.bantop(exit, line); out != want || withoutNotes(errs) != "" {
		l.t.Errorf("%s: printed\n%s%swant\n%s", line, out, errs, want)
	}
}

// document runs bantop with --json and reads what it prints.
func document[T any](l lab, exit int, line string) T {
	l.t.Helper()
	out, errs := l.bantop(exit, line+" --json")
	var doc T
	if err := json.Unmarshal([]byte(out), &doc); err != nil || exit == 0 && errs != "" {
		l.t.Fatalf("%s: %v: %s%s", line, err, out, errs)
	}
	return doc
}

// acted are the outcomes of an act, in a line.
func (l lab) acted(exit int, line string) string {
	l.t.Helper()
	return inLine(document[[]plain.Acted](l, exit, line))
}

func inLine(acts []plain.Acted) string {
	var all []string
	for _, a := range acts {
		all = append(all, strings.TrimSpace(a.Jail+" "+a.Address)+": "+a.Outcome)
	}
	return strings.Join(all, "; ")
}

// client runs fail2ban-client.
func (l lab) client(args ...string) string {
	l.t.Helper()
	out, err := l.real.Client(args...)
	if err != nil {
		l.t.Fatal(err)
	}
	return out
}

// held are the bans of a jail as fail2ban-client tells them, by address.
func (l lab) held(jail string) map[string]fail2ban.Ban {
	l.t.Helper()
	bans := make(map[string]fail2ban.Ban)
	for line := range strings.Lines(l.client("get", jail, "banip", "--with-time")) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		b, err := fail2ban.ParseBan(strings.TrimSuffix(line, "\n"), time.Local)
		if err != nil {
			l.t.Fatal(err)
		}
		bans[b.Address] = b
	}
	return bans
}

// holds holds whom a jail bans.
func (l lab) holds(jail string, addresses ...string) {
	l.t.Helper()
	var got []string
	for address := range l.held(jail) {
		got = append(got, address)
	}
	slices.Sort(got)
	if slices.Sort(addresses); !slices.Equal(got, addresses) {
		l.t.Errorf("%s bans %q, want %q", jail, got, addresses)
	}
}

// journal are the acts on addresses in the journal, each in a line.
func (l lab) journal() []string {
	l.t.Helper()
	var all []string
	for _, a := range document[[]plain.Done](l, 0, "history --acts --last 1000") {
		if a.Who == "" || a.Host == "" || time.Since(a.At) > time.Hour {
			l.t.Errorf("nobody did it: %+v", a)
		}
		if a.Act != "unlock" {
			all = append(all, strings.Join(strings.Fields(a.Act+" "+a.Address+" "+a.Jail), " ")+": "+a.Result)
		}
	}
	return all
}

// TestBans: the list tells what fail2ban-client tells, of every jail or of some,
// filtered, as text, JSON and CSV.
func TestBans(t *testing.T) {
	t.Parallel()
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			t.Parallel()
			l := realLab(t, install, "nginx", "postfix", "sshd")
			l.says(0, "bans", "")
			l.says(0, "bans --json", "[]\n")
			l.says(0, "bans --csv", "address,jail,since,until,seconds_left,permanent,count,from_database\n")
			l.client("set", "sshd", "banip", "192.0.2.1", "198.51.100.0/24")
			l.client("set", "postfix", "banip", "192.0.2.1", "2001:db8::1")
			l.bantop(0, "ban 203.0.113.9 --jail nginx --for ever --yes")
			l.bantop(0, "ban 203.0.113.10 --jail nginx --for 7d --yes")

			want := make(map[string]fail2ban.Ban)
			for _, jail := range []string{"nginx", "postfix", "sshd"} {
				for address, b := range l.held(jail) {
					want[jail+" "+address] = b
				}
			}
			all := document[[]plain.Ban](l, 0, "bans")
			if len(all) != 6 || len(want) != 6 {
				t.Errorf("%d bans, of %d", len(all), len(want))
			}
			for i, b := range all {
				w, ok := want[b.Jail+" "+b.Address]
				if !ok || b.Permanent != (w.Length == fail2ban.Permanent) || b.Since == nil || !b.Since.Equal(w.Start) || (b.Until == nil) != b.Permanent || (b.SecondsLeft == nil) != b.Permanent {
					t.Errorf("got %+v, fail2ban-client says %+v", b, w)
				}
				if !b.Permanent && (!b.Until.Equal(w.End) || time.Duration(*b.SecondsLeft)*time.Second > w.Length) {
					t.Errorf("%s ends %v, fail2ban-client says %+v", b.Address, b.Until, w)
				}
				if i > 0 && all[i-1].Since.Before(*b.Since) {
					t.Errorf("%s comes after an older one", b.Address)
				}
			}

			for line, want := range map[string]string{
				"--jail sshd":                "sshd 192.0.2.1, sshd 198.51.100.0/24",
				"--jail sshd --jail postfix": "postfix 192.0.2.1, postfix 2001:db8::1, sshd 192.0.2.1, sshd 198.51.100.0/24",
				"-j sshd 192.0.2.1":          "sshd 192.0.2.1",
				"192.0.2.1":                  "postfix 192.0.2.1, sshd 192.0.2.1",
				"198.51.100.77":              "sshd 198.51.100.0/24",
				"203.0.113.0/28":             "nginx 203.0.113.10, nginx 203.0.113.9",
				"2001:DB8:0::1":              "postfix 2001:db8::1",
				"jail:ss":                    "sshd 192.0.2.1, sshd 198.51.100.0/24",
				"jail:post !2001:":           "postfix 192.0.2.1",
				"left:forever":               "nginx 203.0.113.9",
				"left:>1d":                   "nginx 203.0.113.10, nginx 203.0.113.9",
				"left:<1h 192.0.2 jail:sshd": "sshd 192.0.2.1",
				"count:>5":                   "",
				"nowhere":                    "",
			} {
				var got []string
				for _, b := range document[[]plain.Ban](l, 0, "bans "+line) {
					got = append(got, b.Jail+" "+b.Address)
				}
				if slices.Sort(got); strings.Join(got, ", ") != want {
					t.Errorf("bans %s: got %q, want %s", line, got, want)
				}
			}

			out, _ := l.bantop(0, "bans --csv -j nginx 203.0.113.9")
			lines, err := csv.NewReader(strings.NewReader(out)).ReadAll()
			if err != nil || len(lines) != 2 || fmt.Sprint(lines[1][:2], lines[1][3:6]) != "[203.0.113.9 nginx] [  true]" {
				t.Errorf("%v: %q", err, out)
			}
			if out, _ := l.bantop(0, "bans -j nginx"); !holds(out, "ADDRESS", "LEFT", "203.0.113.9   nginx", "for ever", "6d 23h") {
				t.Errorf("printed %s", out)
			}
			for line, want := range map[string]string{
				"bans --json --csv":            "bans: --json and --csv cannot both be",
				"bans --jail nowhere":          `there is no jail "nowhere"; those that run are nginx, postfix, sshd`,
				"bans --jail sshd --jail gone": `there is no jail "gone"`,
				"bans left:soon":               "bans: left:soon: it is left:<1h, left:>1d or left:forever",
				"bans count:many":              "bans: count:many: it is",
			} {
				code := map[bool]int{true: 1, false: 64}[strings.HasPrefix(want, "there is no jail")]
				if out, errs := l.bantop(code, line); out != "" || !holds(errs, "bantop: ", want) {
					t.Errorf("%s: printed %q, told %q", line, out, errs)
				}
			}
		})
	}
}

// TestBan: addresses are banned in the jails that are named, for as long as it is
// said, and every act stands in the journal with its result.
func TestBan(t *testing.T) {
	t.Parallel()
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			t.Parallel()
			l := realLab(t, install)
			if got := l.acted(0, "ban 192.0.2.1 2001:DB8:0::1 198.18.5.77/24 ::ffff:192.0.2.2 -j j001 -j j002 --yes"); got != "j001 192.0.2.1: done; j002 192.0.2.1: done; "+
				"j001 2001:db8::1: done; j002 2001:db8::1: done; j001 198.18.5.0/24: done; j002 198.18.5.0/24: done; j001 192.0.2.2: done; j002 192.0.2.2: done" {
				t.Errorf("got %s", got)
			}
			l.holds("j001", "192.0.2.1", "192.0.2.2", "198.18.5.0/24", "2001:db8::1")
			l.holds("j002", "192.0.2.1", "192.0.2.2", "198.18.5.0/24", "2001:db8::1")
			l.holds("j003")
			l.says(0, "ban 192.0.2.1 192.0.2.3 --jail j001 --yes", "192.0.2.1 in j001 was banned already\n192.0.2.3 in j001 is banned\n")

			l.says(0, "ban 192.0.2.4 --jail j003 --for 1d --yes", "192.0.2.4 in j003 is banned\n")
			l.says(0, "ban 192.0.2.5 --jail j003 --for ever --yes", "192.0.2.5 in j003 is banned\n")
			l.says(0, "ban 192.0.2.6 --jail j003 --for 5m --yes", "192.0.2.6 in j003 is banned for 10m: a ban of this jail is no shorter\n")
			l.says(0, "ban 192.0.2.7 --jail j003 --for 600 --yes", "192.0.2.7 in j003 is banned\n")
			code, out, errs := l.fed(t.Context(), "192.0.2.8\n\n 192.0.2.9\t192.0.2.10", strings.Fields("ban - 192.0.2.11 --jail j003 --yes --json --for 90m")...)
			var acts []plain.Acted
			if err := json.Unmarshal([]byte(out), &acts); err != nil || code != 0 || inLine(acts) != "j003 192.0.2.8: done; j003 192.0.2.9: done; j003 192.0.2.10: done; j003 192.0.2.11: done" {
				t.Errorf("exit %d, %v: %s%s", code, err, out, errs)
			}
			lengths := make(map[string]time.Duration)
			for address, b := range l.held("j003") {
				lengths[address] = b.Length.Round(time.Minute)
			}
			for address, want := range map[string]time.Duration{"192.0.2.4": 24 * time.Hour, "192.0.2.5": 0, "192.0.2.6": 10 * time.Minute, "192.0.2.7": 10 * time.Minute,
				"192.0.2.8": 90 * time.Minute, "192.0.2.9": 90 * time.Minute, "192.0.2.10": 90 * time.Minute, "192.0.2.11": 90 * time.Minute} {
				if got, ok := lengths[address]; !ok || got != want {
					t.Errorf("%s is banned for %v, want %v", address, got, want)
				}
			}
			if len(lengths) != 8 {
				t.Errorf("j003 bans %v", lengths)
			}
			if got := l.client("get", "j003", "bantime"); strings.TrimSpace(got) != "600" {
				t.Errorf("a ban of j003 now lasts %s", got)
			}

			journal := l.journal()
			for i, want := range []string{"ban 192.0.2.1 j001: done", "ban 192.0.2.1 j002: done", "ban 2001:db8::1 j001: done"} {
				if journal[i] != want {
					t.Errorf("the journal: %q, want %q", journal[i], want)
				}
			}
			if n := len(journal); n != 18 || journal[8] != "ban 192.0.2.1 j001: nothing to do" || journal[12] != "ban 192.0.2.6 j003: done: for 10m: a ban of this jail is no shorter" {
				t.Errorf("the journal of %d: %q", n, journal)
			}
			code, out, _ = l.fed(t.Context(), " \n", strings.Fields("ban - --jail j003 --yes")...)
			if code != 0 || out != "" {
				t.Errorf("nobody is to be banned: exit %d: %s", code, out)
			}
			if code, out, _ := l.fed(t.Context(), "", strings.Fields("ban - --jail j003 --yes --json")...); code != 0 || out != "[]\n" {
				t.Errorf("nobody is to be banned: exit %d: %s", code, out)
			}
		})
	}
}

// TestBanIsLifted: bans are lifted in every jail, in some, or all of a jail; what
// was not banned is told of and is no failure.
func TestBanIsLifted(t *testing.T) {
	t.Parallel()
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			t.Parallel()
			l := realLab(t, install)
			for _, jail := range []string{"j001", "j002", "j003"} {
				l.client("set", jail, "banip", "192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1", "203.0.113.0/24", "198.51.100.1", "198.51.100.2")
			}
			l.says(0, "unban 192.0.2.1 192.0.2.77 --jail j001 -j j002 --yes",
				"192.0.2.1 in j001 is unbanned\n192.0.2.1 in j002 is unbanned\n192.0.2.77 in j001 was not banned\n192.0.2.77 in j002 was not banned\n")
			l.holds("j002", "192.0.2.2", "192.0.2.3", "198.51.100.1", "198.51.100.2", "2001:db8::1", "203.0.113.0/24")
			l.says(0, "unban 2001:DB8:0::1 192.0.2.77 --yes", "2001:db8::1 is unbanned (3 bans)\n192.0.2.77 was not banned\n")
			l.says(0, "unban 203.0.113.9 --yes", "203.0.113.9 was not banned\n") // its network is
			if got := l.acted(0, "unban 198.51.100.0/24 203.0.113.77/24 localhost --yes"); got != "198.51.100.0/24: done; 203.0.113.0/24: done; localhost: nothing to do" {
				t.Errorf("got %s", got)
			}
			for jail, left := range map[string][]string{"j001": {"192.0.2.2", "192.0.2.3"}, "j002": {"192.0.2.2", "192.0.2.3"}, "j003": {"192.0.2.1", "192.0.2.2", "192.0.2.3"}} {
				l.holds(jail, left...)
			}
			code, out, errs := l.fed(t.Context(), "192.0.2.2\n--all\n192.0.2.99\n", strings.Fields("unban - --yes")...)
			if code != 1 || errs != "" || !holds(out, "192.0.2.2 is unbanned (3 bans)\n", "--all is not unbanned: fail2ban may take it for an option\n", "192.0.2.99 was not banned\n") {
				t.Errorf("exit %d: %s%s", code, out, errs)
			}
			l.client("set", "j001", "banip", "192.0.2.50")
			if got := l.acted(0, "unban --all --jail j001 --jail j002 --yes"); strings.Count(got, ": done") != 3 || !holds(got, "j001 192.0.2.3", "j001 192.0.2.50", "j002 192.0.2.3") {
				t.Errorf("got %s", got)
			}
			l.holds("j001")
			l.holds("j002")
			l.holds("j003", "192.0.2.1", "192.0.2.3")
			if out, errs := l.bantop(0, "unban --all --jail j001 --yes"); out != "" || errs != "unban: nobody is banned in j001\n" {
				t.Errorf("printed %q, told %q", out, errs)
			}
			l.says(0, "unban --all --jail j001 --yes --json", "[]\n")

			journal := l.journal()
			for _, want := range []string{"unban 192.0.2.1 j001: done", "unban 192.0.2.77 j002: nothing to do", "unban everywhere 2001:db8::1: done: (3 bans)", "unban everywhere 198.51.100.0/24: done: (6 bans)",
				"unban everywhere --all: refused: fail2ban may take it for an option", "unban 192.0.2.50 j001: done"} {
				if !slices.Contains(journal, want) {
					t.Errorf("%q is not in the journal: %q", want, journal)
				}
			}
			if len(journal) != 16 {
				t.Errorf("the journal of %d: %q", len(journal), journal)
			}
		})
	}
}

// TestAllow: what is allowed is on the ignore list of the jails that are named,
// and not banned there any more, not even by hand without saying so; until it is
// taken off.
func TestAllow(t *testing.T) {
	t.Parallel()
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			t.Parallel()
			l := realLab(t, install)
			list := func(jail string) string { return l.client("get", jail, "ignoreip") }
			l.says(0, "allow 203.0.113.77/24 2001:DB8:0::1 --jail j001 --jail j002 --yes",
				"203.0.113.0/24 in j001 is on the ignore list\n203.0.113.0/24 in j002 is on the ignore list\n2001:db8::1 in j001 is on the ignore list\n2001:db8::1 in j002 is on the ignore list\n")
			if got := list("j002"); !holds(got, "203.0.113.0/24", "2001:db8::1") {
				t.Errorf("j002: %s", got)
			}
			if got := list("j003"); holds(got, "203.0.113.0/24") {
				t.Errorf("j003: %s", got)
			}
			if got := l.acted(0, "allow 203.0.113.0/24 203.0.113.9 --jail j001 --yes"); got != "j001 203.0.113.0/24: nothing to do; j001 203.0.113.9: done" {
				t.Errorf("got %s", got)
			}

			const ignored = "203.0.113.10 in j001 is not banned: 203.0.113.0/24 is on the ignore list of j001\n192.0.2.1 in j001 is banned\n203.0.113.10 in j003 is banned\n"
			out, errs := l.bantop(1, "ban 203.0.113.10 192.0.2.1 --jail j001 --yes")
			if want := strings.Join(strings.SplitAfter(ignored, "\n")[:2], ""); out != want || errs != "next: --ignored bans what is on an ignore list, too\n" {
				t.Errorf("printed %q, told %q", out, errs)
			}
			if got := l.acted(1, "ban 203.0.113.0/28 203.0.113.10 2001:db8::1 --jail j002 --jail j003 --yes"); got != "j002 203.0.113.0/28: ignored; j003 203.0.113.0/28: done; "+
				"j002 203.0.113.10: ignored; j003 203.0.113.10: done; j002 2001:db8::1: ignored; j003 2001:db8::1: done" {
				t.Errorf("got %s", got)
			}
			l.holds("j001", "192.0.2.1")
			l.holds("j002")
			l.says(0, "ban 203.0.113.10 --jail j001 --ignored --yes", "203.0.113.10 in j001 is banned\n")
			l.holds("j001", "192.0.2.1", "203.0.113.10")
			if err := errors.Join(l.real.Attack("j001", "203.0.113.11", 5), l.real.Attack("j003", "203.0.113.11", 5)); err != nil {
				t.Fatal(err)
			}
			l.waitFor("the ban in j003", func() bool { _, ok := l.held("j003")["203.0.113.11"]; return ok })
			if _, ok := l.held("j001")["203.0.113.11"]; ok {
				t.Error("j001 bans what is allowed")
			}

			l.says(0, "allow 203.0.113.0/24 192.0.2.77 --remove --jail j001 --yes", "203.0.113.0/24 in j001 is taken off the ignore list\n192.0.2.77 in j001 was not on the ignore list\n")
			if got := list("j001"); holds(got, "203.0.113.0/24") || !holds(got, "203.0.113.9") {
				t.Errorf("j001: %s", got)
			}
			journal := l.journal()
			for _, want := range []string{"allow 203.0.113.0/24 j001: done", "allow 203.0.113.0/24 j001: nothing to do", "disallow 203.0.113.0/24 j001: done", "disallow 192.0.2.77 j001: nothing to do",
				"ban 203.0.113.10 j001: ignored: 203.0.113.0/24 is on the ignore list of j001", "ban 203.0.113.10 j001: done"} {
				if !slices.Contains(journal, want) {
					t.Errorf("%q is not in the journal: %q", want, journal)
				}
			}
			l.client("reload")
			if got := list("j002"); holds(got, "203.0.113.0/24") {
				t.Errorf("after a reload j002: %s", got)
			}
		})
	}
}

// waitFor waits until something is as it should be.
func (l lab) waitFor(what string, holds func() bool) {
	l.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			l.t.Fatalf("waited in vain for %s", what)
		}
	}
}

// TestWhy: whether an address is banned, where, after what, and who ignores it.
func TestWhy(t *testing.T) {
	t.Parallel()
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			t.Parallel()
			l := realLab(t, install)
			const address = "203.0.113.66"
			if err := l.real.Attack("j001", address, 3); err != nil {
				t.Fatal(err)
			}
			l.says(0, "why 192.0.2.1", "192.0.2.1 is not banned\n")
			l.waitFor("the ban", func() bool { return len(l.held("j001")) == 1 })
			var why plain.Why
			l.waitFor("its row in the database", func() bool {
				why = document[plain.Why](l, 1, "why "+address)
				return len(why.History) > 0
			})
			held := l.held("j001")[address]
			if !why.Banned || why.Address != address || len(why.Bans) != 1 || why.Bans[0].Jail != "j001" || !why.Bans[0].Since.Equal(held.Start) || !why.Bans[0].Until.Equal(held.End) || why.Bans[0].Count != 1 {
				t.Errorf("got %+v", why)
			}
			if h := why.History[0]; len(why.History) != 1 || h.Jail != "j001" || !h.Current || h.Failures != 3 || len(h.Matches) != 3 || !strings.HasSuffix(h.Matches[0], "host app: fail from "+address) {
				t.Errorf("what led to it: %+v", why.History)
			}
			if !holds(why.Verdict, address+" is banned in j001 since ", ": 3 failures") || why.Reason != "" || len(why.Ignored) > 0 {
				t.Errorf("got %+v", why)
			}
			if out, _ := l.bantop(1, "why ::FFFF:"+address); !holds(out, why.Address+" is banned in j001", "what led to it", "3 failures, for 10m", "    2", "host app: fail from "+address) {
				t.Errorf("printed %s", out)
			}

			l.bantop(0, "ban 203.0.113.0/24 --jail j002 --for ever --yes")
			l.bantop(0, "allow 203.0.113.64/28 --jail j003 --yes")
			why = document[plain.Why](l, 1, "why "+address)
			if len(why.Bans) != 2 || fmt.Sprint(why.Ignored) != "[{j003 203.0.113.64/28}]" || !holds(why.Verdict, "is banned in ", "j001", "j002 (as part of 203.0.113.0/24)") {
				t.Errorf("got %+v", why)
			}
			if out, _ := l.bantop(1, "why 203.0.113.77"); !holds(out, "203.0.113.77 is banned in j002 (as part of 203.0.113.0/24) since ", ", for ever\n", "as part of 203.0.113.0/24") {
				t.Errorf("printed %s", out)
			}
			l.bantop(0, "unban 203.0.113.0/24 "+address+" --yes")
			why = document[plain.Why](l, 0, "why "+address)
			if why.Banned || len(why.Bans) > 0 || why.Verdict != address+" is not banned" {
				t.Errorf("got %+v", why)
			}
			if _, errs := l.bantop(64, "why"); !strings.Contains(errs, "1 arg") {
				t.Errorf("told %q", errs)
			}
		})
	}
}

// TestWhyCannotBeKnown: where the bans cannot be listed, nobody is told that an
// address is not banned, by words or by an exit code; nor are all bans of a jail
// taken for none.
func TestWhyCannotBeKnown(t *testing.T) {
	t.Parallel()
	l, s := fakeLab(t, "sshd")
	s.Ban("sshd", "192.0.2.1")
	l.bantop(1, "why 192.0.2.1")
	asked := s.Commands("get")
	l.bantop(0, "status")
	look := fail2bantest.Fault{Command: "get", Times: s.Commands("get") - asked} // what one look asks goes well
	locked := fail2bantest.Fault{Command: "get", Raise: &wire.Exception{Module: "sqlite3", Name: "OperationalError", Args: []any{"database is locked"}}}
	for _, line := range []string{"why 192.0.2.1", "why 192.0.2.2 --json", "bans", "bans --json", "unban --all --jail sshd --yes"} {
		s.Inject(look, locked)
		if out, errs := l.bantop(64, line); out != "" || !holds(errs, "bantop: ", "OperationalError: database is locked") {
			t.Errorf("%s: printed %q, told %q", line, out, errs)
		}
		s.ClearFaults()
	}
	l.bantop(0, "why 192.0.2.2")
}

// TestBanRefused: what is wrong is told with what is right, and nothing is done.
func TestBanRefused(t *testing.T) {
	t.Parallel()
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			t.Parallel()
			l := realLab(t, install)
			l.client("set", "j001", "banip", "192.0.2.50")
			for line, want := range map[string][]string{
				"ban 192.0.2.1 --jail j001":                      {"ban: nobody can be asked here, as this is no terminal: --yes agrees"},
				"unban 192.0.2.50":                               {"unban: nobody can be asked here"},
				"unban --all --jail j001":                        {"unban: --all ends 1 ban in j001: --count 1 does it"},
				"allow 192.0.2.1 --jail j001":                    {"allow: nobody can be asked here"},
				"ban 192.0.2.1 --yes":                            {"ban: name the jail: --jail JAIL"},
				"allow 192.0.2.1 --yes":                          {"allow: name the jail: --jail JAIL"},
				"unban --all --yes":                              {"--all ends 1 ban in every jail: --count 1 does it"},
				"unban --all --count 2":                          {"--count 1 does it"},
				"unban all --yes":                                {`"all" is not an address`, "unban --all ends every ban"},
				"unban 999.1.1.1 --yes":                          {`"999.1.1.1" is not an address`},
				"why 198.51.100.300":                             {`"198.51.100.300" is not an address`},
				"bans jial:x":                                    {`"jial:x" is not a filter; the nearest is jail:x`},
				"jails j0001":                                    {`fits "j0001"`, "did you mean j001?"},
				"unban --all 192.0.2.50 --jail j001 --yes":       {"--all takes no addresses"},
				"unban --yes":                                    {"unban: name the addresses"},
				"ban --jail j001 --yes":                          {"1 arg"},
				"ban 192.0.2.1 --jail gone --yes":                {`ban: there is no jail "gone"; those that run are j001, j002, j003`},
				"ban 192.0.2.1 --jail j001 --jail gone --yes":    {`there is no jail "gone"`},
				"unban 192.0.2.50 --jail gone --yes":             {`unban: there is no jail "gone"`},
				"unban --all --jail gone --yes":                  {`there is no jail "gone"`},
				"allow 192.0.2.1 --jail gone --yes":              {`allow: there is no jail "gone"`},
				"ban 192.0.2.256 --jail j001 --yes":              {"192.0.2.256", "four numbers from 0 to 255", "as 192.0.2.5"},
				"ban 192.0.2.1 example.org --jail j001 --yes":    {"example.org", "it is a name"},
				"ban 10.0.0.0/33 --jail j001 --yes":              {"from 0 to 32"},
				"allow 192.0.2.1-9 --jail j001 --yes":            {"it is a range"},
				"ban 192.0.2.1 --jail j001 --for soon --yes":     {`ban: --for: "soon" is not a time; for example 90s, 10m`},
				"ban 192.0.2.1 --jail j001 --for 0 --yes":        {"a ban needs a time longer than 0"},
				"ban 192.0.2.1 --jail j001 --for -1 --yes":       {`"-1" is not a time`},
				"ban 2001:db8::/31 --jail j001 --yes":            {"2001:db8::/31 holds very many addresses: --wide does it all the same"},
				"ban 0.0.0.0/0 --jail j001 --yes":                {"0.0.0.0/0 is everybody"},
				"ban 0.0.0.0/0 --jail j001 --yes --wide":         {"0.0.0.0/0 is everybody"},
				"ban ::/0 --jail j001 --yes --wide --ignored":    {"::/0 is everybody"},
				"ban ::ffff:0.0.0.0/96 --jail j001 --yes --wide": {"0.0.0.0/0 is everybody"},
				"ban 192.0.2.1 192.0.2.9/0 --jail j001 --yes":    {"0.0.0.0/0 is everybody"},
				"allow 0.0.0.0/0 --jail j001 --yes":              {"0.0.0.0/0 is everybody"},
				"ban 192.0.2.1 --jail j001 --yes --own nonsense": {"--own", `"nonsense"`},
				"ban 192.0.2.1 --jail j001 --yes --nonsense":     {"unknown flag"},
				"unban 192.0.2.50 --jail j001 --yes --for 1h":    {"unknown flag"},
			} {
				code := 64 // wrong usage; 1 if the answer is no
				if no := strings.Join(want, " "); strings.Contains(no, "there is no jail") || strings.Contains(no, "--count") || strings.Contains(no, "fits") {
					code = 1
				}
				out, errs := l.bantop(code, line)
				if out != "" || !holds(errs, append(want, "bantop: ")...) {
					t.Errorf("%s: printed %q, told %q, want %q", line, out, errs, want)
				}
			}
			l.holds("j001", "192.0.2.50")
			if got := l.client("get", "j001", "ignoreip"); holds(got, "192.0.2.1") {
				t.Errorf("j001 ignores %s", got)
			}
			if got := l.journal(); len(got) > 0 {
				t.Errorf("the journal: %q", got)
			}
			l.says(0, "ban 2001:db8::/31 --jail j001 --wide --yes", "2001:db8::/31 in j001 is banned\n") // 2001:db8::/32 is for documents
			l.holds("j001", "192.0.2.50", "2001:db8::/31")
		})
	}
}

// TestBanOwnAddress: from where somebody is logged in is banned only where each of
// these addresses is named, in any spelling; what is refused names every flag that
// is missing.
func TestBanOwnAddress(t *testing.T) {
	t.Parallel()
	l, s := fakeLab(t, "sshd")
	l.program, l.env = executable(t, 0), []string{"SSH_CONNECTION=2001:db8::7 50000 192.0.2.1 22"}
	for line, flags := range map[string]string{
		"2001:db8::7":                               "--own 2001:db8::7",
		"2001:db8::/32 192.0.2.1":                   "--own 2001:db8::7",
		"2001:db8::/31":                             "--own 2001:db8::7 --wide",
		"2001:db8::/31 --wide":                      "--own 2001:db8::7",
		"2001:db8::/31 --own 2001:db8::7":           "--wide",
		"2001:db8::7 --own 2001:db8::8":             "--own 2001:db8::7",
		"2001:db8::7 --own 2001:db8::/32":           "--own 2001:db8::7",
		"2001:DB8:0::7/64 --for ever --ignored":     "--own 2001:db8::7",
		"2001:db8::/31 ::/2 --own 2001:db8::7":      "--wide",
		"192.0.2.1 2001:db8::7 192.0.2.2 --ignored": "--own 2001:db8::7",
	} {
		out, errs := l.bantop(64, "ban "+line+" --jail sshd --yes")
		if want := ": " + flags + " does it all the same\n"; out != "" || !strings.HasSuffix(errs, want) || holds(flags, "--own") && !holds(errs, "is logged in from 2001:db8::7") {
			t.Errorf("ban %s: printed %q, told %q, want %q", line, out, errs, want)
		}
	}
	if n := s.TotalBanned("sshd"); n != 0 {
		t.Errorf("%d are banned", n)
	}
	if out, errs := l.bantop(64, "ban ::/0 --jail sshd --own 2001:db8::7 --wide --yes"); out != "" || !holds(errs, "::/0 is everybody") {
		t.Errorf("printed %q, told %q", out, errs)
	}
	l.says(0, "ban 2001:db8::8 --jail sshd --yes", "2001:db8::8 in sshd is banned\n")
	l.says(0, "ban 2001:db8::/31 --jail sshd --wide --own 192.0.2.9 --own 2001:DB8:0:0::7 --yes", "2001:db8::/31 in sshd is banned\n")
	if out, _ := l.bantop(1, "why 2001:db8::7"); !holds(out, "is banned in sshd (as part of 2001:db8::/31)", "somebody is logged in from it\n") {
		t.Errorf("printed %s", out)
	}
	l.says(0, "unban 2001:db8::/31 --jail sshd --yes", "2001:db8::/31 in sshd is unbanned\n")
	l.says(0, "allow 2001:db8::7 --jail sshd --yes", "2001:db8::7 in sshd is on the ignore list\n")
}

// everyCommand is each command on addresses, on one of jail j001.
var everyCommand = []string{"bans", "ban 192.0.2.1 --jail j001 --yes", "unban 192.0.2.1 --yes", "unban --all --jail j001 --yes", "allow 192.0.2.1 --jail j001 --yes", "why 192.0.2.1"}

// TestBanServerStopped: where no server answers, every command says so, and how it
// is started.
func TestBanServerStopped(t *testing.T) {
	t.Parallel()
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			t.Parallel()
			l := realLab(t, install)
			for _, c := range []struct {
				what  string
				end   func() error
				words []string
			}{
				{"stopped", l.real.Stop, []string{"fail2ban is not running", "next: sudo fail2ban-client -c " + l.real.ConfDir + " start\n"}},
				{"killed", func() error { return errors.Join(l.real.Start(), l.real.Kill()) }, []string{"fail2ban died and left its socket", "next: sudo fail2ban-client -c " + l.real.ConfDir + " -x start\n"}},
			} {
				if err := c.end(); err != nil {
					t.Fatal(err)
				}
				for _, line := range everyCommand {
					out, errs := l.bantop(69, line)
					if out != "" || !holds(errs, append(c.words, "bantop: ")...) {
						t.Errorf("%s: %s: printed %q, told %q", c.what, line, out, errs)
					}
				}
			}
			if got := l.journal(); len(got) > 0 {
				t.Errorf("the journal: %q", got)
			}
		})
	}
}

// TestBanNotPermitted: who may not open the socket is told so, and what lets him
// in; who may, but not read fail2ban's database, sees bans without what led to them.
func TestBanNotPermitted(t *testing.T) {
	fail2bantest.NeedRoot(t) // who alone can be another user
	const nobody = 65534
	program := executable(t, nobody) // before others run: what was just written cannot be started while they are (ETXTBSY)
	t.Parallel()
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			t.Parallel()
			l := realLab(t, install)
			l.client("set", "j001", "banip", "192.0.2.1")
			database := filepath.Join(l.real.Dir, "run", "f2b.sqlite3")
			if err := errors.Join(os.Chmod(l.real.Dir, 0o755), os.Chmod(filepath.Dir(l.real.Path), 0o755), os.Chmod(database, 0o600), os.Chmod(l.real.Path, 0o600)); err != nil {
				t.Fatal(err)
			}
			as := l
			as.program, as.user, as.state = program, nobody, folderOf(t, nobody)
			for _, line := range everyCommand {
				if out, errs := as.bantop(77, line); out != "" || !holds(errs, "bantop: ", "no permission", "next: ", "(mode 0600): run sudo bantop") {
					t.Errorf("%s: printed %q, told %q", line, out, errs)
				}
			}
			l.holds("j001", "192.0.2.1")
			if err := os.Chmod(l.real.Path, 0o666); err != nil {
				t.Fatal(err)
			}
			if out, _ := as.bantop(0, "bans"); !holds(out, "192.0.2.1  j001") {
				t.Errorf("bans: %s", out)
			}
			if out, _ := as.bantop(1, "why 192.0.2.1"); !holds(out, "192.0.2.1 is banned in j001", "fail2ban's database is closed to you: run sudo bantop to see what led to a ban") {
				t.Errorf("why: %s", out)
			}
		})
	}
}

// many bans n addresses of a server in this process.
func many(s *fail2bantest.Server, jail string, n int) {
	for i := range n {
		s.Ban(jail, fmt.Sprintf("10.0.%d.%d", i>>8, i&255))
	}
}

// TestBansAreLiftedUntilTheServerGoes: when the server goes away in the middle of
// many, what was done before is told and in the journal, and what was not tried
// is told, too, with what to do next.
func TestBansAreLiftedUntilTheServerGoes(t *testing.T) {
	t.Parallel()
	const all, before = 1000, 120
	for _, asJSON := range []bool{false, true} {
		l, s := fakeLab(t, "sshd")
		many(s, "sshd", all)
		l.bantop(0, "bans")
		s.Inject(fail2bantest.Fault{Command: "set", Times: before}, fail2bantest.Fault{Command: "set", Close: true, Raw: []byte{}})
		line := "unban --all --jail sshd --yes"
		if asJSON {
			line += " --json"
		}
		out, errs := l.bantop(1, line)
		counts := make(map[string]int)
		if asJSON {
			var acts []plain.Acted
			if err := json.Unmarshal([]byte(out), &acts); err != nil {
				t.Fatal(err)
			}
			for _, a := range acts {
				if counts[a.Outcome]++; a.Outcome != "done" && a.Reason == "" {
					t.Errorf("why it was not done is not told: %+v", a)
				}
			}
		} else {
			counts["done"] = strings.Count(out, " in sshd is unbanned\n")
			counts["not known"] = strings.Count(out, "may be unbanned: no answer came\n")
			lines := strings.Split(strings.TrimSpace(out), "\n")
			last := lines[len(lines)-1]
			if !holds(last, " not tried: fail2ban closed the connection (") {
				t.Errorf("the last line is %q", last)
			}
			var rest int
			if _, err := fmt.Sscanf(last, "%d not tried", &rest); err != nil {
				t.Errorf("%v: %q", err, last)
			}
			counts["not tried"] = rest
		}
		if counts["done"] != before || counts["not known"] == 0 || counts["done"]+counts["not known"]+counts["not tried"] != all {
			t.Errorf("%v of %d", counts, all)
		}
		if !holds(errs, "next: fail2ban is stopping or restarting; if it does not come back: sudo fail2ban-client ") {
			t.Errorf("told %q", errs)
		}
		done, unknown := 0, 0
		for _, a := range l.journal() {
			switch {
			case strings.HasSuffix(a, " sshd: done"):
				done++
			case strings.HasSuffix(a, " sshd: not known: no answer came"):
				unknown++
			default:
				t.Errorf("in the journal: %s", a)
			}
		}
		if done != before || unknown != counts["not known"] {
			t.Errorf("the journal tells of %d done and %d not known, printed were %v", done, unknown, counts)
		}
	}
}

// TestBansAreLiftedUntilInterrupted: whoever is interrupted in the middle of many is
// told what was done, and the journal is, too.
func TestBansAreLiftedUntilInterrupted(t *testing.T) {
	t.Parallel()
	const all = 80
	l, s := fakeLab(t, "sshd")
	many(s, "sshd", all)
	l.bantop(0, "bans")
	s.Edit("sshd", func(j *fail2bantest.Jail) { j.ActionTime = 20 * time.Millisecond })
	ctx, cancel := context.WithCancel(t.Context())
	type end struct {
		code      int
		out, errs string
	}
	ended := make(chan end)
	go func() {
		code, out, errs := l.fed(ctx, "", strings.Fields("unban --all --jail sshd --yes --json")...)
		ended <- end{code, out, errs}
	}()
	l.waitFor("some of them", func() bool { return s.Commands("set") >= 10 })
	cancel()
	e := <-ended
	var acts []plain.Acted
	if err := json.Unmarshal([]byte(e.out), &acts); err != nil || e.code != 1 || len(acts) != all {
		t.Fatalf("exit %d, %v: %s%s", e.code, err, e.out, e.errs)
	}
	s.Edit("sshd", func(j *fail2bantest.Jail) { j.ActionTime = 0 })
	banned := make(map[string]bool)
	for _, b := range document[[]plain.Ban](l, 0, "bans") { // when what was sent is done
		banned[b.Address] = true
	}
	journal := l.journal()
	for _, a := range acts {
		line := "unban " + a.Address + " sshd: " + a.Outcome
		if a.Reason != "" {
			line += ": " + a.Reason
		}
		switch told := slices.Contains(journal, line); {
		case a.Outcome == "not tried" && told, a.Outcome != "not tried" && !told:
			t.Errorf("%+v stands in the journal: %v", a, told)
		case a.Outcome == "done" && banned[a.Address], a.Outcome == "not tried" && !banned[a.Address]:
			t.Errorf("%+v, and it is banned: %v", a, banned[a.Address])
		}
	}
	if n := len(banned); n == 0 || n == all {
		t.Errorf("%d are still banned", n)
	}
}

// TestBanBeforeTheServerGoes: where it is known that nothing was done, that is told
// as an error, with what to do next.
func TestBanBeforeTheServerGoes(t *testing.T) {
	t.Parallel()
	l, s := fakeLab(t, "sshd")
	s.Inject(fail2bantest.Fault{Command: "ping", Close: true}) // what comes before every act
	for _, line := range []string{"ban 192.0.2.1 192.0.2.2 --jail sshd --yes", "unban 192.0.2.1 --yes --json", "allow 192.0.2.1 --jail sshd --yes"} {
		if out, errs := l.bantop(64, line); out != "" || !holds(errs, "fail2ban closed the connection", "next: ") {
			t.Errorf("%s: printed %q, told %q", line, out, errs)
		}
	}
	if got := l.journal(); len(got) > 0 {
		t.Errorf("the journal: %q", got)
	}
}

// TestBanAsks: on a terminal every act is asked about, naming exactly what it will
// do, and done when the answer is yes alone. To ban an own address it has to be
// typed out. Every bantop on this machine sees this SSH_CONNECTION meanwhile: no
// other test has it ban that address.
func TestBanAsks(t *testing.T) {
	t.Parallel()
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			t.Parallel()
			l := realLab(t, install)
			l.client("set", "j001", "banip", "192.0.2.50", "192.0.2.51")
			o := terminalOptions{state: l.state, env: []string{"SSH_CONNECTION=198.51.100.7 50000 192.0.2.1 22"}, width: 160, height: 28}
			ask := func(line, question, answer string, words ...string) {
				t.Helper()
				e := open(t, o, append([]string{"-c", l.real.ConfDir}, strings.Fields(line)...)...)
				e.waitFor(question)
				e.send(answer + "\r")
				if code := e.wait(); code != 0 || !holds(e.screen(), words...) {
					t.Errorf("%s: %q: exit %d:\n%s", line, answer, code, e.screen())
				}
			}
			const ban = "Ban 192.0.2.1 in j001, for as long as the jail bans? [y/N]"
			for _, no := range []string{"n", "", "yy"} {
				ask("ban 192.0.2.1 --jail j001", ban, no)
			}
			l.holds("j001", "192.0.2.50", "192.0.2.51")
			ask("ban 192.0.2.1 --jail j001", ban, "y", "192.0.2.1 in j001 is banned")
			ask("ban 192.0.2.2 192.0.2.3 -j j001 -j j002 --for 7d", "Ban 192.0.2.2 and 192.0.2.3 in j001 and j002, for 7d? [y/N]", "YES", "192.0.2.3 in j002 is banned")
			l.holds("j001", "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.50", "192.0.2.51")
			l.holds("j002", "192.0.2.2", "192.0.2.3")

			const own = "somebody is logged in from 198.51.100.7. Type 198.51.100.7 to do it:"
			network := "ban 198.51.100.0/24 --jail j003"
			for _, no := range []string{"y", "", "198.51.100.77"} {
				ask(network, "Ban 198.51.100.0/24 in j003, for as long as the jail bans? "+own, no)
			}
			ask("ban 2001:db8::/31 --jail j003", "2001:db8::/31 holds very many addresses. Type 2001:db8::/31 to do it:", "y")
			l.holds("j003")
			ask(network, own, "198.51.100.7", "198.51.100.0/24 in j003 is banned")
			ask("ban 198.51.100.7 --own 198.51.100.7 --jail j003", "Ban 198.51.100.7 in j003, for as long as the jail bans? [y/N]", "n")
			l.holds("j003", "198.51.100.0/24")

			ask("unban 198.51.100.0/24", "Unban 198.51.100.0/24 in every jail? It ends 1 ban. [y/N]", "n")
			ask("unban 198.51.100.0/24", "Unban 198.51.100.0/24 in every jail? It ends 1 ban. [y/N]", "y", "198.51.100.0/24 is unbanned")
			ask("unban --all --jail j001", "End 5 bans in j001? Type 5 to do it:", "y")
			ask("unban --all --jail j002", "End 2 bans in j002? Type 2 to do it:", "2", "192.0.2.2 in j002 is unbanned", "192.0.2.3 in j002 is unbanned")
			ask("allow 198.51.100.7 --jail j002", "Never ban 198.51.100.7 in j002", "y", "198.51.100.7 in j002 is on the ignore list")
			ask("allow 198.51.100.7 --jail j002 --remove", "Take off the ignore list 198.51.100.7 in j002? [y/N]", "n")
			l.holds("j001", "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.50", "192.0.2.51")
			l.holds("j002")
			l.holds("j003")
			if got := l.client("get", "j002", "ignoreip"); !holds(got, "198.51.100.7") {
				t.Errorf("j002 ignores %s", got)
			}
			for _, a := range document[[]plain.Done](l, 0, "history --acts") {
				if a.TTY == "" {
					t.Errorf("from where is not in the journal: %+v", a)
				}
			}
			if n := len(l.journal()); n != 10 {
				t.Errorf("%d acts in the journal, want 10", n)
			}
		})
	}
}
