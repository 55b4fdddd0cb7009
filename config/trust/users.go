package trust

import (
	"bufio"
	"io"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"strings"
	"syscall"
)

// ids are the owner and the group of a file.
func ids(info fs.FileInfo) (uid, gid int, known bool) {
	st, is := info.Sys().(*syscall.Stat_t)
	if !is {
		return -1, -1, false
	}
	return int(st.Uid), int(st.Gid), true
}

func userName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return "uid " + strconv.Itoa(uid)
}

func groupName(gid int) string {
	if g, err := user.LookupGroupId(strconv.Itoa(gid)); err == nil {
		return g.Name
	}
	return "gid " + strconv.Itoa(gid)
}

// groupFile lists the groups of the machine, group(5).
const groupFile = "/etc/group"

// privateGroup reports whether the group of a file is the one that only its owner
// is in, as adduser and useradd make it: it has the owner's name and no member.
// With the umask 002 of such users all that they make can be written by it. For
// root nobody is taken at his name: root's group counts as a group.
func privateGroup(info fs.FileInfo) bool {
	uid, gid, known := ids(info)
	if !known || uid == 0 || os.Geteuid() == 0 {
		return false
	}
	owner, err := user.LookupId(strconv.Itoa(uid))
	if err != nil || owner.Gid != strconv.Itoa(gid) {
		return false
	}
	f, err := os.Open(groupFile)
	if err != nil {
		return false
	}
	defer f.Close()
	return alone(f, gid, owner.Username)
}

// alone reports whether a group, by the list of all groups, has the name of a user
// and nobody else in it.
func alone(groups io.Reader, gid int, name string) bool {
	for lines := bufio.NewScanner(groups); lines.Scan(); {
		field := strings.Split(lines.Text(), ":")
		if len(field) == 4 && field[2] == strconv.Itoa(gid) {
			return field[0] == name && (field[3] == "" || field[3] == name)
		}
	}
	return false
}
