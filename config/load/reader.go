package load

import (
	"slices"

	"golang.org/x/sys/unix"

	"bantop/config"
)

// Reader reads the settings, and again when a file has changed. It may be used by
// one goroutine at a time.
type Reader struct {
	sources Sources
	good    map[string][]config.Value // what each file said when it was last right
	stamps  []stamp                   // of the files, before they were last read
	spoilt  bool                      // a file could not be used, the last time
}

// NewReader returns a Reader that has read nothing yet.
func NewReader(s Sources) *Reader {
	return &Reader{sources: s, good: make(map[string][]config.Value)}
}

// Read reads the sources. A file that became faulty says what it said when it was
// last right, a file that was named and does not exist too. The error is that of a flag.
func (r *Reader) Read() (Result, error) {
	var result Result
	var values []config.Value
	r.spoilt = false
	r.stamps = r.look() // before the reading: what is written meanwhile is noticed
	for _, f := range r.sources.files() {
		more, err := read(f)
		if err == nil {
			r.good[f.path] = more
		} else {
			fault := r.sources.faulty(f.path, err)
			more = r.good[f.path]
			fault.Kept = len(more) > 0
			result.Faults, r.spoilt = append(result.Faults, fault), true
		}
		values = append(values, more...)
	}
	return r.sources.lay(values, result)
}

// Changed reports whether a file has changed since the last Read, or was faulty
// then: what mends it may be done to a folder on the way to it. It costs a stat(2)
// a file.
func (r *Reader) Changed() bool {
	return r.spoilt || !r.Still()
}

// Still reports whether the files are as they were before the last Read.
func (r *Reader) Still() bool { return slices.Equal(r.stamps, r.look()) }

// stamp is what changes when a file is written to, replaced, or given other rights.
type stamp struct {
	device, inode uint64
	size          int64
	written       unix.Timespec // its content
	changed       unix.Timespec // its content, owner, mode, or number of names
	err           error         // it cannot be looked at
}

// look looks at the files, those that links lead to.
func (r *Reader) look() []stamp {
	var out []stamp
	for _, f := range r.sources.files() {
		var st unix.Stat_t
		if err := unix.Stat(f.path, &st); err != nil {
			out = append(out, stamp{err: err})
			continue
		}
		out = append(out, stamp{device: st.Dev, inode: st.Ino, size: st.Size, written: st.Mtim, changed: st.Ctim})
	}
	return out
}
