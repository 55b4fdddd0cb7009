package control

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"bantop/config/trust"
)

// LookPath finds a program in the folders of PATH, as root in the safe ones and only
// one that is safe itself.
func LookPath(name string) (string, error) {
	if os.Geteuid() != 0 {
		return exec.LookPath(name)
	}
	var unsafe error
	path := os.Getenv("PATH")
	for _, dir := range filepath.SplitList(cmp.Or(safeFolders(path), defaultPath)) {
		file := filepath.Join(dir, name)
		if !executable(file) {
			continue
		}
		err := CheckProgram(file)
		if err == nil {
			return file, nil
		}
		unsafe = cmp.Or(unsafe, err)
	}
	if unsafe != nil {
		return "", unsafe
	}
	for _, dir := range filepath.SplitList(path) {
		if err := unsafeFolder(dir); err != nil && executable(filepath.Join(dir, name)) {
			return "", &UnsafeError{Name: name, Dir: dir, Cause: err}
		}
	}
	return "", &exec.Error{Name: name, Err: exec.ErrNotFound}
}

// CheckProgram is why root does not run a program, an *UnsafeError: others could have
// written it, or what a link leads to, or could put another in its place. nil if he
// does, and for every other user.
func CheckProgram(file string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	if err := unsafeProgram(file); err != nil {
		return &UnsafeError{Name: filepath.Base(file), Dir: filepath.Dir(file), File: true, Cause: err}
	}
	return nil
}

// unsafeProgram looks at a program and follows links. It is trust.Resolve, but for
// the system's folders, which count as safe.
func unsafeProgram(file string) error {
	const mostLinks = 40 // as in the kernel (path_resolution(7))
	for range mostLinks {
		if err := unsafeFolder(filepath.Dir(file)); err != nil {
			return err
		}
		info, err := os.Lstat(file)
		if err != nil {
			return err
		}
		if info.Mode()&os.ModeSymlink == 0 {
			return trust.Program(file, info)
		}
		if err := trust.Owned(file, info); err != nil {
			return err
		}
		to, err := os.Readlink(file)
		if err != nil {
			return err
		}
		if !filepath.IsAbs(to) {
			dir, err := filepath.EvalSymlinks(filepath.Dir(file)) // .. is that of /usr/bin, not of /bin
			if err != nil {
				return err
			}
			to = filepath.Join(dir, to)
		}
		file = to
	}
	return &os.PathError{Op: "resolve", Path: file, Err: unix.ELOOP}
}

// UnsafeError is a program that others than root could have written, or that only
// stands where they could have put it. It is as if there were none.
type UnsafeError struct {
	Name, Dir string
	File      bool  // the program itself is not safe; else its folder
	Cause     error // why it is not safe
}

func (e *UnsafeError) Error() string {
	return fmt.Sprintf("root runs no %s from %s: %v", e.Name, e.Dir, e.Cause)
}

// Is reports that there is no fail2ban-client, if that is the program.
func (e *UnsafeError) Is(target error) bool {
	return target == ErrNoClient && e.Name == "fail2ban-client"
}

// Hint is what to do next.
func (e *UnsafeError) Hint() string {
	const sure = "make sure of what is in it, then: "
	if cause, is := errors.AsType[*trust.Error](e.Cause); e.File && is && cause.Hint() != "" {
		return sure + strings.TrimPrefix(cause.Hint(), sure)
	}
	return "install it where only root may write, or name such a folder in PATH: env PATH=" + defaultPath + " bantop"
}

func executable(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode().IsRegular() && unix.Access(file, unix.X_OK) == nil
}
