package plain

import (
	"io"
	"strings"
	"time"

	"bantop/model"
	"bantop/tui/safetext"
	"bantop/tui/words"
)

// FileState is how a file stands that bantop changed.
type FileState string

// The states of a file.
const (
	FileAsLeft  FileState = "as bantop left it"
	FileAsWas   FileState = "as it was before"
	FileChanged FileState = "changed since"
	FileUnknown FileState = "unknown" // it cannot be read
)

// Listed is a change that bantop made, and how its files stand now, in their order.
type Listed struct {
	model.Made
	States []FileState
}

// revertible reports whether bantop can take the change back: all files are as it left
// them.
func (l Listed) revertible() bool {
	for _, s := range l.States {
		if s != FileAsLeft {
			return false
		}
	}
	return true
}

// MadeChange is a change of the configuration that was confirmed, under names that stay.
type MadeChange struct {
	Number      int        `json:"number"`
	At          time.Time  `json:"at"`
	Act         string     `json:"act"`
	Jail        string     `json:"jail"`
	About       string     `json:"about"` // addresses
	By          string     `json:"by"`
	TTY         string     `json:"tty"`
	Host        string     `json:"host"`
	ConfirmedAt time.Time  `json:"confirmed_at"`
	ConfirmedBy string     `json:"confirmed_by"` // "" where nobody had to
	Reverts     int        `json:"reverts"`      // the number of the change that it took back; 0: none
	Revertible  bool       `json:"revertible"`
	Files       []MadeFile `json:"files"`
}

// MadeFile is one file of it.
type MadeFile struct {
	File       string   `json:"file"`       // from the top of the configuration folder
	Renamed    string   `json:"renamed_to"` // "" where it kept its name
	State      string   `json:"state"`
	Difference []string `json:"difference"` // lines behind "- " that went, and behind "+ " that came
}

func madeChange(l Listed) MadeChange {
	out := MadeChange{Number: l.Number, At: l.At.UTC(), Act: l.Act, Jail: l.Jail, About: l.About, By: l.By, TTY: l.TTY,
		Host: l.Host, ConfirmedAt: l.Ended.UTC(), ConfirmedBy: l.EndedBy, Reverts: l.Reverts, Revertible: l.revertible(),
		Files: []MadeFile{}}
	for i, f := range l.Files {
		out.Files = append(out.Files, MadeFile{File: f.Dir + "/" + f.Name, Renamed: f.Aside, State: string(l.States[i]),
			Difference: list(words.Diff(string(f.Was), string(f.Now)))})
	}
	return out
}

// MadeJSON writes what bantop changed as JSON, oldest first.
func MadeJSON(w io.Writer, all []Listed) error {
	out := []MadeChange{}
	for _, l := range all {
		out = append(out, madeChange(l))
	}
	return writeJSON(w, out)
}

// MadeText writes what bantop changed for people, oldest first. revert is the command
// that takes one back, without its number.
func MadeText(w io.Writer, door safetext.Door, all []Listed, revert string) error {
	if len(all) == 0 {
		_, err := io.WriteString(w, "bantop has changed nothing in the configuration yet\n")
		return err
	}
	var b strings.Builder
	for i, l := range all {
		if i > 0 {
			b.WriteString("\n")
		}
		for _, text := range madeLines(l, revert) {
			b.WriteString(string(door.Text(text)) + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func madeLines(l Listed, revert string) []string {
	lines := []string{words.Made(l.Made)}
	for i, f := range l.Files {
		file := "  " + f.Dir + "/" + f.Name
		if f.Aside != "" {
			file += ", renamed to " + f.Aside
		}
		lines = append(lines, file+": "+string(l.States[i]))
		for _, d := range words.Diff(string(f.Was), string(f.Now)) {
			lines = append(lines, "    "+d)
		}
	}
	if l.revertible() {
		lines = append(lines, "  take it back: "+revert+" "+words.Count(l.Number))
	}
	return lines
}
