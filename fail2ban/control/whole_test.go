package control

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// clientThat is a fail2ban-client that is a shell script.
func clientThat(t *testing.T, script string) *Control {
	t.Helper()
	program := filepath.Join(t.TempDir(), "fail2ban-client")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	return New(Options{Program: program})
}

// acts are what must not stop half-way.
var acts = map[string]func(*Control, context.Context) error{
	"reload":      (*Control).Reload,
	"reload jail": func(c *Control, ctx context.Context) error { return c.ReloadJail(ctx, "sshd") },
	"restart":     func(c *Control, ctx context.Context) error { return c.Restart(ctx, Runs) },
	"start":       func(c *Control, ctx context.Context) error { return c.Restart(ctx, Stopped) },
}

// TestActsGoOn: an act that has begun is carried out although bantop ends meanwhile, in
// a session of its own, and its output does not stop it.
func TestActsGoOn(t *testing.T) {
	for name, act := range acts {
		dir := t.TempDir()
		c := clientThat(t, fmt.Sprintf("echo $$ >%[1]s/begun\nwhile [ ! -e %[1]s/ended ]; do sleep 0.05; done\n"+
			"echo out; echo err >&2\ncut -d' ' -f1,6 /proc/$$/stat >%[1]s/stat.new && mv %[1]s/stat.new %[1]s/stat\n", dir))
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error)
		go func() { result <- act(c, ctx) }()
		awaitFile(t, filepath.Join(dir, "begun"))
		cancel()
		select {
		case err := <-result:
			if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "it goes on by itself") {
				t.Errorf("%s: %v", name, err)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%s: it is waited for", name)
		}
		if err := os.WriteFile(filepath.Join(dir, "ended"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		stat := strings.Fields(awaitFile(t, filepath.Join(dir, "stat")))
		if len(stat) != 2 || stat[0] != stat[1] {
			t.Errorf("%s: process and session are %v", name, stat)
		}
	}
}

// awaitFile waits for a file, and returns its text.
func awaitFile(t *testing.T, name string) string {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if b, err := os.ReadFile(name); err == nil && len(b) > 0 {
			return string(b)
		}
	}
	t.Fatalf("%s is not there", name)
	return ""
}

// TestActsTimeOut: an act whose time is over is ended, and one that fails says why.
func TestActsTimeOut(t *testing.T) {
	for name, act := range acts {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		began := time.Now()
		err := act(clientThat(t, "exec sleep 60\n"), ctx)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 20*time.Second {
			t.Errorf("%s: %v after %v", name, err, time.Since(began))
		}
		refuses := clientThat(t, "echo all is well\necho '2026 fail2ban [1]: ERROR   no such jail' >&2\nexit 255\n")
		err = act(refuses, t.Context())
		if e, is := errors.AsType[*Error](err); !is || e.Code != 255 || e.Output != "no such jail" {
			t.Errorf("%s: %v", name, err)
		}
		if err := act(clientThat(t, "exit 0\n"), t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
