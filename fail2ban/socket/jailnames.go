package socket

import (
	"context"
	"errors"
	"strings"

	"bantop/fail2ban"
)

// joined are names of jails that hold a comma and a space, of a list that they stood in.
type joined struct {
	list  string
	names []string
}

// jailsWithCommas finds the names of n jails in the parts of a list that has more: a name
// may hold what stands between two. 1.1.0 and later name each jail apart; others are asked
// which parts are jails, once for each list: they write an error for any other.
func (c *Client) jailsWithCommas(ctx context.Context, op string, parts []string, n int) ([]string, error) {
	if jails, err := c.Stats(ctx); err == nil {
		names := make([]string, len(jails))
		for i, j := range jails {
			names[i] = j.Name
		}
		return names, nil
	} else if !errors.Is(err, fail2ban.ErrUnsupported) {
		return nil, err
	}
	list := strings.Join(parts, ", ")
	if known := c.commas.Load(); known != nil && known.list == list {
		return append([]string{}, known.names...), nil
	}
	names, err := c.join(ctx, parts)
	if err != nil {
		return nil, err
	}
	if len(names) != n {
		return nil, c.fail(op, errors.New("the list of jails cannot be read: the names of several hold a comma and a space"))
	}
	c.commas.Store(&joined{list, names})
	return append([]string{}, names...), nil
}

// mostParts is how many parts a name may have, and mostAsked how many names are asked
// about.
const (
	mostParts = 6
	mostAsked = 500
)

// join puts the parts of a list together to names of jails, the longest first.
func (c *Client) join(ctx context.Context, parts []string) (names []string, err error) {
	is, err := c.areJails(ctx, parts)
	if err != nil {
		return nil, err
	}
	var maybe []string
	for i, p := range parts {
		if is[p] {
			continue
		}
		for k := i + 2; k <= min(len(parts), i+mostParts) && len(maybe) < mostAsked; k++ {
			maybe = append(maybe, strings.Join(parts[i:k], ", "))
		}
	}
	whole, err := c.areJails(ctx, maybe)
	if err != nil {
		return nil, err
	}
	for i := 0; i < len(parts); {
		n := 1
		for k := min(len(parts), i+mostParts); k > i+1 && !is[parts[i]]; k-- {
			if whole[strings.Join(parts[i:k], ", ")] {
				n = k - i
				break
			}
		}
		names, i = append(names, strings.Join(parts[i:i+n], ", ")), i+n
	}
	return names, nil
}

// areJails asks which of some names are jails.
func (c *Client) areJails(ctx context.Context, names []string) (map[string]bool, error) {
	statuses, err := c.JailStatuses(ctx, names)
	is := make(map[string]bool, len(statuses))
	for _, j := range statuses {
		is[j.Name] = true
	}
	return is, err
}
