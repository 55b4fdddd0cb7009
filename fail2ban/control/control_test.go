package control

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bantop/fail2ban/fail2bantest"
)

// TestDump reads the configuration of a real fail2ban: the jails that it
// enables, their actions, and those that cannot be set up.
func TestDump(t *testing.T) {
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			install.Use(t)
			r := fail2bantest.NewReal(t, install, fail2bantest.RealOptions{Jails: []string{"postfix", "sshd"}, Actions: map[string]string{"sshd": "slow[seconds=3]"}})
			c := New(Options{Conf: r.ConfDir, Socket: r.Path, PIDFile: r.PIDFile})
			dump := func() (Dump, error) { return c.Dump(t.Context()) }
			check := func(what string, jails, faulty string) {
				t.Helper()
				d, err := dump()
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, j := range d.Jails {
					got = append(got, j.Name+"="+strings.Join(j.Actions, "+"))
				}
				if strings.Join(got, " ") != jails || strings.Join(d.Faulty, " ") != faulty {
					t.Errorf("%s: jails %q, faulty %q", what, got, d.Faulty)
				}
			}
			write := func(text string) {
				t.Helper()
				if err := os.WriteFile(filepath.Join(r.ConfDir, "jail.d", "x.local"), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			check("as it is", "postfix=noop sshd=slow", "")
			write("[postfix]\nenabled = false\n")
			check("one is disabled", "sshd=slow", "")
			write("[postfix]\naction =\n")
			check("one has no action", "postfix= sshd=slow", "")
			write("[postfix]\nfilter = absent\n")
			check("the filter of one is missing", "sshd=slow", "postfix")
			write("[it's \"odd\"]\nenabled = true\nlogpath = " + r.LogPath("sshd") + "\naction = noop\n  slow\n")
			check("an odd name, two actions", `it's "odd"=noop+slow postfix=noop sshd=slow`, "")
			write("[postfix\n")
			_, err := dump()
			e, ok := errors.AsType[*Error](err)
			if !ok || e.Code != 255 || !strings.HasPrefix(err.Error(), "read fail2ban's configuration: fail2ban-client ended with 255: ") {
				t.Errorf("a syntax error: %v", err)
			}
		})
	}
}

// TestRunFails: what goes wrong with the program itself is told.
func TestRunFails(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := New(Options{}).Dump(t.Context()); !errors.Is(err, ErrNoClient) || !strings.Contains(err.Error(), "read fail2ban's configuration") {
		t.Error(err)
	}
	script := filepath.Join(t.TempDir(), "slow")
	if err := os.WriteFile(script, []byte("#!/bin/sh\nexec /bin/sleep 60\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := New(Options{Program: script}).Dump(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.HasSuffix(err.Error(), "took too long") {
		t.Error(err)
	}
}

// TestParseDump walks the forms of lines.
func TestParseDump(t *testing.T) {
	d := parseDump(`['set', 'syslogsocket', 'auto']
['add', 'a', 'polling']
['set', 'a', 'addaction', 'x']
['multi-set', 'a', 'action', 'x', [['actionstart', '']]]
['set', 'a', 'addaction', 'y', '{"k": 1}']
['add', "it's", 'auto']
['add', 'tab\there\\\'\x41\u00e9', 'auto']
['set', 'thread', {'stacksize': 0}]
['add']
['add', 5]
nonsense
[`, "ERROR   Errors in jail 'b'. Skipping...\nWARNING x\nERROR   Errors in jail \"c'\". Skipping...\n")
	var names []string
	for _, j := range d.Jails {
		names = append(names, j.Name)
	}
	if !slices.Equal(names, []string{"a", "it's", "tab\there\\'Aé"}) || !slices.Equal(d.Jails[0].Actions, []string{"x", "y"}) || !slices.Equal(d.Faulty, []string{"b", "c'"}) {
		t.Errorf("got %+v", d)
	}
}

// FuzzParseDump feeds foreign lines: no crash.
func FuzzParseDump(f *testing.F) {
	f.Add("['add', 'a', 'b']\n", "Errors in jail 'x'. Skipping...")
	f.Add(`['set', "\x4`, "Errors in jail '\\")
	f.Fuzz(func(t *testing.T, out, errs string) { parseDump(out, errs) })
}
