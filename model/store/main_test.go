package store_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"bantop/fail2ban/testmain"
	"bantop/model"
	"bantop/model/store"
)

// being is the variable that makes the test binary another process: what it is to do,
// and where, with a colon between.
const being = "BANTOP_TEST_STORE"

func TestMain(m *testing.M) {
	do, dir, is := strings.Cut(os.Getenv(being), ":")
	if !is {
		testmain.Run(m)
	}
	if err := roles[do](dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// roles are what another process does, until its input ends. It prints a line when it
// has begun.
var roles = map[string]func(dir string) error{
	// opens the state as soon as it is told to, and writes to it.
	"open": func(dir string) error {
		fmt.Println("ready")
		await()
		s, err := store.Open(context.Background(), at(dir))
		if err != nil {
			return err
		}
		defer s.Close()
		_, err = s.Apply(context.Background(), model.EventsTold{Events: []model.Event{{Kind: model.BansMade, Count: 1}}})
		return err
	},
	// puts files, links and folders of its own where bantop's are, all the time.
	"plant": func(dir string) error {
		fmt.Println("ready")
		go func() {
			for {
				for _, name := range []string{"bantop.db", "bantop.db-wal", "bantop.lock"} {
					path := filepath.Join(dir, name)
					_ = os.WriteFile(path, []byte("planted"), 0o666)
					_ = os.Rename(path, path+".mine")
					_ = os.Symlink("/etc/shadow", path)
					_ = os.Rename(path, path+".mine")
					_ = os.Mkdir(path, 0o777)
					_ = os.Remove(path)
				}
			}
		}()
		await()
		return nil
	},
	// locks the folder for ever.
	"lock": func(dir string) error {
		fd, err := syscall.Open(dir, syscall.O_RDONLY|syscall.O_DIRECTORY, 0)
		if err == nil {
			err = syscall.Flock(fd, syscall.LOCK_EX)
		}
		fmt.Println("ready")
		await()
		return err
	},
	// acts, and holds the lease.
	"act": func(dir string) error {
		s, err := store.Open(context.Background(), at(dir))
		if err != nil {
			return err
		}
		if _, _, err := s.Lock(context.Background(), store.Acting{Act: "reload", Who: "lukas"}); err != nil {
			return err
		}
		if _, err := s.Lease(context.Background()); err != nil {
			return err
		}
		fmt.Println("ready")
		await()
		return nil
	},
}

func await() { bufio.NewScanner(os.Stdin).Scan() }

// start starts another process, as a user with one group, and returns what lets it go
// on and waits for its end.
func start(t *testing.T, do, dir string, uid, gid uint32) (pid int, end func() error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if uid != 0 { // who may not reach the folder of the test binary
		self = copyOf(t, self)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), being+"="+do+":"+dir)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: gid}}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr = nil
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := false
	end = func() error {
		ended = true
		_ = in.Close() // it may have ended already
		return cmd.Wait()
	}
	t.Cleanup(func() {
		if !ended {
			_ = cmd.Process.Kill()
			_ = end()
		}
	})
	if !bufio.NewScanner(out).Scan() {
		t.Fatalf("%s did not begin", do)
	}
	return cmd.Process.Pid, end
}

func copyOf(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "bantop-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	to := filepath.Join(dir, "bantop")
	if err := os.WriteFile(to, b, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return to
}
