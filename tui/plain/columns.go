package plain

import (
	"io"
	"strings"

	"bantop/tui/safetext"
)

// columns writes rows of foreign text as a table, the first being the heading. A
// column in which nothing stands is left out.
func columns(w io.Writer, door safetext.Door, rows [][]string) error {
	if len(rows) == 1 {
		return nil
	}
	cells := make([][]safetext.Text, len(rows))
	widths, used := make([]int, len(rows[0])), make([]bool, len(rows[0]))
	for i, row := range rows {
		for j, text := range row {
			cell := door.Text(text)
			cells[i] = append(cells[i], cell)
			widths[j] = max(widths[j], cell.Width())
			used[j] = used[j] || i > 0 && cell != ""
		}
	}
	for _, row := range cells {
		var b strings.Builder
		for j, cell := range row {
			if used[j] {
				b.WriteString(string(cell) + strings.Repeat(" ", widths[j]-cell.Width()+2))
			}
		}
		if _, err := io.WriteString(w, strings.TrimRight(b.String(), " ")+"\n"); err != nil {
			return err
		}
	}
	return nil
}
