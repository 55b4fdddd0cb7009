package confdir

import (
	"bytes"
	"io"
	"io/fs"
	"path"
	"slices"
	"time"
)

// Overlay is a configuration folder in which one file has another content; with
// none, it is not there.
type Overlay struct {
	fs.FS
	Name string // from the top of the folder
	Text []byte
}

// Open opens a file.
func (o Overlay) Open(name string) (fs.File, error) {
	switch {
	case name != o.Name:
		return o.FS.Open(name)
	case o.Text == nil:
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	default:
		return &overlaid{o, bytes.NewReader(o.Text)}, nil
	}
}

// ReadDir lists a folder.
func (o Overlay) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(o.FS, name)
	if err != nil || path.Dir(o.Name) != name {
		return entries, err
	}
	base := path.Base(o.Name)
	entries = slices.DeleteFunc(slices.Clone(entries), func(e fs.DirEntry) bool { return e.Name() == base })
	if o.Text == nil {
		return entries, nil
	}
	at, _ := slices.BinarySearchFunc(entries, base, func(e fs.DirEntry, name string) int { return bytes.Compare([]byte(e.Name()), []byte(name)) })
	return slices.Insert(entries, at, fs.FileInfoToDirEntry(overlaidInfo{o})), nil
}

// overlaid is the file, open.
type overlaid struct {
	Overlay
	io.Reader
}

func (f *overlaid) Stat() (fs.FileInfo, error) { return overlaidInfo{f.Overlay}, nil }
func (f *overlaid) Close() error               { return nil }

type overlaidInfo struct{ of Overlay }

func (i overlaidInfo) Name() string       { return path.Base(i.of.Name) }
func (i overlaidInfo) Size() int64        { return int64(len(i.of.Text)) }
func (i overlaidInfo) Mode() fs.FileMode  { return 0o644 }
func (i overlaidInfo) ModTime() time.Time { return time.Time{} }
func (i overlaidInfo) IsDir() bool        { return false }
func (i overlaidInfo) Sys() any           { return nil }
