package model_test

import (
	"slices"
	"strings"
	"testing"

	"bantop/config"
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
		s, _ = model.Update(s, model.SetAsideChosen{At: t0, Suspect: model.Suspect{Dir: "jail.d", Name: "x.local", Jail: c.jail, Jails: c.jails}})
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
