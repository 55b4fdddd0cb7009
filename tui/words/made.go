package words

import (
	"fmt"
	"time"

	"bantop/model"
)

// Made is a change of the configuration that was confirmed, in a line: its number, when,
// what, who.
func Made(m model.Made) string {
	text := fmt.Sprintf("%d  %s  %s", m.Number, m.At.Local().Format(time.DateTime), madeAct(m))
	if who := m.Person(); who != "" {
		text += "  by " + who
	}
	if m.EndedBy != "" {
		text += ", confirmed by " + m.EndedBy
	}
	return text
}

// madeAct is what was done: "activate sshd", "allow for good 198.51.100.7 in sshd".
func madeAct(m model.Made) string {
	text := m.Act
	if m.About != "" {
		return text + " " + m.About
	}
	if m.Jail != "" {
		text += " " + m.Jail
	}
	if m.Reverts > 0 {
		text += fmt.Sprintf(" (takes back %d)", m.Reverts)
	}
	return text
}

// NothingToTakeBack says that the files of a change are as they were before it.
func NothingToTakeBack(m model.Made) string {
	var files []string
	for _, f := range m.Files {
		files = append(files, f.Dir+"/"+f.Name)
	}
	return fmt.Sprintf("nothing to do: as before change %d: %s", m.Number, List(files))
}

// revertQuestion names what taking back a change would do.
func revertQuestion(p model.Preparing) string {
	m := p.Reverted()
	text := fmt.Sprintf("Take back change %d (%s, %s)? ", m.Number, madeAct(m), m.At.Local().Format(time.DateTime))
	for _, f := range p.Files() {
		switch {
		case f.Aside != "":
			text += f.Dir + "/" + f.Name + " gets the name " + f.Aside + " again. "
		case f.Now == nil:
			text += f.Dir + "/" + f.Name + " is removed. "
		default:
			text += f.Dir + "/" + f.Name + " is written as it was. "
		}
	}
	return text
}
