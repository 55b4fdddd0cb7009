package country

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"

	"github.com/oschwald/maxminddb-golang/v2"
	"golang.org/x/sys/unix"
)

// mostBytes is how large a database may be: GeoLite2-City is some 60 MB.
const mostBytes = 1 << 30

// read calls a function with the database.
//
// The file is mapped into memory for as long as the function takes, and no longer:
// to map it takes 25 µs (measured), so it is always the newest one that is asked, all
// panes share the kernel's one copy of it, and nothing of it stays in this process
// between two lists of bans. A copy of its own would be 9 MB of GeoLite2-Country
// and 60 MB of GeoLite2-City for each pane, twice as much while it is renewed.
//
// What is mapped can go away: where somebody cuts the file short in place, instead
// of putting another into its place as geoipupdate does, the kernel sends SIGBUS to
// whoever reads on. In this goroutine that is a panic (debug.SetPanicOnFault), and
// the panic an error. So is any other that a foreign file brings about.
func (d *Database) read(with func(file) error) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("read the country database %s: %w", d.path, err)
		}
	}()
	data, err := mapped(d.path)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Munmap(data) }() // it was only read
	return readFrom(data, with)
}

// readFrom calls a function with the database that foreign bytes are. Nothing that
// it gives out refers to them.
func readFrom(data []byte, with func(file) error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fault(p)
		}
	}()
	r, err := maxminddb.OpenBytes(data, maxminddb.DisableStringCache())
	if err != nil {
		return fmt.Errorf("it is no MMDB file, or a damaged one: %s", cut(err.Error()))
	}
	return with(file{r, len(data)})
}

// fault is the error that a panic means.
func fault(p any) error {
	if f, is := p.(interface{ Addr() uintptr }); is && f.Addr() != 0 {
		return errors.New("it was cut short while it was read: put a new one into its place instead of writing over it")
	}
	return fmt.Errorf("it is damaged: %s", cut(fmt.Sprint(p)))
}

// mapped maps a file into memory. What is no file is not waited for.
func mapped(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, withoutPath(err)
	}
	defer f.Close()
	fi, err := f.Stat()
	switch {
	case err != nil:
		return nil, withoutPath(err)
	case !fi.Mode().IsRegular():
		return nil, errors.New("it is no file")
	case fi.Size() == 0:
		return nil, errors.New("it is empty")
	case fi.Size() > mostBytes:
		return nil, fmt.Errorf("it is larger than %d MB", mostBytes>>20)
	}
	data, err := unix.Mmap(int(f.Fd()), 0, int(fi.Size()), unix.PROT_READ, unix.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("map it into memory: %w", err)
	}
	return data, nil
}

// withoutPath is an error of a file without its path, which is told already.
func withoutPath(err error) error {
	if e, is := errors.AsType[*fs.PathError](err); is {
		return e.Err
	}
	return err
}
