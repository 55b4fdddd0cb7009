package confdir_test

import (
	"encoding/binary"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"bantop/fail2ban/confdir"
	"bantop/fail2ban/fail2bantest"
)

const (
	accessList  = "system.posix_acl_access"
	defaultList = "system.posix_acl_default"
	label       = "security.selinux"
)

// acl is an access list as the kernel keeps it (acl(5), linux/posix_acl_xattr.h): the
// owner rw, the user 1000 what is given, the group and the mask r, others nothing.
func acl(user uint16) string {
	b := binary.LittleEndian.AppendUint32(nil, 2)
	for _, e := range []struct {
		tag, perm uint16
		id        uint32
	}{{1, 6, ^uint32(0)}, {2, user, 1000}, {4, 4, ^uint32(0)}, {16, 4, ^uint32(0)}, {32, 0, ^uint32(0)}} {
		b = binary.LittleEndian.AppendUint16(b, e.tag)
		b = binary.LittleEndian.AppendUint16(b, e.perm)
		b = binary.LittleEndian.AppendUint32(b, e.id)
	}
	return string(b)
}

// attributesOf are all extended attributes of a file.
func attributesOf(t *testing.T, path string) map[string]string {
	t.Helper()
	all := make(map[string]string)
	b := make([]byte, 1<<16)
	n, err := unix.Llistxattr(path, b)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Split(strings.TrimSuffix(string(b[:n]), "\x00"), "\x00") {
		if name == "" {
			continue
		}
		value := make([]byte, 1<<16)
		n, err := unix.Lgetxattr(path, name, value)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = string(value[:n])
	}
	return all
}

// onDisks runs a test in jail.d on the file system of temporary files, and on a tmpfs.
func onDisks(t *testing.T, test func(t *testing.T, conf string)) {
	fail2bantest.NeedRoot(t) // who alone may set a label
	for name, dir := range map[string]func(*testing.T) string{
		"temp":  func(t *testing.T) string { return fail2bantest.TempDir(t) },
		"tmpfs": func(t *testing.T) string { return fail2bantest.SmallDisk(t, "1m") },
	} {
		t.Run(name, func(t *testing.T) {
			conf := dir(t)
			if err := os.Mkdir(filepath.Join(conf, "jail.d"), 0o755); err != nil {
				t.Fatal(err)
			}
			test(t, conf)
		})
	}
}

// TestReplaceKeepsAttributes: a file that is replaced keeps every extended attribute,
// its owner and its mode, and gets none that the folder gives to new files; as often
// as it is replaced, also back.
func TestReplaceKeepsAttributes(t *testing.T) {
	onDisks(t, func(t *testing.T, conf string) {
		for name, want := range map[string]map[string]string{
			"plain.local": {},
			"all.local": {"user.note": "kept", "user.empty": "", "user.long": strings.Repeat("x", 3000), "trusted.x": "1",
				label: "system_u:object_r:fail2ban_conf_t:s0\x00", accessList: acl(4)},
			"list.local": {accessList: acl(7)},
		} {
			path := filepath.Join(conf, "jail.d", name)
			if err := errors.Join(os.WriteFile(path, []byte("a"), 0o600), os.Chown(path, 1000, 1001), os.Chmod(path, 0o640)); err != nil {
				t.Fatal(err)
			}
			for a, value := range want {
				if err := unix.Setxattr(path, a, []byte(value), 0); err != nil {
					t.Fatalf("%s: %v", a, err)
				}
			}
			want = attributesOf(t, path) // with the label that a machine with SELinux gives
			if err := unix.Setxattr(filepath.Dir(path), defaultList, []byte(acl(6)), 0); err != nil {
				t.Fatal(err)
			}
			mode := stat(t, path).Mode
			for _, text := range []string{"b", "c", "a"} {
				was, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if err := replace(t, conf, name, was, []byte(text)); err != nil {
					t.Fatal(err)
				}
				st := stat(t, path)
				if got := attributesOf(t, path); !maps.Equal(got, want) || st.Mode != mode || st.Uid != 1000 || st.Gid != 1001 {
					t.Errorf("%s: %q, %o %d %d\nwant %q, %o", name, got, st.Mode, st.Uid, st.Gid, want, mode)
				}
			}
		}
	})
}

func stat(t *testing.T, path string) (st unix.Stat_t) {
	t.Helper()
	if err := unix.Lstat(path, &st); err != nil {
		t.Fatal(err)
	}
	return st
}

func replace(t *testing.T, conf, name string, was, now []byte) error {
	t.Helper()
	dir, err := confdir.OpenDir(conf, "jail.d")
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	return dir.Replace(name, was, now)
}

// TestReplaceLosesNoAttribute: where an attribute cannot be kept, the file stays as it
// is, and the error names the attribute.
func TestReplaceLosesNoAttribute(t *testing.T) {
	const other = "security.other" // which only root may set
	onDisks(t, func(t *testing.T, conf string) {
		folder := filepath.Join(conf, "jail.d")
		path := filepath.Join(folder, "x.local")
		if err := errors.Join(os.Chmod(conf, 0o755), os.WriteFile(path, []byte("a"), 0o640), os.Chown(folder, 65534, 0), os.Chown(path, 65534, 0),
			unix.Setxattr(path, other, []byte("system_u:object_r:x_t:s0"), 0)); err != nil {
			t.Fatal(err)
		}
		before := fail2bantest.Tree(t, conf)
		fail2bantest.AsNobody(t, func() {
			header, none := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, [2]unix.CapUserData{}
			if err := unix.Capset(&header, &none[0]); err != nil { // of this thread, which ends here
				t.Error(err)
				return
			}
			err := replace(t, conf, "x.local", []byte("a"), []byte("b"))
			if err == nil || !strings.Contains(err.Error(), path+": its attribute "+other+" would be lost: ") || !strings.Contains(confdir.Hint(err), "setfattr -x "+other) {
				t.Errorf("%v; %s", err, confdir.Hint(err))
			}
		})
		if after := fail2bantest.Tree(t, conf); after != before {
			t.Errorf("it was\n%s\nand is\n%s", before, after)
		}
	})
}
