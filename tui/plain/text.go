package plain

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/template"
	"time"

	"bantop/model"
	"bantop/tui/safetext"
	"bantop/tui/words"
)

// JSON writes the status as one indented document.
func (s Status) JSON(w io.Writer) error {
	return writeJSON(w, s)
}

// writeJSON writes a value for programs, indented for people who look at it.
func writeJSON(w io.Writer, v any) error {
	doc, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	_, err = w.Write(safetext.JSON(append(doc, '\n')))
	return err
}

// Execute writes the status through a template, which sees the fields of
// Status: {{.Status}} {{.Totals.Banned}} {{range .Jails}}{{.Name}} {{end}}.
// A line end is added where the template gives none.
func (s Status) Execute(w io.Writer, door safetext.Door, text string) error {
	t, err := template.New("format").Option("missingkey=error").Parse(text)
	if err != nil {
		return fmt.Errorf("read the template: %w", err)
	}
	var b strings.Builder
	if err := t.Execute(&b, s); err != nil {
		return fmt.Errorf("fill in the template: %w", err)
	}
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	for i, line := range lines {
		lines[i] = string(door.Text(line))
	}
	_, err = io.WriteString(w, strings.Join(lines, "\n")+"\n")
	return err
}

// Text writes the state for people.
func Text(w io.Writer, door safetext.Door, s model.State) error {
	var b strings.Builder
	say := func(parts ...string) {
		var kept []string
		for _, p := range parts {
			if p != "" {
				kept = append(kept, string(door.Text(p)))
			}
		}
		b.WriteString(strings.Join(kept, "   ") + "\n")
	}
	r := s.Runtime
	server := r.Server
	version, up := "", ""
	if server.Version != "" {
		version = "fail2ban " + server.Version
	}
	if d := server.Uptime(s.Now); d > 0 {
		up = "up " + words.Span(d)
	}
	say(words.Status(r), version, up)
	clock := func(t time.Time) string { return t.Local().Format(time.TimeOnly) }
	if reason := words.Reason(r, clock); reason != "" {
		say(reason)
	}
	if server.Hint != "" {
		say("next: " + server.Hint)
	}
	if c := words.Change(r, s.Now); c != "" {
		say(c)
	}
	if p := words.Pending(r, clock); p != "" {
		say(p)
	}
	if s.Sharing.Reason != "" {
		say("not shared: " + s.Sharing.Reason)
		if s.Sharing.Next != "" {
			say("next: " + s.Sharing.Next)
		}
	}
	if server.Kind.Up() {
		say(fmt.Sprintf("banned %s", words.Count(server.Totals.Banned)), "failing "+words.Count(server.Totals.Failing),
			words.Jails(r))
	}
	if rows := r.Rows(); server.Kind.Up() && len(rows) > 0 {
		b.WriteString("\n")
		if err := table(&b, door, rows); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// table writes a line a jail: names to the left, numbers to the right.
func table(w io.Writer, door safetext.Door, jails []model.Jail) error {
	rows := [][]safetext.Text{{"JAIL", "STATE", "BANNED", "TOTAL", "FAILING", "FAILED"}}
	for _, j := range jails {
		row := []safetext.Text{door.Text(j.Name), safetext.Text(j.State)}
		for _, n := range []int{j.Banned, j.TotalBanned, j.Failing, j.TotalFailed} {
			if !j.State.Listed() {
				row = append(row, "-")
				continue
			}
			row = append(row, safetext.Text(words.Count(n)))
		}
		rows = append(rows, row)
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], cell.Width())
		}
	}
	const names = 2 // columns of names; the others are numbers
	for _, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			blanks := strings.Repeat(" ", widths[i]-cell.Width())
			switch {
			case i == 0:
				b.WriteString(string(cell) + blanks)
			case i < names:
				b.WriteString("  " + string(cell) + blanks)
			default:
				b.WriteString("  " + blanks + string(cell))
			}
		}
		if _, err := io.WriteString(w, b.String()+"\n"); err != nil {
			return err
		}
	}
	return nil
}
