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

// groupFile and userFile list the groups and the users of the machine, group(5) and
// passwd(5).
const (
	groupFile = "/etc/group"
	userFile  = "/etc/passwd"
)

// privateGroup reports whether the group of a file is the one that only its owner
// is in, as adduser and useradd make it: it has the owner's name, no member, and is
// no other user's primary group. With the umask 002 of such users all that they make
// can be written by it. For root nobody is taken at his name: root's group counts as
// a group. Users that no file lists (LDAP) are not seen.
func privateGroup(info fs.FileInfo) bool {
	uid, gid, known := ids(info)
	if !known || uid == 0 || os.Geteuid() == 0 {
		return false
	}
	owner, err := user.LookupId(strconv.Itoa(uid))
	if err != nil || owner.Gid != strconv.Itoa(gid) {
		return false
	}
	groups, err := os.Open(groupFile)
	if err != nil {
		return false
	}
	defer groups.Close()
	users, err := os.Open(userFile)
	if err != nil {
		return false
	}
	defer users.Close()
	return alone(groups, users, gid, owner.Username)
}

// alone reports whether a group, by the lists of all groups and of all users, has the
// name of a user and nobody else in it. A list that cannot be read to its end proves
// nothing.
func alone(groups, users io.Reader, gid int, name string) bool {
	lines := bufio.NewScanner(users)
	for lines.Scan() {
		// A member by the primary group is listed nowhere else: NAME:x:UID:GID:…
		if field := strings.Split(lines.Text(), ":"); len(field) > 3 && field[3] == strconv.Itoa(gid) && field[0] != name {
			return false
		}
	}
	if lines.Err() != nil {
		return false
	}
	found := false
	lines = bufio.NewScanner(groups)
	for lines.Scan() {
		field := strings.Split(lines.Text(), ":")
		if len(field) != 4 || field[2] != strconv.Itoa(gid) {
			continue
		}
		if field[0] != name || field[3] != "" && field[3] != name { // also of a second name for the same group
			return false
		}
		found = true
	}
	return found && lines.Err() == nil
}
