package runner

import (
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"bantop/fail2ban/ending"
)

// watcher hurries the next look when the server's log is written to: a ban is
// on the screen when it happens, and an idle server is not asked more often
// for it. It is an addition: where the log cannot be watched, the looks keep
// their pace.
type watcher struct {
	mu   sync.Mutex
	path string // that is watched now
}

// breath is the least time between two looks that the log hurries: an attack
// writes hundreds of lines a second.
const breath = 400 * time.Millisecond

// watch watches a log file until ctx ends, unless it does so already. Log
// targets that are no file (SYSLOG, STDOUT, …) are not watched.
func (w *watcher) watch(ctx context.Context, path string, changed func()) {
	if !filepath.IsAbs(path) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.path != "" {
		return
	}
	f, err := inotify(path)
	if err != nil {
		return
	}
	w.path = path
	stop := context.AfterFunc(ctx, func() { f.Close() })
	ending.Go(func() {
		defer stop()
		defer f.Close()
		follow(ctx, f, changed)
		w.mu.Lock()
		w.path = "" // rotated or gone: the next look at the details finds the new one
		w.mu.Unlock()
	})
}

// inotify opens a stream of the changes to a file (inotify(7)).
func inotify(path string) (*os.File, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "inotify")
	if _, err := unix.InotifyAddWatch(fd, path, unix.IN_MODIFY|unix.IN_MOVE_SELF|unix.IN_DELETE_SELF); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// follow calls changed after each change, with a breath in between, until the
// file is moved away or removed.
func follow(ctx context.Context, f *os.File, changed func()) {
	const header = unix.SizeofInotifyEvent // a watched file has no name behind it
	buf := make([]byte, 64*header)
	for {
		n, err := f.Read(buf)
		if err != nil {
			return
		}
		changed()
		for at := 0; at+header <= n; at += header {
			mask := binary.NativeEndian.Uint32(buf[at+4:])
			if mask&(unix.IN_MOVE_SELF|unix.IN_DELETE_SELF|unix.IN_IGNORED) != 0 {
				return
			}
		}
		select {
		case <-time.After(breath):
		case <-ctx.Done():
			return
		}
	}
}
