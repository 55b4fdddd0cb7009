package doctor

import (
	"encoding/binary"
	"os"
	"os/user"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// access is who may open a socket: to connect takes the right to write.
type access struct {
	who   []string // in words: "root", "group adm", "user mira"
	group string   // whose members may, beside root; "" is none
	all   bool     // everybody may
}

const write = 2 // the bit of a permission

// accessOf reads who may open a socket, by its mode and its ACL.
func accessOf(path string) (access, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return access{}, err
	}
	st, is := fi.Sys().(*syscall.Stat_t)
	if !is {
		return access{who: []string{"root"}}, nil
	}
	a := access{who: []string{"root"}}
	mode := fi.Mode().Perm()
	if st.Uid != 0 && mode>>6&write != 0 {
		a.who = append(a.who, "user "+userName(int(st.Uid)))
	}
	acl := readACL(path)
	if acl == nil && mode>>3&write != 0 {
		a.allow(aclEntry{tag: aclGroup, perm: write, id: st.Gid})
	}
	for _, e := range acl {
		if e.tag == aclGroupObj {
			e.tag, e.id = aclGroup, st.Gid
		}
		a.allow(e)
	}
	if mode&write != 0 {
		a.all = true
		a.who = append(a.who, "everybody")
	}
	return a, nil
}

// allow adds an entry of an ACL, where it may write. root's own group is root.
func (a *access) allow(e aclEntry) {
	switch {
	case e.perm&write == 0:
	case e.tag == aclUser:
		a.who = append(a.who, "user "+userName(int(e.id)))
	case e.tag == aclGroup && e.id != 0:
		a.group = groupName(e.id)
		a.who = append(a.who, "group "+a.group)
	}
}

// aclEntry is one entry of a POSIX ACL (acl(5); its form on disk is
// linux/posix_acl_xattr.h).
type aclEntry struct {
	tag, perm uint16
	id        uint32
}

const (
	aclUser     = 0x02
	aclGroupObj = 0x04
	aclGroup    = 0x08
	aclMask     = 0x10
)

// readACL reads the ACL of a file, with its mask applied; nil where there is
// none.
func readACL(path string) []aclEntry {
	buf := make([]byte, 4+8*64)
	n, err := unix.Getxattr(path, "system.posix_acl_access", buf)
	if err != nil {
		return nil
	}
	return parseACL(buf[:n])
}

func parseACL(b []byte) []aclEntry {
	const version, entry = 4, 8
	if len(b) < version || binary.LittleEndian.Uint32(b) != 2 {
		return nil
	}
	var all []aclEntry
	mask := uint16(7)
	for b = b[version:]; len(b) >= entry; b = b[entry:] {
		e := aclEntry{binary.LittleEndian.Uint16(b), binary.LittleEndian.Uint16(b[2:]), binary.LittleEndian.Uint32(b[4:])}
		if e.tag == aclMask {
			mask = e.perm
		}
		all = append(all, e)
	}
	for i := range all {
		all[i].perm &= mask
	}
	return all
}

func groupName(gid uint32) string {
	id := strconv.FormatUint(uint64(gid), 10)
	if g, err := user.LookupGroupId(id); err == nil {
		return g.Name
	}
	return id
}
