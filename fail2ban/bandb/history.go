package bandb

import (
	"context"
	"database/sql"
	"math"
	"slices"
	"time"

	"bantop/fail2ban"
)

// Record is a ban with what led to it.
type Record struct {
	fail2ban.JailBan
	Current  bool     // in force
	Failures int      // that led to it; 0 where that is not known, and for a ban by hand
	Matches  []string // the newest log lines of them (setting dbmaxmatches, 10), oldest first
}

// The bans of one address, the newest first. Of data the beginning is read, and
// nothing where there is more than a megabyte: SQLite reads a value whole. Without
// the index, which fail2ban makes with the table, a read would take as long as the
// table is; since it is named, the read fails then.
const (
	madeQuery = `SELECT rowid, jail, ip, timeofban, bantime, bancount, CASE WHEN octet_length(data) <= 1048576 THEN substr(data, 1, 65536) END
		FROM bans INDEXED BY bans_ip WHERE ip = ? AND rowid < ? ORDER BY rowid DESC LIMIT ?`
	heldQuery = `SELECT rowid, jail, ip, timeofban, bantime, bancount, CASE WHEN octet_length(data) <= 1048576 THEN substr(data, 1, 65536) END
		FROM bips INDEXED BY bips_ip WHERE ip = ? AND rowid < ? ORDER BY rowid DESC LIMIT ?`
)

// History reads what the database knows of one address, as fail2ban writes it, in
// all jails: its bans, the newest first, at most so many. Which are current is
// told as of a time, as Bans does.
//
// fail2ban forgets a ban after dbpurgeage (1 day), and the last one of a jail
// after that and three times its length; one that is lifted by command it forgets
// at once, with all others of that address and jail.
func (d *DB) History(ctx context.Context, now time.Time, address string, most int) ([]Record, error) {
	db, err := d.open()
	if err != nil {
		return nil, err
	}
	stopped, err := d.stoppedJails(ctx, db)
	if err != nil {
		return nil, err
	}
	list, err := d.records(ctx, db, madeQuery, address, most)
	if err != nil {
		return nil, err
	}
	held, err := d.records(ctx, db, heldQuery, address, pageRows) // one a jail
	if err != nil {
		return nil, err
	}
	for _, r := range held {
		r.Current = !over(r.JailBan, now) && !stopped[r.Jail]
		same := func(o Record) bool { return o.Jail == r.Jail && o.Start.Equal(r.Start) }
		if at := slices.IndexFunc(list, same); at >= 0 {
			list[at].Current = r.Current
		} else {
			list = append(list, r)
		}
	}
	slices.SortStableFunc(list, func(a, b Record) int { return b.Start.Compare(a.Start) })
	return list[:min(len(list), max(0, most))], nil
}

// records reads the bans of one address from one table, the newest first.
func (d *DB) records(ctx context.Context, db *sql.DB, query, address string, most int) ([]Record, error) {
	var list []Record
	for before, all := int64(math.MaxInt64), false; !all && len(list) < most; {
		if err := d.pause(ctx, breath); err != nil {
			return nil, err
		}
		var data [][]byte
		var err error
		all, err = d.read(ctx, db, func(rows *sql.Rows) error {
			var r row
			var raw any
			if err := rows.Scan(&before, &r.jail, &r.address, &r.start, &r.length, &r.count, &raw); err != nil {
				return err
			}
			list, data = append(list, Record{JailBan: r.ban()}), append(data, []byte(text(raw)))
			return nil
		}, query, address, before, most-len(list))
		if err != nil {
			return nil, err
		}
		for i, raw := range data {
			r := &list[len(list)-len(data)+i]
			r.Failures, r.Matches = parseData(raw)
		}
	}
	return list, nil
}
