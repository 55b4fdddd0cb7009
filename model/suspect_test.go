package model_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"bantop/config"
	"bantop/fail2ban"
	"bantop/model"
)

// TestSetAsidePlan: the lost jails are to come back, but for those that the file
// makes: they go with it. Where no other would come back it is not tried.
func TestSetAsidePlan(t *testing.T) {
	for _, c := range []struct {
		name           string
		expected       []string
		jail           string
		jails          []string
		gains          string
		loose, refused string
	}{
		{"a new jail", []string{"postfix", "sshd"}, "nginx-x", nil, "postfix sshd", "nginx-x", ""},
		{"a jail that ran before", []string{"nginx-x", "postfix", "sshd"}, "nginx-x", []string{"nginx-x"}, "postfix sshd", "nginx-x", ""},
		{"a filter of two jails", []string{"nginx-x", "nginx-y", "sshd"}, "nginx-y", []string{"nginx-x", "nginx-y"}, "sshd", "nginx-x nginx-y", ""},
		{"no jail is known", []string{"postfix"}, "", nil, "postfix", "", ""},
		{"the server never ran", nil, "nginx-x", nil, "", "nginx-x", ""},
		{"a filter of all", []string{"nginx-x", "nginx-y"}, "nginx-x", []string{"nginx-x", "nginx-y"}, "", "", "no jail would come back"},
	} {
		s := model.New(model.Options{Settings: config.Defaults(), Who: "lukas"})
		s.Runtime.Expected, s.Sharing = c.expected, model.Sharing{Shared: true}
		s, _ = model.Update(s, model.Unlocked{At: t0})
		s, _ = model.Update(s, model.SetAsideChosen{At: t0, Suspects: []model.Suspect{{Dir: "jail.d", Name: "x.local", Jail: c.jail, Jails: c.jails}}})
		s, effects := model.Update(s, model.ChangeRequested{At: t0})
		at := slices.IndexFunc(effects, func(e model.Effect) bool { _, is := e.(model.StartGuard); return is })
		if at < 0 {
			if c.refused == "" || !strings.Contains(s.Preparing.Reason, c.refused) || s.Preparing.Hint == "" {
				t.Errorf("%s: refused: %q", c.name, s.Preparing.Reason)
			}
			continue
		}
		p := effects[at].(model.StartGuard).Plan
		if got := strings.Join(p.Gains, " "); got != c.gains || strings.Join(p.Loose, " ") != c.loose || !p.Commit || c.refused != "" ||
			p.File.Name != "x.local" || p.File.Aside != "x.local.off" {
			t.Errorf("%s: %+v", c.name, p)
		}
	}
}

// TestSuspectsEnd: who is to blame is looked for once, and is nobody any more once
// the trouble is over: what was set aside cannot be set aside again. New trouble
// looks again.
func TestSuspectsEnd(t *testing.T) {
	s := model.New(model.Options{Settings: config.Defaults(), Who: "lukas"})
	s, _ = model.Update(s, model.EvidenceOpened{})
	for i, c := range []struct {
		kind     model.Kind
		asks     bool
		suspects int
	}{
		{model.Offline, true, 1},
		{model.Offline, false, 1},
		{model.Online, false, 0},
		{model.Online, false, 0},
		{model.Offline, true, 1},
	} {
		s.Runtime.Server.Kind = c.kind
		next, effects := model.Update(s, model.LogRead{At: t0})
		asks := slices.ContainsFunc(effects, func(e model.Effect) bool { _, is := e.(model.FindSuspects); return is })
		if s = next; asks {
			s, _ = model.Update(s, model.SuspectsFound{At: t0, List: []model.Suspect{{Dir: "jail.d", Name: "x.local"}}})
		}
		if asks != c.asks || len(s.Suspects.List) != c.suspects {
			t.Errorf("%d, %s: it asks: %v, and suspects %+v", i, c.kind, asks, s.Suspects.List)
		}
	}
}

// TestSetSeveralAside: the plan has each file once, and all jails that may go with them;
// nothing is done while another line has to be corrected.
func TestSetSeveralAside(t *testing.T) {
	list := []model.Suspect{
		{Dir: "jail.d", Name: "x.local", Line: 4, Jail: "x", Proven: true},
		{Dir: "jail.d", Name: "x.local", Line: 9, Jail: "y", Proven: true},
		{Dir: "filter.d", Name: "z.conf", Line: 2, Jails: []string{"z", "z2"}, Proven: true},
	}
	for _, edit := range []bool{false, true} {
		s := model.New(model.Options{Settings: config.Defaults(), Who: "lukas"})
		s.Runtime.Expected, s.Sharing = []string{"sshd"}, model.Sharing{Shared: true}
		all := slices.Clone(list)
		if edit {
			all = append(all, model.Suspect{Name: "jail.local", Line: 7, Proven: true, Keep: "it holds other settings, too", Reason: "no"})
		}
		s, _ = model.Update(s, model.Unlocked{At: t0})
		s, _ = model.Update(s, model.SuspectsFound{At: t0, List: all, Whole: !edit})
		s, _ = model.Update(s, model.SetAsideChosen{At: t0, Suspects: list})
		s, effects := model.Update(s, model.ChangeRequested{At: t0})
		at := slices.IndexFunc(effects, func(e model.Effect) bool { _, is := e.(model.StartGuard); return is })
		if edit {
			if at >= 0 || !strings.Contains(s.Preparing.Reason, "jail.local:7: no") || s.Preparing.Hint == "" {
				t.Errorf("refused: %q", s.Preparing.Reason)
			}
			continue
		}
		if at < 0 {
			t.Fatalf("refused: %q", s.Preparing.Reason)
		}
		p := effects[at].(model.StartGuard).Plan
		var names []string
		for _, f := range p.Files() {
			names = append(names, f.Dir+"/"+f.Name+">"+f.Aside)
		}
		if got := strings.Join(names, " "); got != "jail.d/x.local>x.local.off filter.d/z.conf>z.conf.off" || strings.Join(p.Loose, " ") != "x y z z2" {
			t.Errorf("%s, loose %v", got, p.Loose)
		}
	}
}

// TestUnguarded: what is said to run is what was to come back; a look before the change
// proves nothing of the rest.
func TestUnguarded(t *testing.T) {
	old, fresh := t0.Add(-time.Second), t0.Add(time.Second)
	row := func(name string, state model.JailState) model.Jail {
		return model.Jail{Jail: jail(name, fail2ban.Counts{}), State: state}
	}
	for _, c := range []struct {
		name string
		at   time.Time
		rows []model.Jail
		lost []string
		want string
	}{
		{"not there", fresh, nil, nil, "x"},
		{"an old look lists it", old, []model.Jail{row("x", model.JailOK)}, nil, "x"},
		{"it runs", fresh, []model.Jail{row("x", model.JailOK)}, nil, ""},
		{"it is listed and not started", fresh, []model.Jail{row("x", model.JailNotStarted)}, nil, "x"},
		{"a jail that came back is not lost", fresh, nil, []string{"sshd"}, "x"},
		{"another is lost still", fresh, nil, []string{"mail"}, "mail x"},
	} {
		r := model.Runtime{Server: model.ServerStatus{Kind: model.Online, At: c.at, Jails: c.rows}}
		for _, l := range c.lost {
			r.Lost = append(r.Lost, model.Lost{Jail: l, Sure: true})
		}
		got := r.Unguarded(model.Change{Plan: model.Plan{Gains: []string{"sshd"}, Loose: []string{"x"}}, Since: t0})
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: got %v, want %q", c.name, got, c.want)
		}
	}
}
