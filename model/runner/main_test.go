package runner_test

import (
	"testing"

	"bantop/fail2ban/testmain"
	"bantop/model/runner"
)

func TestMain(m *testing.M) { testmain.Run(m) }

// begin is a runner that holds nothing open any more when the test is over.
func begin(t testing.TB, o runner.Options) *runner.Runner {
	if o.Addresses == nil { // those of this machine may be any
		o.Addresses = func() []string { return nil }
	}
	r := runner.New(o)
	t.Cleanup(func() {
		r.EndRehearsals()
		r.StandStill()()
	})
	return r
}
