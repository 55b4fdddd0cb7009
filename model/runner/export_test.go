package runner

import "time"

// Gather sets how long jails may take to appear after an act that said OK.
func (r *Runner) Gather(d time.Duration) { r.gathering = d }

// Retry sets after how long a store that failed is tried again.
func (r *Runner) Retry(d time.Duration) { r.retry = d }

// SetCosts sets what a ban of a list costs: of one with times, and of one of names.
func (r *Runner) SetCosts(timed, names time.Duration) {
	r.costs.ofTimed, r.costs.ofNames = timed, names
}
