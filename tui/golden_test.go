package tui

import (
	"context"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
	"github.com/sebdah/goldie/v2"

	"bantop/config"
	"bantop/fail2ban"
	"bantop/fail2ban/testmain"
	"bantop/model"
	"bantop/model/banlist"
)

func TestMain(m *testing.M) {
	time.Local = time.UTC // what is drawn is in local time
	testmain.Run(m)
}

var t0 = time.Date(2026, 1, 2, 14, 3, 20, 0, time.UTC)

// A stage is a dashboard on which a test plays: messages and keys come in, and
// its View is looked at. Effects are not carried out.
type stage struct {
	t   *testing.T
	m   Model
	now time.Time
	seq uint64
}

func newStage(t *testing.T, width, height int, theme string, ascii bool) *stage {
	state := model.New(model.Options{Settings: config.Defaults(), Host: "web-3", Who: "mira", TTY: "pts/1"})
	s := &stage{t: t, now: t0, m: New(context.Background(), Options{
		State:   state,
		Perform: func(context.Context, model.Effect) model.Msg { return nil },
		Look:    func(config.Settings, bool) Look { return Look{Theme: NewTheme(theme), ASCII: ascii} },
	})}
	s.m.now = func() time.Time { return s.now }
	s.send(model.Started{At: t0})
	s.resize(width, height)
	return s
}

func (s *stage) send(msg tea.Msg) *stage {
	next, _ := s.m.Update(msg)
	s.m = next.(Model)
	return s
}

func (s *stage) resize(width, height int) *stage {
	return s.send(tea.WindowSizeMsg{Width: width, Height: height})
}

// press presses keys: single letters, or the names that Bubble Tea gives.
func (s *stage) press(keys ...string) *stage {
	named := map[string]tea.KeyType{"enter": tea.KeyEnter, "esc": tea.KeyEsc, "up": tea.KeyUp, "down": tea.KeyDown,
		"pgdown": tea.KeyPgDown, "pgup": tea.KeyPgUp, "home": tea.KeyHome, "end": tea.KeyEnd, "backspace": tea.KeyBackspace,
		"ctrl+c": tea.KeyCtrlC, "space": tea.KeySpace, "ctrl+w": tea.KeyCtrlW, "ctrl+u": tea.KeyCtrlU}
	for _, k := range keys {
		if kt, ok := named[k]; ok {
			s.send(tea.KeyMsg{Type: kt, Runes: map[bool][]rune{true: {' '}}[kt == tea.KeySpace]})
		} else {
			s.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(k)})
		}
	}
	return s
}

// wait lets time pass, on the dashboard's clock too.
func (s *stage) wait(d time.Duration) *stage {
	s.now = s.now.Add(d)
	return s.send(model.Ticked{At: s.now})
}

// probe is the next result, now.
func (s *stage) probe(p model.ProbeFinished) *stage {
	s.seq++
	p.ProbeID, p.Request = model.ProbeID{Term: 1, Seq: s.seq}, s.seq
	p.Started, p.Finished = s.now.Add(-time.Millisecond), s.now
	if p.Fault == model.Answered {
		if p.Version == "" {
			p.Version = "1.0.2"
		}
		if p.PID == 0 {
			p.PID = 812
		}
		if p.Since.IsZero() {
			p.Since = t0.Add(-76 * time.Hour)
		}
		p.Latency = 2 * time.Millisecond
	}
	return s.send(p)
}

// configured is a configuration that enables the jails of a result, each with
// an action, and what was activated.
func (s *stage) configured(p model.ProbeFinished) *stage {
	msg := model.ConfigurationRead{Started: s.now, At: s.now}
	for _, j := range p.Jails {
		msg.Jails = append(msg.Jails, model.ConfiguredJail{Name: j.Name, Actions: 1})
	}
	for _, a := range s.m.state.Runtime.Blame.Activations {
		msg.Faulty = append(msg.Faulty, a.Jail)
	}
	return s.send(msg)
}

// busy is a server under attack.
func busy() model.ProbeFinished {
	row := func(name string, banned, total, failing, failed int) fail2ban.Jail {
		return fail2ban.Jail{
			Name: name, Counts: fail2ban.Counts{Banned: banned, TotalBanned: total, Failing: failing, TotalFailed: failed},
			Files: []string{"/var/log/" + name + ".log"}, Actions: []string{"iptables-multiport"}, LastLine: t0.Add(-time.Minute),
		}
	}
	recidive := row("recidive", 9, 80, 1, 311)
	recidive.LastLine = t0.Add(-3 * time.Hour)
	sshd := row("sshd", 1204, 8123, 9, 41873)
	sshd.Files, sshd.Journal, sshd.LastLine = nil, []string{"_SYSTEMD_UNIT=sshd.service + _COMM=sshd"}, time.Time{}
	return model.ProbeFinished{Jails: []fail2ban.Jail{
		row("dovecot", 12, 90, 0, 310), row("nginx-http-auth", 0, 0, 0, 0), row("postfix", 71, 903, 2, 8200), recidive, sshd,
	}}
}

// attacked is a stage with an hour of bans behind it.
func attacked(s *stage) *stage {
	p := busy()
	s.probe(p)
	for i := range 60 {
		s.wait(time.Minute)
		p.Jails[4].TotalBanned += i * i % 7
		p.Jails[4].Banned += i * i % 3
		if i > 30 {
			p.Jails[2].TotalBanned += i % 4
		}
		for j := range p.Jails {
			if !p.Jails[j].LastLine.IsZero() && j != 3 {
				p.Jails[j].LastLine = s.now.Add(-time.Duration(j) * time.Minute)
			}
		}
		s.probe(p)
	}
	return s.send(model.BansFetched{Jail: "postfix", At: s.now, Count: 3, Bans: []fail2ban.Ban{
		{Address: "203.0.113.9", Start: s.now}, {Address: "2001:db8::5", Start: s.now}, {Address: "198.51.100.0/24", Start: s.now},
	}})
}

// fetched answers for the jail that is open: it reads two files, bans 71, and of
// those who fail the log names some.
func (s *stage) fetched(jail string, changes ...func(*model.JailFetched)) *stage {
	msg := model.JailFetched{Jail: jail, Request: 1, At: s.now, HasBans: true, Settings: fail2ban.JailSettings{
		Name: jail, BanTime: 28 * time.Hour, FindTime: 10 * time.Minute, MaxRetry: 5, Files: []string{"/var/log/mail.log", "/var/log/mail.err"},
		IgnoreIP: []string{"127.0.0.1/8", "::1", "198.51.100.7"}, IgnoreSelf: true, Actions: []string{"iptables-multiport", "sendmail-whois"},
	}}
	for i := range 70 {
		b := fail2ban.Ban{Address: fmt.Sprintf("203.0.113.%d", i), Start: s.now.Add(-time.Duration(i*i) * 20 * time.Second), Length: 28 * time.Hour}
		b.End = b.Start.Add(b.Length)
		msg.Bans = append(msg.Bans, b)
	}
	msg.Bans = append(msg.Bans, fail2ban.Ban{Address: "2001:db8:1234:5678:9abc:def0:1234:5678", Start: s.now.Add(-30 * time.Hour), Length: fail2ban.Permanent})
	msg.Files = []model.LogFile{
		{Path: "/var/log/mail.log", Size: 1_258_291, Written: s.now.Add(-20 * time.Second)},
		{Path: "/var/log/mail.err", Size: 0, Written: s.now.Add(-49 * time.Hour), Closed: true},
	}
	msg.Log.Since = s.now.Add(-3 * time.Hour)
	for i, address := range []string{"192.0.2.44", "192.0.2.44", "2001:db8::99", "192.0.2.44", "2001:db8::99", "192.0.2.44"} {
		msg.Log.Notes = append(msg.Log.Notes, fail2ban.FailNote{Kind: fail2ban.FailFound, Address: address, Count: 1, At: s.now.Add(time.Duration(i*50-400) * time.Second)})
	}
	for _, change := range changes {
		change(&msg)
	}
	return s.send(msg)
}

// toPostfix opens the jail postfix.
func (s *stage) toPostfix() *stage { return attacked(s).press("down", "down", "enter") }

// A scene is a picture that is kept in every size.
type scene struct {
	name string
	play func(*stage)
}

// scenes are those of all screens but of changes of the jails.
var scenes = []scene{
	{"nothing yet", func(*stage) {}},
	{"under attack", func(s *stage) { attacked(s) }},
	{"cursor and order", func(s *stage) { attacked(s).press("s", "s", "down", "down") }},
	{"typing a filter", func(s *stage) { attacked(s).press("/", "x", "backspace", "d") }},
	{"filtered", func(s *stage) { attacked(s).press("/", "d", "o", "v", "enter") }},
	{"filter without a match", func(s *stage) { attacked(s).press("/", "z", "z", "enter") }},
	{"paused", func(s *stage) { attacked(s).press("p").wait(12 * time.Second) }},
	{"no jails", func(s *stage) { s.probe(model.ProbeFinished{}) }},
	{"degraded", func(s *stage) {
		p := busy()
		p.Jails[1].Files = nil
		p.Jails[4].Actions = nil
		s.probe(p).configured(p)
	}},
	{"offline", func(s *stage) {
		attacked(s).wait(time.Second).probe(model.ProbeFinished{Fault: model.NotRunning,
			Reason: "fail2ban is not running (/var/run/fail2ban/fail2ban.sock: no such file or directory)",
			Hint:   "sudo systemctl start fail2ban"}).wait(12 * time.Second)
	}},
	{"unresponsive", func(s *stage) {
		attacked(s).wait(time.Second).probe(model.ProbeFinished{Fault: model.NoAnswer,
			Reason: "no answer for 2s (/var/run/fail2ban/fail2ban.sock)",
			Hint:   "wait: a slow ban action holds up every client; if it lasts, look at fail2ban's log"}).wait(4 * time.Second)
	}},
	{"blocked", func(s *stage) {
		s.probe(model.ProbeFinished{Fault: model.Denied,
			Reason: "no permission to talk to fail2ban (/var/run/fail2ban/fail2ban.sock: permission denied)",
			Hint:   "/var/run/fail2ban/fail2ban.sock belongs to root (mode 0700): run sudo bantop"}).press("esc")
	}},
	{"starting", func(s *stage) {
		attacked(s).wait(time.Second).probe(model.ProbeFinished{PID: 900, Since: s.now.Add(-time.Second)})
	}},
	{"crash", func(s *stage) { crashed(s) }},
	{"crash recovered", func(s *stage) { crashed(s).wait(20 * time.Second).probe(busy()) }},
	{"not shared", func(s *stage) {
		s.m.state.Sharing.Reason = "the state file is damaged: it is no database (/var/lib/bantop/bantop.db)"
		attacked(s.probe(busy()).press("esc"))
	}},
	{"not shared, and a recovery under way", func(s *stage) {
		crashed(s)
		s.m.state.Sharing.Reason = "/srv/x can be written by everybody"
		s.m.state.Runtime.Server.Hint = "sudo systemctl restart fail2ban.service"
	}},
	{"jails lost", func(s *stage) { lost(s) }},
	{"jails lost, recovered", func(s *stage) { lost(s).wait(20 * time.Second).probe(busy()) }},
	{"a jail that is lost", func(s *stage) { lost(s).press("end", "enter") }},
	{"jail", func(s *stage) { s.toPostfix().fetched("postfix") }},
	{"jail, further down", func(s *stage) { s.toPostfix().fetched("postfix").press("pgdown", "down", "down") }},
	{"jail, at its end", func(s *stage) { s.toPostfix().fetched("postfix").press("end") }},
	{"jail, not answered yet", func(s *stage) { s.toPostfix() }},
	{"jail, it failed", func(s *stage) {
		s.toPostfix().send(model.JailFetched{Jail: "postfix", Request: 1, At: s.now, Reason: "no answer for 2s (/var/run/fail2ban/fail2ban.sock)"})
	}},
	{"jail that reads the journal, with many bans", func(s *stage) {
		attacked(s).press("end", "enter").fetched("sshd", func(m *model.JailFetched) {
			m.HasBans, m.Bans, m.Files = false, nil, nil
			m.Settings.Files, m.Settings.Journal = nil, []string{"_SYSTEMD_UNIT=sshd.service + _COMM=sshd"}
		})
	}},
	{"jail whose log is missing", func(s *stage) {
		s.toPostfix().fetched("postfix", func(m *model.JailFetched) {
			m.Files = []model.LogFile{{Path: "/var/log/mail.log", Size: -1, Missing: true}}
		})
	}},
	{"jail of which one of many logs is missing", func(s *stage) {
		s.toPostfix().fetched("postfix", func(m *model.JailFetched) {
			m.Files = nil
			for i := range 12 {
				m.Files = append(m.Files, model.LogFile{Path: fmt.Sprintf("/srv/www/customer-%d.example.org/logs/apache2/error.log", i),
					Size: int64(i) << 22, Written: s.now.Add(-time.Duration(i) * time.Hour), Missing: i == 7})
			}
			m.Settings.IgnoreIP = strings.Fields(strings.Repeat("203.0.113.0/24 2001:db8:1234::/48 office.example.org ", 12))
		})
	}},
	{"jail that reads nothing and bans on paper", func(s *stage) {
		s.toPostfix().fetched("postfix", func(m *model.JailFetched) {
			m.Files, m.Settings.Files, m.Settings.Actions, m.Log.Notes = nil, nil, nil, nil
		})
	}},
	{"jail whose failures nobody names", func(s *stage) {
		s.toPostfix().fetched("postfix", func(m *model.JailFetched) {
			m.Log = model.FailingLog{Reason: "fail2ban logs to SYSTEMD-JOURNAL, which bantop does not read"}
		})
	}},
	{"jail of whose failures some are named", func(s *stage) {
		p := busy()
		p.Jails[2].Failing = 9
		s.probe(p).press("down", "down", "enter").fetched("postfix", func(m *model.JailFetched) {
			m.Log.Since = s.now.Add(-7 * time.Minute)
			m.Log.Notes = append(m.Log.Notes, fail2ban.FailNote{Kind: fail2ban.FailFound, Address: "203.0.113.3", At: s.now, Count: 1})
		})
	}},
	{"jail in which nobody fails", func(s *stage) {
		p := busy()
		s.probe(p).press("enter").fetched("dovecot", func(m *model.JailFetched) { m.Log.Notes, m.Bans = nil, m.Bans[:12] })
	}},
	{"jail that is gone", func(s *stage) {
		s.toPostfix().fetched("postfix").wait(time.Second)
		p := busy()
		p.Jails = slices.Delete(p.Jails, 2, 3)
		s.probe(p)
	}},
	{"jail while offline", func(s *stage) {
		s.toPostfix().fetched("postfix").wait(time.Second).probe(model.ProbeFinished{Fault: model.StaleSocket,
			Reason: "fail2ban died and left its socket (/run/f2b.sock: connection refused)", Hint: "sudo fail2ban-client -x start"})
	}},
	{"locked: the question before an act", func(s *stage) { lost(s).press("x") }},
	{"the question whether to unlock", func(s *stage) { attacked(s).press("o") }},
	{"unlocked", func(s *stage) { attacked(s).press("o", "y").wait(83 * time.Second) }},
	{"the question of an act", func(s *stage) { lost(s).press("o", "y", "R", "enter") }},
	{"recover: jails lost", func(s *stage) { lost(s).press("R").send(evidence(s)) }},
	{"recover: the log not read yet", func(s *stage) { lost(s).press("R") }},
	{"recover: no log", func(s *stage) {
		lost(s).press("R").send(model.LogRead{At: s.now, Reason: "fail2ban logs to SYSLOG, which bantop does not read"})
	}},
	{"recover: under way", func(s *stage) {
		lost(s).press("R").send(evidence(s)).press("enter", "y", "y").wait(7 * time.Second)
	}},
	{"recover: failed", func(s *stage) {
		lost(s).press("R").send(evidence(s)).press("enter", "y", "y").wait(7 * time.Second).send(model.ActFinished{ID: 1, At: s.now, Attempts: 1,
			Reason: "reload fail2ban: fail2ban-client ended with 255: Unable to compile regular expression 'fail from <HOST>('",
			Hint:   "look at fail2ban's log, and at what fail2ban-client -t says"})
	}},
	{"recover: some are missing", func(s *stage) {
		lost(s).press("R").send(evidence(s)).press("enter", "y", "y").wait(7 * time.Second).send(model.ActFinished{ID: 1, At: s.now, Attempts: 3, Missing: []string{"postfix"}})
	}},
	{"recover: done", func(s *stage) {
		lost(s).press("R").send(evidence(s)).press("enter", "y", "y").wait(7 * time.Second).send(model.ActFinished{ID: 1, At: s.now, Attempts: 2}).probe(busy())
	}},
	{"recover: after a crash", func(s *stage) { crashed(s).press("R").send(evidence(s)) }},
	{"recover: another acts", func(s *stage) {
		lost(s).press("R").send(evidence(s)).press("enter", "y", "y").send(model.ActFinished{ID: 1, At: s.now,
			Reason: "lukas (pts/3) is doing a restart since 14:03:20", Hint: "wait for it"})
	}},
	{"recover: nothing to recover from", func(s *stage) { attacked(s).press("R").send(evidence(s)) }},
	{"settings", func(s *stage) { attacked(s).press("6") }},
	{"settings: editing", func(s *stage) { attacked(s).press("6", "j", "j", "j", "enter", "backspace", "backspace", "5", "s") }},
	{"settings: refused", func(s *stage) { attacked(s).press("6", "j", "j", "j", "enter", "x", "enter") }},
	{"settings: for this run", func(s *stage) {
		attacked(s).press("6", "j", "j", "j", "enter", "backspace", "backspace", "5", "s", "enter", "end")
	}},
	{"settings: kept", func(s *stage) {
		attacked(s).press("6", "j", "j", "j", "enter", "backspace", "backspace", "5", "s", "enter", "w")
		s.send(model.SettingsKept{File: "/etc/bantop/bantop.local.toml"})
	}},
	{"settings: a file has changed", func(s *stage) { files(attacked(s)) }},
	{"settings: a file has changed, on the screen", func(s *stage) { files(attacked(s)).press("6") }},
	{"settings: another pane judges", func(s *stage) {
		files(shared(attacked(s))).press("6")
		s.press("j", "j", "j", "j", "j", "j", "j", "j", "j")
	}},
	{"settings: a faulty file", func(s *stage) { files(attacked(s), spoilt).press("6") }},
	{"settings: a faulty file, the overview", func(s *stage) { files(attacked(s), spoilt) }},
	{"setup: a first start without fail2ban", func(s *stage) { unset(s) }},
	{"setup: not looked yet", func(s *stage) { attacked(s).press("7") }},
	{"setup: further down", func(s *stage) { unset(s).press("end") }},
	{"setup: all is well", func(s *stage) {
		attacked(s).press("7").send(model.SetupChecked{At: s.now, Checks: wellSetUp()})
	}},
	{"you, not banned", func(s *stage) { attacked(own(s)) }},
	{"you, banned", func(s *stage) {
		attacked(own(s)).send(model.OwnRead{At: s.now, Own: []model.Own{{Addr: netip.MustParseAddr("198.51.100.7"), Who: "mira", Mine: true, Banned: []string{"recidive", "sshd"}}}})
	}},
	{"you, letting yourself in", func(s *stage) { attacked(own(s)).press("o", "y", "i") }},
	{"an address that is banned", func(s *stage) { opened(s) }},
	{"an address that is not", func(s *stage) {
		banned(s).press(":", "192.0.2.99", "enter").send(model.AddressFetched{Request: 1, At: s.now, Ignored: []model.IgnoreRule{{Jail: "sshd", Entry: "192.0.2.0/24"}},
			Reason: "fail2ban's database is closed to you: run sudo bantop to see what led to a ban"})
	}},
	{"an address in a network that is banned", func(s *stage) {
		own(s)
		banned(s).press(":", "198.51.100.7", "enter").send(model.AddressFetched{Request: 1, At: s.now})
	}},
	{"an address, and where it is", func(s *stage) { located(opened(s)) }},
	{"an address of which it is not known where it is", func(s *stage) {
		banned(s).press(":", "192.0.2.99", "enter").send(model.AddressFetched{Request: 1, At: s.now, Place: model.Place{Country: banlist.Unknown}})
	}},
	{"an address, and a country database that is damaged", func(s *stage) {
		banned(s).press(":", "192.0.2.99", "enter").send(model.AddressFetched{Request: 1, At: s.now,
			NoPlace: "read the country database /usr/share/GeoIP/GeoLite2-Country.mmdb: it is no MMDB file, or a damaged one: error opening database: invalid MaxMind DB file"})
	}},
	{"opening an address", func(s *stage) { attacked(s).press(":", "203.0.113.", "backspace") }},
	{"opening what is no address", func(s *stage) { attacked(s).press(":", "nobody", "enter") }},
	{"bans: not listed yet", func(s *stage) { attacked(s).press("2") }},
	{"bans", func(s *stage) { banned(s) }},
	{"bans: by what is left", func(s *stage) { banned(s).press("s", "down", "down") }},
	{"bans: typing a filter", func(s *stage) { banned(s).press("/", "203.0.113.0/27", " ", "left:>1") }},
	{"bans: filtered", func(s *stage) { banned(s).press("/", "left:<2h", "enter") }},
	{"bans: a filter that finds nothing", func(s *stage) { banned(s).press("/", "jail:nobody", "enter") }},
	{"bans: marked", func(s *stage) { banned(s).press("space", "down", "space", "down", "v", "down", "down") }},
	{"bans: it failed", func(s *stage) {
		banned(s).wait(time.Minute).probe(busy()).send(model.BansListed{Request: 2, At: s.now, Reason: "no answer for 30s (/var/run/fail2ban/fail2ban.sock)"})
	}},
	{"bans: with countries", func(s *stage) { located(banned(s)) }},
	{"bans: by country", func(s *stage) { located(banned(s)).press("S", "s", "s", "s", "s", "down") }},
	{"bans: typing a filter by country", func(s *stage) { located(banned(s)).press("/", "country:de,", "-") }},
	{"bans: a filter by country where none is known", func(s *stage) { banned(s).press("/", "!country:de", "enter") }},
	{"bans: the country database is not there", func(s *stage) {
		banned(s).send(model.BansListed{Request: 1, At: s.now, Source: model.FromDatabase, List: s.m.state.Bans.List,
			NoCountries: "read the country database /usr/share/GeoIP/GeoLite2-Country.mmdb: no such file or directory"})
	}},
	{"bans: the country database is damaged in part", func(s *stage) {
		located(banned(s)).send(model.BansListed{Request: 1, At: s.now, Source: model.FromDatabase, List: s.m.state.Bans.List,
			NoCountries: "read the country database /srv/x.mmdb: it is damaged: unexpected end of database"})
	}},
	{"bans: the question", func(s *stage) { banned(s).press("o", "y", "space", "space", "space", "space", "u") }},
	{"bans: the question of one", func(s *stage) { banned(s).press("o", "y", "U") }},
	{"bans: whom to ban", func(s *stage) { banned(s).press("b", "203.0.113.9", " ", "for", " ", "1h") }},
	{"bans: whom to ban, refused", func(s *stage) { banned(s).press("b", "example.org", "enter") }},
	{"bans: banning yourself", func(s *stage) {
		own(s)
		banned(s).press("o", "y", "b", "198.51.100.0/24", "enter", "198.51")
	}},
	{"bans: on the ignore list", func(s *stage) {
		banned(s).press("o", "y", "b", "198.51.100.7", "enter", "y").send(model.ActedOn{ID: 1, At: s.now, Results: []model.Result{
			{BatchTarget: model.BatchTarget{Target: fail2ban.Target{Jail: "sshd", Address: "198.51.100.7"}}, Outcome: model.OutcomeIgnored, Reason: "198.51.100.0/24 is on the ignore list of sshd"}}})
	}},
	{"bans: under way", func(s *stage) { unbanning(s) }},
	{"bans: done", func(s *stage) { unbanning(s).finish() }},
	{"bans: some were not banned", func(s *stage) {
		unbanning(s).chunk(2, model.OutcomeNothing).chunk(8, model.OutcomeDone).press("esc").finish()
	}},
	{"bans: results", func(s *stage) {
		unbanning(s).chunk(2, model.OutcomeNothing).chunk(1, model.OutcomeUnknown).press("esc").finish().press("e")
	}},
	{"bans: taking it back", func(s *stage) { unbanning(s).finish().press("z") }},
	{"help", func(s *stage) { attacked(s).press("?") }},
	{"help of a jail, further down", func(s *stage) { attacked(s).press("enter", "?", "end") }},
}

func crashed(s *stage) *stage {
	attacked(s).send(model.ActivationRecorded{Activation: model.Activation{Jail: "nginx-x", At: s.now, By: "lukas", TTY: "pts/3"}})
	return s.wait(4 * time.Second).probe(model.ProbeFinished{Fault: model.StaleSocket,
		Reason: "fail2ban died and left its socket (/var/run/fail2ban/fail2ban.sock: connection refused)",
		Hint:   "sudo systemctl restart fail2ban"})
}

// lost is a faulty jail that was enabled by hand, and took two others down.
func lost(s *stage) *stage {
	attacked(s).wait(time.Second)
	p := busy()
	p.Jails = append([]fail2ban.Jail{}, p.Jails[0], p.Jails[1], fail2ban.Jail{Name: "nginx-x"}, p.Jails[3])
	p.Log = []fail2ban.LogNote{
		{At: s.now.Add(-4 * time.Second), Kind: fail2ban.LogReload},
		{At: s.now.Add(-4 * time.Second), Kind: fail2ban.LogCreated, Jail: "nginx-x"},
		{At: s.now.Add(-4 * time.Second), Kind: fail2ban.LogError, Text: "Unable to compile regular expression 'fail from <HOST>(':"},
	}
	return s.probe(p).configured(busy())
}

// evidence is what fail2ban's log says after a reload of a faulty jail.
func evidence(s *stage) model.LogRead {
	at := s.now.Add(-4 * time.Second)
	return model.LogRead{At: s.now, Notes: []fail2ban.LogNote{
		{At: at.Add(-3 * time.Hour), Kind: fail2ban.LogOther, Text: "Rollover performed on /var/log/fail2ban.log"},
		{At: at, Kind: fail2ban.LogReload, Text: "Reload all jails"},
		{At: at, Kind: fail2ban.LogOther, Text: "[sshd] Found 192.0.2.7 - 2026-01-02 14:03:16"},
		{At: at, Kind: fail2ban.LogCreated, Jail: "nginx-x", Text: "Creating new jail 'nginx-x'"},
		{At: at, Kind: fail2ban.LogError, Text: "Unable to compile regular expression 'fail from <HOST>(':\nthe rest of it"},
		{At: at.Add(time.Second), Kind: fail2ban.LogStopped, Jail: "postfix", Text: "Jail 'postfix' stopped"},
		{At: at.Add(time.Second), Kind: fail2ban.LogStopped, Jail: "sshd", Text: "Jail 'sshd' stopped"},
	}}
}

// banned is the list of bans, opened.
func banned(s *stage) *stage {
	attacked(s).press("2")
	var bans []fail2ban.JailBan
	for i := range 60 {
		b := fail2ban.JailBan{Jail: []string{"sshd", "postfix", "dovecot"}[i%3], Count: 1 + i*i%7}
		b.Address, b.Start, b.Length = fmt.Sprintf("203.0.113.%d", i*4), s.now.Add(-time.Duration(i*i)*time.Minute), 28*time.Hour
		b.End = b.Start.Add(b.Length)
		bans = append(bans, b)
	}
	more := func(jail, address string, ago, length time.Duration) {
		b := fail2ban.JailBan{Jail: jail, Ban: fail2ban.Ban{Address: address, Start: s.now.Add(-ago), Length: length}, Count: 1}
		if length != fail2ban.Permanent {
			b.End = b.Start.Add(length)
		}
		bans = append(bans, b)
	}
	more("recidive", "2001:db8:1234:5678:9abc:def0:1234:5678", 26*time.Hour, fail2ban.Permanent)
	more("recidive", "198.51.100.0/24", 400*24*time.Hour, fail2ban.Permanent)
	more("sshd", "192.0.2.7", 9*time.Minute+17*time.Second, 10*time.Minute)
	more("nginx-http-auth", "mallory", 30*time.Second, time.Hour)
	return s.send(model.BansListed{Request: 1, At: s.now, Took: 3 * time.Millisecond, Source: model.FromDatabase, List: banlist.New(bans)})
}

// located is the list of bans with their countries, and what is known of where the
// address is that is open.
func located(s *stage) *stage {
	list := s.m.state.Bans.List
	var bans []fail2ban.JailBan
	for i := range list.Len() {
		bans = append(bans, list.Row(int32(i)).JailBan)
	}
	known := func(of []netip.Addr) []banlist.Country {
		out := make([]banlist.Country, len(of))
		for i, a := range of {
			b := a.As16()
			out[i], _ = banlist.ParseCountry([]string{"CN", "DE", "US", "FR", "BR", ""}[b[15]/4%6])
		}
		return out
	}
	s.send(model.BansListed{Request: 1, At: s.now, Took: 3 * time.Millisecond, Source: model.FromDatabase, List: banlist.NewLocated(bans, known)})
	a := s.m.state.Address
	de, _ := banlist.ParseCountry("DE")
	return s.send(model.AddressFetched{Request: 1, At: s.now, Records: a.Records, Place: model.Place{Country: de, ASN: 64500, ASName: "Example Networks GmbH"}})
}

// own is somebody who is logged in from an address.
func own(s *stage) *stage {
	return s.send(model.OwnRead{At: s.now, Own: []model.Own{{Addr: netip.MustParseAddr("198.51.100.7"), Who: "mira", TTY: "pts/1", From: "SSH_CONNECTION", Mine: true}}, Jails: []model.JailFetched{{Jail: "sshd", Settings: fail2ban.JailSettings{MaxRetry: 5, FindTime: 10 * time.Minute},
		Log: model.FailingLog{Notes: []fail2ban.FailNote{{Kind: fail2ban.FailFound, Address: "198.51.100.7", At: s.now.Add(-time.Minute), Count: 1}}}}}})
}

// opened is the screen of an address that was banned before.
func opened(s *stage) *stage {
	banned(s).press("enter")
	record := func(jail string, ago time.Duration, count, failures int, matches ...string) model.BanRecord {
		b := fail2ban.Ban{Address: "203.0.113.0", Start: s.now.Add(-ago), Length: 28 * time.Hour}
		b.End = b.Start.Add(b.Length)
		return model.BanRecord{JailBan: fail2ban.JailBan{Jail: jail, Ban: b, Count: count}, Current: ago == 0, Failures: failures, Matches: matches}
	}
	const line = "Jan  2 15:03:%02d web-3 sshd[4711]: Failed password for invalid user admin from 203.0.113.0 port %d ssh2"
	return s.send(model.AddressFetched{Request: 1, At: s.now, Records: []model.BanRecord{
		record("sshd", 0, 2, 5, fmt.Sprintf(line, 11, 50001), fmt.Sprintf(line, 14, 50002), fmt.Sprintf(line, 19, 50003)),
		record("postfix", 50*time.Hour, 1, 3, "Dec 31 13:03:20 web-3 postfix/smtpd[99]: warning: unknown[203.0.113.0]: SASL LOGIN authentication failed"),
	}})
}

// unbanning is an unban of twenty, of which one is done.
func unbanning(s *stage) *stage {
	banned(s).press("o", "y", "v")
	for range 19 {
		s.press("down")
	}
	s.press("v", "u", "y")
	s.wait(2 * time.Second)
	return s.chunk(1, model.OutcomeDone)
}

// chunk is the answer for so many of a batch, or for all that are left.
func (s *stage) chunk(n int, o model.Outcome) *stage {
	b := s.m.state.Batch
	msg := model.ActedOn{ID: 1, At: s.now, Took: time.Millisecond}
	rest := b.Targets[len(b.Results):]
	for _, t := range rest[:min(n, len(rest))] {
		r := model.Result{BatchTarget: t, Outcome: o}
		if o == model.OutcomeUnknown {
			r.Reason = "no answer came"
		}
		msg.Results = append(msg.Results, r)
	}
	return s.send(msg)
}

// finish is the answer for all that are still to be done.
func (s *stage) finish() *stage {
	for s.m.state.Batch.Running {
		s.chunk(99, model.OutcomeDone)
	}
	return s
}

// spoilt is a settings file that is not used.
var spoilt = config.Fault{Source: "/etc/bantop/bantop.toml",
	Reason: `/etc/bantop/bantop.toml:3: unknown key "refesh": did you mean "refresh"?`, Kept: true}

// files are settings files that say something else than at the start.
func files(s *stage, faults ...config.Fault) *stage {
	e := config.Defaults()
	for i, v := range []config.Value{{Key: "socket", Text: "/run/f2b/f2b.sock"}, {Key: "refresh", Text: "5s"},
		{Key: "recovery.window", Text: "2m"}} {
		v.Origin = config.Origin{Source: "/etc/bantop/bantop.toml", Line: i + 4}
		var err error
		if e, err = e.With(v); err != nil {
			s.t.Fatal(err)
		}
	}
	return s.send(model.SettingsRead{At: s.now, Settings: e, Faults: faults})
}

// shared is a pane that follows another, which polls fail2ban with the defaults.
func shared(s *stage) *stage {
	return s.send(model.Stored{Revision: 1, Runtime: s.m.state.Runtime})
}

// unset is a first start on a machine whose fail2ban does not run.
func unset(s *stage) *stage {
	s.probe(model.ProbeFinished{Fault: model.NotRunning,
		Reason: "fail2ban is not running (/var/run/fail2ban/fail2ban.sock: no such file or directory)",
		Hint:   "sudo systemctl start fail2ban"})
	checks := wellSetUp()
	checks[1] = model.Check{Name: "socket", Mark: model.CheckFault, Found: "/var/run/fail2ban/fail2ban.sock",
		Why: "fail2ban is not running: no such file or directory", Mend: "sudo systemctl start fail2ban"}
	checks[2] = model.Check{Name: "permission", Mark: model.CheckNote, Found: "not known: there is no socket"}
	checks[5] = model.Check{Name: "configuration", Mark: model.CheckFault, Found: "/etc/fail2ban enables 7 jails",
		Why: "fail2ban leaves out nginx-x: something is wrong with it", Mend: "sudo fail2ban-client -t"}
	checks[10] = model.Check{Name: "service", Mark: model.CheckFault, Found: "fail2ban.service is inactive and disabled",
		Why: "it does not come back when the machine restarts", Mend: "sudo systemctl enable fail2ban"}
	return s.send(model.SetupChecked{At: s.now, Checks: checks})
}

// wellSetUp is what is found where nothing is wrong.
func wellSetUp() []model.Check {
	var checks []model.Check
	for _, c := range []struct{ name, found string }{
		{"settings", "from /etc/bantop/bantop.toml, /etc/bantop/bantop.local.toml"},
		{"socket", "/var/run/fail2ban/fail2ban.sock answers in 240µs (process 812)"},
		{"permission", "open to root"},
		{"fail2ban", "1.0.2; counts are asked for jail by jail (1.1 tells all in one answer)"},
		{"client", "fail2ban-client 1.0.2"},
		{"configuration", "/etc/fail2ban enables 7 jails"},
		{"database", "/var/lib/fail2ban/fail2ban.sqlite3, 1.2 MiB"},
		{"log", "/var/log/fail2ban.log, 845.1 KiB, written to 3s ago"},
		{"state", "/var/lib/bantop, 76.0 KiB, shared by root's panes"},
		{"terminal", "screen-256color, 100×28, UTF-8, dark"},
		{"service", "fail2ban.service is active and enabled"},
	} {
		checks = append(checks, model.Check{Name: c.name, Mark: model.CheckOK, Found: c.found})
	}
	return checks
}

var sizes = []struct{ width, height int }{{100, 28}, {80, 24}, {40, 12}}

// TestScreens draws every scene at every size and compares it with its golden,
// a file a size. Before the picture is looked at, its size must be right.
func TestScreens(t *testing.T) {
	for _, size := range sizes {
		for _, ascii := range []bool{false, true} {
			name := fmt.Sprintf("-%dx%d", size.width, size.height)
			if ascii {
				name += "-ascii"
			}
			t.Run("screens"+name, func(t *testing.T) { draw(t, "screens"+name, scenes, size.width, size.height, ascii) })
			t.Run("changes"+name, func(t *testing.T) { draw(t, "changes"+name, changeScenes, size.width, size.height, ascii) })
		}
	}
}

// draw draws scenes and compares them with the golden of that name.
func draw(t *testing.T, name string, scenes []scene, width, height int, ascii bool) {
	t.Helper()
	var out strings.Builder
	for _, scene := range scenes {
		s := newStage(t, width, height, "none", ascii)
		scene.play(s)
		view := s.m.View()
		checkSize(t, scene.name, view, width, height)
		fmt.Fprintf(&out, "=== %s %s\n%s\n", scene.name, strings.Repeat("=", max(0, width-len(scene.name)-5)), view)
	}
	checkASCII(t, ascii, out.String())
	goldie.New(t, goldie.WithFixtureDir("../testdata/tui")).Assert(t, name, []byte(out.String()))
}

// cursorScenes are those in which somebody types at the end of a line.
var cursorScenes = regexp.MustCompile("editing|would ban me|whom to ban|banning yourself|no address")

func checkSize(t *testing.T, scene, view string, width, height int) {
	t.Helper()
	lines := strings.Split(view, "\n")
	if len(lines) != height {
		t.Errorf("%s: %d lines, want %d", scene, len(lines), height)
	}
	for i, l := range lines {
		if w := ansi.StringWidth(l); w > width {
			t.Errorf("%s: line %d takes %d cells: %q", scene, i+1, w, l)
		}
		if l != strings.TrimRight(l, " ") && !cursorScenes.MatchString(scene) { // there it is the cursor
			t.Errorf("%s: line %d ends in blanks: %q", scene, i+1, l)
		}
	}
}

func checkASCII(t *testing.T, ascii bool, text string) {
	t.Helper()
	for _, r := range text {
		if ascii && r >= 0x80 {
			t.Fatalf("%q in a picture that is to be ASCII", r)
		}
	}
}

// TestThemes draws the same screen in every theme, with its sequences shown.
func TestThemes(t *testing.T) {
	for _, theme := range []string{"dark", "light", "16", "none"} {
		t.Run(theme, func(t *testing.T) {
			var out strings.Builder
			for _, scene := range scenes {
				switch scene.name {
				case "crash recovered", "degraded", "offline", "typing a filter", "help":
					s := newStage(t, 100, 28, theme, false)
					scene.play(s)
					view := s.m.View()
					checkSize(t, scene.name, view, 100, 28)
					fmt.Fprintf(&out, "=== %s\n%s\n", scene.name, strings.ReplaceAll(view, "\x1b[", "‹"))
				}
			}
			goldie.New(t, goldie.WithFixtureDir("../testdata/tui")).Assert(t, "theme-"+theme, []byte(out.String()))
		})
	}
}

// TestTooSmall: below 30×8 the dashboard says so, and still shows how it stands.
func TestTooSmall(t *testing.T) {
	var out strings.Builder
	for _, size := range []struct{ width, height int }{{29, 28}, {100, 7}, {12, 4}, {5, 2}, {1, 1}} {
		s := newStage(t, size.width, size.height, "none", false)
		attacked(s)
		view := s.m.View()
		if lines := strings.Split(view, "\n"); len(lines) > size.height || ansi.StringWidth(view) > size.width*len(lines) {
			t.Errorf("%v: %q", size, view)
		}
		fmt.Fprintf(&out, "=== %dx%d\n%s\n", size.width, size.height, view)
	}
	goldie.New(t, goldie.WithFixtureDir("../testdata/tui")).Assert(t, "too-small", []byte(out.String()))
}

// TestEverySizeFits draws every scene at many sizes, as somebody who drags the
// corner of the window: none is overrun.
func TestEverySizeFits(t *testing.T) {
	for _, scene := range scenes {
		s := newStage(t, 100, 28, "none", false)
		scene.play(s)
		for width := 30; width <= 140; width += 11 {
			for height := 8; height <= 50; height += 7 {
				s.resize(width, height)
				checkSize(t, fmt.Sprintf("%s at %d×%d", scene.name, width, height), s.m.View(), width, height)
			}
		}
	}
}
