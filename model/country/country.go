// Package country tells where addresses are, by a database that is a file on this
// machine: MaxMind's GeoLite2, DB-IP's, IPinfo's, or another in the MaxMind DB
// format. Nothing is asked over the network.
//
// What the file holds was written by others: of it come only codes of two letters,
// numbers, and one name, which is foreign text.
package country

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"

	"bantop/model"
	"bantop/model/banlist"
)

// Database is a database at a path. It is read when it is asked, so that it may be
// replaced by a newer one at any time. It may be used by several goroutines.
type Database struct{ path string }

// At is the database at a path. It is not read yet.
func At(path string) *Database { return &Database{path} }

// Info is what a database says about itself.
type Info struct {
	Kind  string // such as "GeoLite2-Country": foreign text
	Built time.Time
	Size  int64 // in bytes
}

// Info reads what the database says about itself.
func (d *Database) Info() (Info, error) {
	var info Info
	err := d.read(func(f file) error {
		info = Info{Kind: cut(f.Metadata.DatabaseType), Built: f.Metadata.BuildTime(), Size: int64(f.size)}
		all := samples()
		return f.countries(context.Background(), all, make([]banlist.Country, len(all)))
	})
	return info, err
}

// samples are addresses from all over, by which a database is tried.
func samples() []netip.Addr {
	var all []netip.Addr
	for i := range 256 {
		all = append(all, netip.AddrFrom4([4]byte{byte(i), 1}), netip.AddrFrom16([16]byte{0x20, byte(i), 2}))
	}
	return all
}

// Countries are the countries of addresses, in their order, Unknown where the
// database does not tell. Where it is damaged in part, or ctx ends, the error says
// so, and what was found until then is told; nil where nothing can be.
func (d *Database) Countries(ctx context.Context, of []netip.Addr) ([]banlist.Country, error) {
	var out []banlist.Country
	err := d.read(func(f file) error {
		out = make([]banlist.Country, len(of))
		for i := range out {
			out[i] = banlist.Unknown
		}
		return f.countries(ctx, of, out)
	})
	return out, err
}

// Place is all that the database knows of an address.
func (d *Database) Place(of netip.Addr) (model.Place, error) {
	var p model.Place
	err := d.read(func(f file) (err error) {
		p, err = f.place(of)
		return err
	})
	return p, err
}

// file is the database while it is read.
type file struct {
	*maxminddb.Reader
	size int
}

// countries looks up addresses. What one record says is read once: few databases
// have more of them than countries. One that is damaged somewhere is read on.
func (f file) countries(ctx context.Context, of []netip.Addr, out []banlist.Country) error {
	const often = 1 << 10 // addresses between two looks at ctx
	known := make(map[uintptr]banlist.Country)
	var broken error
	for i, a := range of {
		if i%often == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		r, found, err := f.record(a)
		if c, had := known[r.Offset()]; had && found {
			out[i] = c
			continue
		}
		if found {
			out[i], err = country(r)
			known[r.Offset()] = out[i]
		}
		if broken == nil {
			broken = err
		}
	}
	return broken
}

// record finds the record of an address, where there is one. A database of IPv4 has
// none of IPv6.
func (f file) record(a netip.Addr) (r maxminddb.Result, found bool, err error) {
	const ipv4 = 4
	if !a.IsValid() || f.Metadata.IPVersion == ipv4 && a.Is6() {
		return r, false, nil
	}
	r = f.Lookup(a)
	return r, r.Found(), damage(r.Err())
}

func (f file) place(a netip.Addr) (model.Place, error) {
	p := model.Place{Country: banlist.Unknown}
	r, found, err := f.record(a)
	if !found {
		return p, err
	}
	if p.Country, err = country(r); err == nil {
		p.ASN, p.ASName, err = system(r)
	}
	return p, err
}

// damage is an error where the file is damaged, nil where it only holds something
// else than is looked for.
func damage(err error) error {
	if _, is := errors.AsType[maxminddb.InvalidDatabaseError](err); is {
		return fmt.Errorf("it is damaged: %s", cut(err.Error()))
	}
	return nil
}
