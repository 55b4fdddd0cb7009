package store

import (
	"bytes"
	"io"
	"os"
	"regexp"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"bantop/model"
)

// What is searched of a database that is not trusted.
const (
	maxSearched = 16 << 20 // bytes of a file
	maxChange   = 1 << 20  // bytes from the name of a changed file to the step of its change
	maxWaiting  = 5        // files that are named
)

var (
	changedFile = regexp.MustCompile(
		`"File":\{"Dir":"(jail\.d|filter\.d|action\.d)","Name":"([^"\\/\x00-\x1f\x7f]{1,255})"`)
	changedStep = regexp.MustCompile(`"Step":"([a-z ]{1,20})","Since":"([0-9T:.Z+-]{10,40})"`)
)

// waiting are the configuration files of changes that may not have ended when the
// database was set aside, such as "jail.d/x.local". Whoever is told looks at them;
// nothing else of the database is used. It is not opened as one: others may have
// written it, so its bytes are searched for what bantop writes there. They hold older
// states, too: of one file the newest counts.
func (f *folder) waiting(n int) []string {
	newest := make(map[string]changeState)
	var order []string
	for _, name := range []string{fileName, fileName + "-wal"} {
		for _, is := range changesIn(f.bytesOf(untrusted(name, n))) {
			was, seen := newest[is.file]
			if !seen {
				order = append(order, is.file)
			}
			if !seen || !is.since.Before(was.since) {
				newest[is.file] = is
			}
		}
	}
	order = slices.DeleteFunc(order, func(file string) bool { return newest[file].step.Over() })
	return order[:min(len(order), maxWaiting)]
}

// changeState is a change as it once stood: the file that it is made in, and its step
// since when; neither of these two if they were not found.
type changeState struct {
	file  string
	step  model.ChangeStep
	since time.Time
}

// changesIn finds changes in bytes that somebody else may have written, in a time that
// goes by their length alone: a step belongs to the file before it.
func changesIn(text []byte) []changeState {
	var out []changeState
	steps := changedStep.FindAllSubmatchIndex(text, -1)
	for _, at := range changedFile.FindAllSubmatchIndex(text, -1) {
		is := changeState{file: string(text[at[2]:at[3]]) + "/" + string(text[at[4]:at[5]])}
		if text[at[4]] == '.' {
			continue // fail2ban reads no hidden file
		}
		for len(steps) > 0 && steps[0][0] < at[1] {
			steps = steps[1:]
		}
		if len(steps) > 0 && steps[0][0] < at[1]+maxChange {
			is.step = model.ChangeStep(text[steps[0][2]:steps[0][3]])
			is.since, _ = time.Parse(time.RFC3339Nano, string(text[steps[0][4]:steps[0][5]])) // else it is an old one
		}
		out = append(out, is)
	}
	return out
}

// bytesOf is the beginning of a file that others may have written; nothing if it is not
// a regular one.
func (f *folder) bytesOf(name string) []byte {
	st, err := f.Lstat(name)
	if err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil // not even opened: a device may do something then
	}
	file, err := os.OpenFile(f.Path(name), os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer file.Close()
	var b bytes.Buffer
	_, _ = io.Copy(&b, io.LimitReader(file, maxSearched)) // what was read is searched
	return b.Bytes()
}
