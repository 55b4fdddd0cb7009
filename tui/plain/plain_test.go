package plain_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/sebdah/goldie/v2"

	"bantop/config"
	"bantop/fail2ban"
	"bantop/fail2ban/testmain"
	"bantop/model"
	"bantop/tui/plain"
	"bantop/tui/safetext"
)

func TestMain(m *testing.M) {
	time.Local = time.FixedZone("CET", 3600) // JSON is in UTC, text in local time
	testmain.Run(m)
}

var t0 = time.Date(2026, 1, 2, 14, 3, 20, 0, time.UTC)

// story is a state made of messages; the results are numbered and dated.
func story(msgs ...model.Msg) model.State {
	s := model.New(model.Options{Settings: config.Defaults(), Host: "web-3"})
	s, _ = model.Update(s, model.Started{At: t0})
	seq := uint64(0)
	for i, msg := range msgs {
		if p, ok := msg.(model.ProbeFinished); ok {
			seq++
			p.ProbeID, p.Request = model.ProbeID{Term: 1, Seq: seq}, seq
			p.Started, p.Finished = t0.Add(time.Duration(i)*time.Second-time.Millisecond), t0.Add(time.Duration(i)*time.Second)
			p.Latency = 412345 * time.Nanosecond
			msg = p
		}
		if c, ok := msg.(model.ConfigurationRead); ok {
			c.Started, c.At = t0.Add(time.Duration(i)*time.Second), t0.Add(time.Duration(i)*time.Second)
			msg = c
		}
		s, _ = model.Update(s, msg)
	}
	return s
}

func up() model.ProbeFinished {
	return model.ProbeFinished{Version: "1.0.2", PID: 812, Since: t0.Add(-76 * time.Hour), Jails: []fail2ban.Jail{
		{Name: "postfix", Journal: []string{"_SYSTEMD_UNIT=postfix.service"}, Actions: []string{"nftables", "mail"}},
		{Name: "sshd", Counts: fail2ban.Counts{Banned: 3, TotalBanned: 1009, Failing: 1, TotalFailed: 40}, Files: []string{"/var/log/auth.log"}, Actions: []string{"nftables"}},
	}}
}

func sick() model.ProbeFinished {
	p := up()
	p.Jails[1].Actions = nil
	return p
}

// configured is a configuration that gives each jail an action, and still enables the
// one that was activated.
func configured() model.ConfigurationRead {
	return model.ConfigurationRead{Jails: []model.ConfiguredJail{{Name: "postfix", Actions: 2}, {Name: "sshd", Actions: 1}}, Faulty: []string{"nginx-x"}}
}

// gone is a server whose one jail is left, after a reload that went wrong.
func gone() model.ProbeFinished {
	p := up()
	p.Jails = p.Jails[:1]
	p.Log = []fail2ban.LogNote{
		{At: t0.Add(time.Second), Kind: fail2ban.LogReload},
		{At: t0.Add(time.Second), Kind: fail2ban.LogError, Text: "Unable to compile regular expression 'x('"},
	}
	return p
}

func down() model.ProbeFinished {
	return model.ProbeFinished{Fault: model.NotRunning, Reason: "fail2ban is not running (/run/f2b.sock: no such file or directory)", Hint: "sudo systemctl start fail2ban"}
}

func enabled() model.ActivationRecorded {
	return model.ActivationRecorded{Activation: model.Activation{Jail: "nginx-x", At: t0.Add(time.Second), By: "lukas", TTY: "pts/3", Source: "bantop"}}
}

var states = []struct {
	name string
	s    model.State
	exit int
}{
	{"unknown", story(), plain.ExitUnknown},
	{"online", story(up()), plain.ExitOnline},
	{"no jails", story(model.ProbeFinished{Version: "1.1.0", PID: 1, Since: t0.Add(-time.Hour)}), plain.ExitOnline},
	{"starting", story(up(), model.ProbeFinished{Version: "1.0.2", PID: 900, Since: t0}), plain.ExitOnline},
	{"degraded", story(sick(), configured()), plain.ExitDegraded},
	{"offline", story(up(), down()), plain.ExitOffline},
	{"crash", story(up(), enabled(), down()), plain.ExitOffline},
	{"crash recovered", story(up(), enabled(), down(), up()), plain.ExitOnline},
	{"crash recovered, degraded", story(up(), enabled(), down(), sick(), configured()), plain.ExitDegraded},
	{"pending of another instance", story(up(), model.PendingCreated{Pending: model.Pending{
		PendingID: model.PendingID{Kind: model.PendingCrash, Jail: "nginx-x", ActivatedAt: t0}, DetectedAt: t0.Add(time.Second)}}), plain.ExitDegraded},
	{"jails lost", story(up(), enabled(), gone(), configured()), plain.ExitDegraded},
	{"jails lost, on nobody's account", story(up(), gone(), configured()), plain.ExitDegraded},
	{"jails lost, recovered", story(up(), enabled(), gone(), configured(), up()), plain.ExitOnline},
	{"skipped", story(up(), model.JailsAwaited{Jails: []string{"nginx-x"}, At: t0}, up()), plain.ExitOnline},
	{"unresponsive", story(up(), model.ProbeFinished{Fault: model.NoAnswer, Reason: "no answer for 2s (/run/f2b.sock)", Hint: "wait"}), plain.ExitUnknown},
	{"blocked", story(model.ProbeFinished{Fault: model.Denied, Reason: "no permission", Hint: "run sudo bantop"}), plain.ExitUnknown},
	{"hostile", story(func() model.ProbeFinished {
		p := up()
		p.Jails[0].Name = "a\x1b[2J\u202e\u009b\xff"
		p.Version = "\x1b]0;x\a"
		return p
	}()), plain.ExitOnline},
}

// TestOutput keeps what each state is told as: text, JSON and a template, and
// with which exit code.
func TestOutput(t *testing.T) {
	var text, doc strings.Builder
	for _, c := range states {
		if got := plain.ExitCode(c.s); got != c.exit {
			t.Errorf("%s: exit %d, want %d", c.name, got, c.exit)
		}
		text.WriteString("=== " + c.name + "\n")
		if err := plain.Text(&text, safetext.Door{}, c.s); err != nil {
			t.Fatal(err)
		}
		text.WriteString("--- template: ")
		if err := plain.Of(c.s).Execute(&text, safetext.Door{}, `{{.Status}} {{.Totals.Banned}}{{range .Jails}} {{.Name}}={{.Banned}}{{end}}`); err != nil {
			t.Fatal(err)
		}
		doc.WriteString("=== " + c.name + "\n")
		if err := plain.Of(c.s).JSON(&doc); err != nil {
			t.Fatal(err)
		}
	}
	g := goldie.New(t, goldie.WithFixtureDir("../../testdata/plain"))
	g.Assert(t, "text", []byte(text.String()))
	g.Assert(t, "json", []byte(doc.String()))
}

// TestJSONNames holds the names that programs rely on.
func TestJSONNames(t *testing.T) {
	var b strings.Builder
	if err := plain.Of(story(up(), enabled(), down())).JSON(&b); err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal([]byte(b.String()), &doc); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"host", "status", "since", "version", "latency_ms", "reason", "hint", "jails", "lost", "totals",
		"last_activation", "pending", "shared"} {
		if _, ok := doc[name]; !ok {
			t.Errorf("no %q", name)
		}
	}
	pending, ok := doc["pending"].(map[string]any)
	if !ok || pending["kind"] != "crash" || pending["jail"] != "nginx-x" || pending["recovered"] != false || pending["activated_at"] != "2026-01-02T14:03:21Z" {
		t.Errorf("pending: %v", doc["pending"])
	}
}

// TestTemplateErrors: a template that is wrong says so, and prints nothing.
func TestTemplateErrors(t *testing.T) {
	for text, want := range map[string]string{"{{.Nope}}": "fill in the template", "{{": "read the template"} {
		var b strings.Builder
		if err := plain.Of(story()).Execute(&b, safetext.Door{}, text); err == nil || !strings.Contains(err.Error(), want) || b.Len() > 0 {
			t.Errorf("%q: %v, printed %q", text, err, b.String())
		}
	}
}
