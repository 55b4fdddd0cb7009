package plain_test

import (
	"io"
	"time"

	"bantop/model"
	"bantop/tui/plain"
	"bantop/tui/safetext"
)

// made are the lists of what bantop changed in the configuration.
func made(text string) map[string]func(io.Writer) error {
	jail := func(name, was, now string) model.FileChange {
		f := model.FileChange{Dir: "jail.d", Name: name}
		if was != "" {
			f.Was = []byte(was)
		}
		if now != "" {
			f.Now = []byte(now)
		}
		return f
	}
	const on, off = "# mine\n[web]\nenabled = true\n", "# mine\n[web]\nenabled = false\n"
	all := []plain.Listed{
		{Made: model.Made{Number: 7, Act: "activate", Jail: "web", By: "lukas", TTY: "pts/3", Host: "web-3", At: t0, Ended: t0.Add(time.Minute),
			EndedBy: "mona (pts/4)", Files: []model.FileChange{jail("web.local", off, on)}}, States: []plain.FileState{plain.FileAsWas}},
		{Made: model.Made{Number: 8, Act: "revert", Jail: "web", By: "lukas", At: t0.Add(time.Hour), Reverts: 7,
			Files: []model.FileChange{jail("web.local", on, off)}}, States: []plain.FileState{plain.FileAsLeft}},
		{Made: model.Made{Number: 9, Act: "allow for good", Jail: "web", About: "198.51.100.7 in web", By: "root", At: t0.Add(2 * time.Hour),
			Files: []model.FileChange{jail("a.local", "", "[web]\n")}}, States: []plain.FileState{plain.FileChanged}},
		{Made: model.Made{Number: 10, Act: "set aside", By: "root", At: t0.Add(3 * time.Hour), Files: []model.FileChange{
			{Dir: "filter.d", Name: "x.local", Aside: "x.local.off"}, {Dir: "jail.d", Name: "y.local", Aside: "y.local.off"}}},
			States: []plain.FileState{plain.FileAsLeft, plain.FileUnknown}},
		{Made: model.Made{Number: 11, Act: text, Jail: text, About: text, By: text, TTY: text, Host: text, EndedBy: text, At: t0,
			Files: []model.FileChange{jail(text, text, "")}}, States: []plain.FileState{plain.FileAsLeft}},
	}
	door := safetext.Door{}
	return map[string]func(io.Writer) error{
		"70 changes":          func(w io.Writer) error { return plain.MadeText(w, door, all, "sudo bantop revert") },
		"71 changes, JSON":    func(w io.Writer) error { return plain.MadeJSON(w, all) },
		"72 no changes":       func(w io.Writer) error { return plain.MadeText(w, door, nil, "") },
		"73 no changes, JSON": func(w io.Writer) error { return plain.MadeJSON(w, nil) },
	}
}
