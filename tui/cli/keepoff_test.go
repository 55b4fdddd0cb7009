package cli

import "os"

// nowhere is a folder that is not there and that nobody can make.
const nowhere = "/proc/bantop"

// KeepOff keeps this process, which is a test or a bantop that one starts, off the
// settings and the state of this machine: where a test forgets to name its own, it
// finds none. The environment of a bantop is what its test says.
func KeepOff(test bool) {
	adminFile, rootState = nowhere+"/bantop.toml", nowhere+"/state"
	if !test {
		return
	}
	for _, name := range []string{"XDG_CONFIG_HOME", "XDG_STATE_HOME"} {
		if err := os.Setenv(name, nowhere); err != nil {
			panic(err)
		}
	}
}

// Own are the administrator's settings file and root's state folder.
func Own() (admin, state string) { return adminFile, rootState }
