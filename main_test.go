package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"bantop/fail2ban/testmain"
)

func TestMain(m *testing.M) { testmain.Run(m) }

// mayImport says which packages of bantop each of them may import: imports
// point inward (docs/architecture.md).
var mayImport = map[string][]string{
	"bantop":                       {"bantop/tui/cli"},
	"bantop/config":                {},
	"bantop/config/load":           {"bantop/config", "bantop/config/trust", "bantop/fail2ban/quote"},
	"bantop/config/trust":          {"bantop/fail2ban/quote"},
	"bantop/fail2ban":              {},
	"bantop/fail2ban/wire":         {"bantop/fail2ban"},
	"bantop/fail2ban/ending":       {},
	"bantop/fail2ban/quote":        {},
	"bantop/fail2ban/socket":       {"bantop/fail2ban", "bantop/fail2ban/ending", "bantop/fail2ban/quote", "bantop/fail2ban/wire"},
	"bantop/fail2ban/confdir":      {"bantop/fail2ban"},
	"bantop/fail2ban/addr":         {},
	"bantop/fail2ban/bandb":        {"bantop/config/trust", "bantop/fail2ban", "bantop/fail2ban/quote"},
	"bantop/fail2ban/allowfile":    {"bantop/fail2ban", "bantop/fail2ban/addr", "bantop/fail2ban/confdir", "bantop/fail2ban/control", "bantop/fail2ban/tempdir"},
	"bantop/fail2ban/process":      {},
	"bantop/fail2ban/rehearsal":    {"bantop/fail2ban", "bantop/fail2ban/ending", "bantop/fail2ban/addr", "bantop/fail2ban/confdir", "bantop/fail2ban/control", "bantop/fail2ban/handset", "bantop/fail2ban/logfile", "bantop/fail2ban/process", "bantop/fail2ban/socket", "bantop/fail2ban/tempdir"},
	"bantop/fail2ban/handset":      {"bantop/fail2ban", "bantop/fail2ban/addr", "bantop/fail2ban/control"},
	"bantop/fail2ban/proven":       {"bantop/fail2ban", "bantop/fail2ban/control", "bantop/fail2ban/handset", "bantop/fail2ban/logfile", "bantop/fail2ban/rehearsal"},
	"bantop/fail2ban/testmain":     {},
	"bantop/fail2ban/tempdir":      {"bantop/config/trust", "bantop/fail2ban/process"},
	"bantop/fail2ban/control":      {"bantop/config/trust", "bantop/fail2ban", "bantop/fail2ban/confdir", "bantop/fail2ban/ending", "bantop/fail2ban/socket"},
	"bantop/fail2ban/logfile":      {"bantop/fail2ban"},
	"bantop/fail2ban/fail2bantest": {"bantop/fail2ban", "bantop/fail2ban/wire"},
	"bantop/model":                 {"bantop/config", "bantop/fail2ban", "bantop/fail2ban/addr", "bantop/fail2ban/quote", "bantop/model/banlist"},
	"bantop/model/banlist":         {"bantop/fail2ban", "bantop/fail2ban/addr"},
	"bantop/model/country":         {"bantop/model", "bantop/model/banlist"},
	"bantop/model/countrytest":     {},
	"bantop/model/here":            {},
	"bantop/model/runner":          {"bantop/config/load", "bantop/fail2ban*", "bantop/model", "bantop/model/banlist", "bantop/model/here", "bantop/model/store"},
	"bantop/model/store":           {"bantop/config/trust", "bantop/fail2ban/ending", "bantop/fail2ban/process", "bantop/fail2ban/quote", "bantop/model"},
	"bantop/model/guard":           {"bantop/fail2ban*", "bantop/model", "bantop/model/store"},
	"bantop/model/doctor":          {"bantop/config", "bantop/config/trust", "bantop/fail2ban*", "bantop/model", "bantop/model/country", "bantop/model/store"},
	"bantop/tui":                   {"bantop/config", "bantop/fail2ban", "bantop/fail2ban/addr", "bantop/fail2ban/quote", "bantop/model", "bantop/model/banlist", "bantop/model/runner", "bantop/tui/safetext", "bantop/tui/words"},
	"bantop/tui/quiet":             {},
	"bantop/tui/safetext":          {},
	"bantop/tui/tty":               {"bantop/fail2ban/ending"},
	"bantop/tui/words":             {"bantop/fail2ban", "bantop/fail2ban/quote", "bantop/model", "bantop/model/banlist", "bantop/tui/safetext"},
	"bantop/tui/plain":             {"bantop/config", "bantop/fail2ban", "bantop/model", "bantop/model/banlist", "bantop/tui/safetext", "bantop/tui/words"},
	"bantop/tui/cli":               {"bantop/*"},
}

// TestImportsPointInward holds the table above.
func TestImportsPointInward(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for d := json.NewDecoder(strings.NewReader(string(out))); d.More(); {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := d.Decode(&p); err != nil {
			t.Fatal(err)
		}
		allowed, ok := mayImport[p.ImportPath]
		if !ok {
			t.Errorf("%s is a package that the architecture does not name", p.ImportPath)
		}
		for _, i := range p.Imports {
			if strings.HasPrefix(i, "bantop") && !slices.ContainsFunc(allowed, func(a string) bool { return matches(a, i) }) {
				t.Errorf("%s may not import %s", p.ImportPath, i)
			}
		}
	}
}

func matches(pattern, path string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(path, prefix)
	}
	return pattern == path
}

// TestModelIsPure holds that nothing that the model is built of can touch the
// world.
func TestModelIsPure(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "./model").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range strings.Fields(string(out)) {
		if p == "net/netip" { // addresses as values
			continue
		}
		for _, bad := range []string{"net", "net/*", "os/exec", "database/*", "github.com/charmbracelet/*", "modernc.org/*", "math/rand*"} {
			if matches(bad, p) {
				t.Errorf("the model is built of %s", p)
			}
		}
	}
}

// mayStart are the files that start a program; each says with which environment.
var mayStart = []string{
	"fail2ban/control/program.go",      // every program but those below: Command
	"fail2ban/fail2bantest/install.go", // servers of the tests
	"fail2ban/testmain/testmain.go",    // the tests themselves
	"tui/cli/editor.go",                // what somebody chose, with his own environment
	"tui/cli/guard.go",                 // bantop
}

// TestProgramsAreStartedInOnePlace holds that nothing is run as root with whatever
// environment and folder a user had.
func TestProgramsAreStartedInOnePlace(t *testing.T) {
	starts := regexp.MustCompile(`exec\.(Command|CommandContext)\(|os\.StartProcess\(|syscall\.(Exec|ForkExec|StartProcess)\(`)
	var found []string
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if starts.Match(text) && !slices.Contains(mayStart, path) {
			found = append(found, path)
		}
		return err
	})
	if err != nil || len(found) > 0 {
		t.Errorf("these start programs beside control.Command: %q, %v", found, err)
	}
}
