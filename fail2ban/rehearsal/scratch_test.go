package rehearsal

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bantop/fail2ban/control"
	"bantop/fail2ban/fail2bantest"
)

// TestServerProgramIsChecked: root runs no fail2ban-server beside the client that
// somebody else could have written.
func TestServerProgramIsChecked(t *testing.T) {
	fail2bantest.NeedRoot(t)
	dir := t.TempDir()
	client, server := filepath.Join(dir, "fail2ban-client"), filepath.Join(dir, serverName)
	for _, file := range []string{client, server} {
		if err := os.WriteFile(file, []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := serverProgram(client); got != server || err != nil {
		t.Errorf("root's: %s, %v", got, err)
	}
	if err := os.Chmod(server, 0o757); err != nil {
		t.Fatal(err)
	}
	got, err := serverProgram(client)
	_, is := errors.AsType[*control.UnsafeError](err)
	if !is || !strings.Contains(err.Error(), server+" can be written by everybody") {
		t.Errorf("everybody's: %q, %v", got, err)
	}
}
