package plain

import (
	"regexp"

	"bantop/tui/safetext"
)

// formula is what a spreadsheet begins to calculate at, instead of showing it: at the
// beginning of a cell, or behind a semicolon, which parts cells where the comma is
// the decimal point. Spreadsheets of East Asia take the wide forms, too. White space
// and quotes before it may be dropped when the file is read.
// (OWASP, CSV Injection.)
var formula = regexp.MustCompile(`((?:^|;)[\s"]*)([=+\-@＝＋－＠])`)

// cell is a foreign text as a cell of a CSV file: harmless on a terminal, and text,
// not a formula, in a spreadsheet, which a ' before it says.
func cell(door safetext.Door, text string) string {
	return formula.ReplaceAllString(string(door.Text(text)), "$1'$2")
}
