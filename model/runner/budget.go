package runner

import (
	"slices"
	"time"
)

// budget keeps the looks at the server below 1 % of its time, by measuring
// what they cost it.
type budget struct {
	started time.Time // of the newest look
	costs   []time.Duration
}

const (
	share  = 100              // a look may take one part in so many of the time
	looks  = 8                // that the cost is measured over
	slower = 30 * time.Second // however much a look costs, it is not rarer than that
)

// begin takes note of the start of a look.
func (b *budget) begin(now time.Time) { b.started = now }

// spend takes note of how long the server took for a look. One that it did not
// answer cost it nothing.
func (b *budget) spend(cost time.Duration) {
	b.costs = append(b.costs, cost)
	b.costs = slices.Clone(b.costs[max(0, len(b.costs)-looks):])
}

// cost is what a look takes: the least of the last ones, since a server that
// others keep busy makes us wait without our costing it anything.
func (b *budget) cost() time.Duration {
	if len(b.costs) == 0 {
		return 0
	}
	return slices.Min(b.costs)
}

// wait is how long after now the next look is due, where the rules want it
// after that time. Looks keep their pace from start to start. One that is
// hurried does not wait for the rules, but still for the budget.
func (b *budget) wait(now time.Time, after time.Duration, hurried bool) time.Duration {
	if hurried {
		after = 0
	}
	least := min(share*b.cost(), slower)
	if b.started.IsZero() {
		return after
	}
	return max(0, max(after, least)-now.Sub(b.started))
}
