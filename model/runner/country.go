package runner

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/addr"
	"bantop/model"
	"bantop/model/banlist"
)

// Countries tells where addresses are. *country.Database is one.
type Countries interface {
	Countries(ctx context.Context, of []netip.Addr) ([]banlist.Country, error)
	Place(of netip.Addr) (model.Place, error)
}

// locateTime is how long it may take to look up where all bans are: 100,000 are 60 ms
// in the largest databases.
const locateTime = 5 * time.Second

// located makes a list of bans, with their countries where there is a database.
// Where that fails the list is none the worse, and why is told.
func (r *Runner) located(ctx context.Context, bans []fail2ban.JailBan) (list *banlist.List, failed string) {
	if r.opts.Countries == nil {
		return banlist.New(bans), ""
	}
	ctx, cancel := context.WithTimeout(ctx, locateTime)
	defer cancel()
	list = banlist.NewLocated(bans, func(of []netip.Addr) []banlist.Country {
		found, err := r.opts.Countries.Countries(ctx, of)
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			failed = fmt.Sprintf("read the country database: it takes longer than %v", locateTime)
		case err != nil:
			failed = err.Error()
		}
		return found
	})
	return list, failed
}

// place is where an address is, by the first of a network; the zero Place where
// there is no database, and of what is no address.
func (r *Runner) place(address string) (p model.Place, failed string) {
	net, _, err := addr.Parse(address)
	if r.opts.Countries == nil || err != nil {
		return p, ""
	}
	if p, err = r.opts.Countries.Place(net.Addr()); err != nil {
		return p, err.Error()
	}
	return p, ""
}
