package model

import (
	"regexp"
	"strings"
	"testing"
)

// TestAdviceIsQuoted: what mends lost jails and jails without actions can be pasted
// into a shell, whatever a jail is called.
func TestAdviceIsQuoted(t *testing.T) {
	const hostile = "q;touch pwn"
	r := Runtime{Control: "fail2ban-client", Pending: &Pending{}}
	r.Pending.Jail = hostile
	lost, bad := Lost{}, Jail{State: JailNoAction}
	lost.Jail, bad.Name = hostile, hostile
	for _, text := range []string{
		r.advice([]Lost{lost}, nil),
		r.advice(nil, []Jail{bad}),
	} {
		if !strings.Contains(text, "'"+hostile+"'") || strings.Contains(regexp.MustCompile(`'[^']*'`).ReplaceAllString(text, ""), "touch") {
			t.Error(text)
		}
	}
}
