package words

import (
	"slices"

	"bantop/model"
)

// severity is the order in which checks are told: what is wrong first.
var severity = map[model.Mark]int{model.CheckFault: 0, model.CheckNote: 1, model.CheckOK: 2}

// ByMark sorts checks: faults, then notes, then what is well.
func ByMark(checks []model.Check) []model.Check {
	out := slices.Clone(checks)
	slices.SortStableFunc(out, func(a, b model.Check) int { return severity[a.Mark] - severity[b.Mark] })
	return out
}

// Faults counts the checks that found a fault.
func Faults(checks []model.Check) int {
	n := 0
	for _, c := range checks {
		if c.Mark == model.CheckFault {
			n++
		}
	}
	return n
}

// Checks sums up what the checks found.
func Checks(checks []model.Check) string {
	switch n := Faults(checks); {
	case n == 0:
		return "nothing is wrong"
	case n == 1:
		return "one thing is wrong"
	default:
		return Count(n) + " things are wrong"
	}
}
