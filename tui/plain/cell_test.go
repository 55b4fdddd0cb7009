package plain_test

import (
	"encoding/csv"
	"regexp"
	"strings"
	"testing"

	"bantop/fail2ban"
	"bantop/model/banlist"
	"bantop/tui/plain"
	"bantop/tui/safetext"
)

// runs is a cell that a spreadsheet would calculate.
var runs = regexp.MustCompile(`^[\s"]*[=+\-@＝＋－＠]`)

// csvOf is a ban's line in the CSV file, cut into cells at a separator.
func csvOf(t *testing.T, ascii bool, address, jail string) (file string, cells []string) {
	t.Helper()
	var b strings.Builder
	row := banlist.Row{JailBan: fail2ban.JailBan{Jail: jail, Ban: fail2ban.Ban{Address: address}, Count: 3}}
	if err := plain.BansCSV(&b, safetext.Door{ASCII: ascii}, []banlist.Row{row}, true, t0); err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
	if err != nil || len(lines) != 2 {
		t.Fatalf("%q, %v", lines, err)
	}
	return b.String(), lines[1]
}

// TestCSVCell: what a spreadsheet would run is text; all else, and bantop's own
// numbers, stay as they are.
func TestCSVCell(t *testing.T) {
	for text, want := range map[string]string{
		`=HYPERLINK("http://x/","y")`: `'=HYPERLINK("http://x/","y")`,
		"+1+cmd|' /C calc'!A0":        "'+1+cmd|' /C calc'!A0",
		"-1":                          "'-1",
		"@SUM(1)":                     "'@SUM(1)",
		" =1":                         " '=1",
		`"=1`:                         `"'=1`,
		"\t=1":                        `\t=1`, // a mark, and no tab
		"\r=1":                        `\r=1`,
		"＝1":                          "'＝1",
		"＋1":                          "'＋1",
		"－1":                          "'－1",
		"＠x":                          "'＠x",
		"a;=1":                        "a;'=1",
		`a";" =1`:                     `a";" '=1`,
		"sshd":                        "sshd",
		"nginx-http-auth":             "nginx-http-auth",
		"192.0.2.1":                   "192.0.2.1",
		"2001:db8::/32":               "2001:db8::/32",
		"a=b+c-d@e;f":                 "a=b+c-d@e;f",
	} {
		if _, cells := csvOf(t, false, text, text); cells[0] != want || cells[1] != want || cells[6] != "3" || cells[7] != "false" || cells[8] != "" {
			t.Errorf("%q: %q, want %q", text, cells, want)
		}
	}
}

// FuzzCSV: no cell of a foreign text is run, wherever the cells are parted, and
// nothing of the text is lost.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{"=1", "a;=1", "x\";\"=1", "\t@", "＝", ";;;+", "\n-", "'=", "\ufeff=1", "\u00a0=1"} {
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, text string, ascii bool) {
		file, cells := csvOf(t, ascii, text, text)
		_, line, _ := strings.Cut(file, "\n")
		for _, c := range append(cells[:2], strings.Split(line, ";")...) {
			if runs.MatchString(c) {
				t.Errorf("%q has the cell %q", text, c)
			}
		}
		shown := string(safetext.Door{ASCII: ascii}.Text(text))
		if !ascii && strings.ReplaceAll(cells[0], "'", "") != strings.ReplaceAll(shown, "'", "") {
			t.Errorf("%q became %q", text, cells[0])
		}
	})
}
