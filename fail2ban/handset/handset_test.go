package handset_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/control"
	"bantop/fail2ban/handset"
	"bantop/fail2ban/testmain"
)

func TestMain(m *testing.M) { testmain.Run(m) }

// TestSet: what a jail has and the configuration does not give it was set by hand; a value
// in another spelling was not, nor is one that the configuration says nothing of.
func TestSet(t *testing.T) {
	log := filepath.Join(t.TempDir(), "app.log")
	if err := os.WriteFile(log, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	stream, err := control.ParseStream(strings.ReplaceAll(`['add', 'j', 'polling']
['set', 'j', 'usedns', 'NO']
['set', 'j', 'ignoreself', True]
['multi-set', 'j', 'addfailregex', ['^a <HOST>$', '^b <HOST>$']]
['set', 'j', 'addignoreregex', '^c$']
['set', 'j', 'maxretry', 5]
['set', 'j', 'maxmatches', 5]
['set', 'j', 'findtime', '10m']
['set', 'j', 'bantime', '1h']
['set', 'j', 'addignoreip', '127.0.0.1/8', '::1']
['set', 'j', 'addlogpath', 'LOG', 'head']
['set', 'j', 'addaction', 'noop']
['multi-set', 'j', 'action', 'noop', [['actionban', '']]]
['start', 'j']
`, "LOG", log))
	if err != nil {
		t.Fatal(err)
	}
	asConfigured := func() fail2ban.JailSettings {
		return fail2ban.JailSettings{Name: "j", BanTime: time.Hour, FindTime: 10 * time.Minute, MaxRetry: 5, IgnoreSelf: true,
			IgnoreIP: []string{"127.0.0.0/8", "::1"}, Files: []string{log}, Actions: []string{"noop"},
			Filter: fail2ban.JailFilter{UseDNS: "no", MaxMatches: 5, MaxLines: 1, FailRegex: []string{"^a x$", "^b x$"}, IgnoreRegex: []string{"^c$"}}}
	}
	for _, c := range []struct {
		name string
		edit func(*fail2ban.JailSettings)
		want string
	}{
		{"as it is configured", func(*fail2ban.JailSettings) {}, "[]"},
		{"said nowhere", func(j *fail2ban.JailSettings) { j.Filter.MaxLines = 9 }, "[]"},
		{"of another jail", func(j *fail2ban.JailSettings) { j.Name, j.MaxRetry = "k", 9 }, "[]"},
		{"numbers", func(j *fail2ban.JailSettings) { j.MaxRetry, j.Filter.MaxMatches = 9, 2 }, "[j: maxmatches 2 j: maxretry 9]"},
		{"times", func(j *fail2ban.JailSettings) { j.BanTime, j.FindTime = fail2ban.Permanent, 90*time.Second }, "[j: bantime -1 j: findtime 90]"},
		{"addresses", func(j *fail2ban.JailSettings) { j.IgnoreIP = []string{"198.51.100.7", "::1"} }, "[j: ignoreip 198.51.100.7]"},
		{"words", func(j *fail2ban.JailSettings) { j.Filter.UseDNS, j.IgnoreSelf = "warn", false }, "[j: ignoreself false j: usedns warn]"},
		{"expressions", func(j *fail2ban.JailSettings) {
			j.Filter.FailRegex = append(j.Filter.FailRegex, strings.Repeat("d", 90))
			j.Filter.IgnoreRegex = []string{"^c$", "^e$"}
		}, "[j: failregex " + strings.Repeat("d", 60) + "… j: ignoreregex ^e$]"},
		{"taken away", func(j *fail2ban.JailSettings) {
			j.Filter.FailRegex, j.Filter.IgnoreRegex, j.Files, j.Actions, j.IgnoreIP = nil, nil, nil, nil, nil
		}, "[]"},
		{"log files, one of them gone", func(j *fail2ban.JailSettings) { j.Files = []string{log, "/etc/passwd", "/nonexistent/x.log"} },
			"[j: logpath /etc/passwd]"},
		{"an action", func(j *fail2ban.JailSettings) { j.Actions = []string{"noop", "mail"} }, "[j: action mail, which cannot be put back]"},
		{"a filter that does not tell", func(j *fail2ban.JailSettings) { j.Filter = fail2ban.JailFilter{} }, "[]"},
	} {
		j := asConfigured()
		c.edit(&j)
		if got := fmt.Sprint(handset.Set([]fail2ban.JailSettings{j}, stream)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
