package control

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"bantop/fail2ban/ending"
)

// whole runs fail2ban-client for something that must not stop half-way: a restart
// that ends between stop and start leaves the machine unguarded. So a ctx that is
// cancelled, because bantop ends, ends only the waiting; one whose time is over ends
// the run, as ever. The keys of the terminal do not reach it, and it writes into a
// file of its own, not into a pipe that breaks when bantop has ended.
func (c *Control) whole(ctx context.Context, doing string, args ...string) error {
	program, err := c.program()
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return wholly(ctx, doing, program, append(c.flags(), args...)...)
}

// wholly is whole for any program.
func wholly(ctx context.Context, doing, program string, args ...string) error {
	name := filepath.Base(program)
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	said := os.NewFile(uintptr(fd), "output of "+name)
	timed, cancel := onlyDeadline(ctx)
	cmd := Command(timed, program, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Stderr = said
	if err := cmd.Start(); err != nil {
		cancel()
		return errors.Join(&Error{Doing: doing, Program: name, Code: -1, Cause: err}, said.Close())
	}
	ended := make(chan error, 1)
	ending.Go(func() {
		defer cancel()
		defer said.Close()
		err := cmd.Wait()
		if err != nil {
			err = failed(timed, doing, name, err, output(said))
		}
		ended <- err
	})
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return <-ended
	}
	return &Error{Doing: doing, Program: name, Code: -1, Output: "it goes on by itself", Cause: ctx.Err()}
}

// failed is the error of a run.
func failed(ctx context.Context, doing, program string, err error, said string) error {
	code := -1
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = exit.ExitCode()
	}
	if ctx.Err() != nil {
		code, err = -1, ctx.Err()
	}
	return &Error{Doing: doing, Program: program, Code: code, Output: Reason(said), Cause: err}
}

// onlyDeadline is a context that ends when the time of another is over, and not when
// that is cancelled.
func onlyDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if until, timed := ctx.Deadline(); timed {
		return context.WithDeadline(context.WithoutCancel(ctx), until)
	}
	const most = 10 * time.Minute // nothing that fail2ban-client does takes longer
	return context.WithTimeout(context.WithoutCancel(ctx), most)
}

// output is what a run wrote, as far as anybody reads it.
func output(f *os.File) string {
	const most = 1 << 20
	b := make([]byte, most)
	n, _ := f.ReadAt(b, 0) // the end of the file
	return strings.ToValidUTF8(string(b[:n]), "?")
}
