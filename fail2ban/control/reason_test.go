package control

import (
	"strings"
	"testing"
)

// TestReason walks what fail2ban-client says when it fails, and what stands in a
// server's log.
func TestReason(t *testing.T) {
	const log = "2026-11-25 02:58:03,555 fail2ban [1]: "
	for said, want := range map[string]string{
		"":                                      "",
		"usage":                                 "usage",
		"usage\nnothing":                        "nothing",
		"x WARNING a\nx ERROR   b\nx WARNING c": "b x WARNING c",
		log + "ERROR   NOK: (\"no 'x(':\\nmissing )\",)": "no 'x(': missing )",
		log + "ERROR   NOK: ('no',)":                     "no",
		log + "ERROR   NOK: (5,)":                        "NOK: (5,)",
		log + "WARNING x\n" + log + "ERROR   Failed during configuration: y\n" + log + "ERROR   Init of command line failed\n":                                    "y",
		log + "ERROR   File contains no section headers.\nfile: 'x', line: 1\n'[j2\\n'\n" + log + "ERROR   ERROR: test configuration failed\nmore\n":              "File contains no section headers. file: 'x', line: 1 '[j2\\n'",
		log + "ERROR   no 'x(':\nmissing )\n" + log + "ERROR   Command ['server-stream', [['set']]] has failed.\n" + log + "INFO    Shutdown\n":                   "no 'x(': missing )",
		log + "ERROR   Unable to read the filter 'x'\n" + log + "ERROR   Errors in jail 'j2'. Skipping...\n" + log + "ERROR   ERROR: test configuration failed\n": "Unable to read the filter 'x' (jail j2)",
		log + "ERROR   no log file for j2 jail\n" + log + "ERROR   Errors in jail 'j2'. Skipping...\n":                                                            "no log file for j2 jail",
		log + "ERROR   Errors in jail 'j2'. Skipping...\n": "Errors in jail 'j2'. Skipping...",
		log + "ERROR   " + strings.Repeat("é", 200):        strings.Repeat("é", 150),
	} {
		if got := Reason(said); got != want {
			t.Errorf("%q: %q, want %q", said, got, want)
		}
	}
}
