package bandb

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"time"

	"bantop/fail2ban"
)

// pageRows is how many rows a read takes at most, which bounds a page to some
// 400 kB.
const pageRows = 4096

// Column data, the log lines, is not asked for: it is by far the largest.
const bansQuery = `SELECT rowid, jail, ip, timeofban, bantime, bancount FROM bips WHERE rowid > ? ORDER BY rowid LIMIT ?`

// Bans reads the bans of all jails that are in force at a time, and hands them on
// in pages, which belong to the callee. An error of the callee ends it, and is
// returned as it is.
//
// Table bips ("bad ips") holds more than that: an address stays there when its
// ban is over, for dbpurgeage (1 day) at least, and so do the bans of a jail that
// was stopped. Both are left out, by what fail2ban itself brings back when it
// starts (server/database.py, _getCurrentBans); where nothing is to be left out
// for its time, say the zero time. What fail2ban does otherwise than its database
// says cannot be seen here: a jail's bantime that was changed holds for its older
// bans as well, there and not here.
//
// A ban that is made or lifted meanwhile is among them or not. One that is made
// again comes twice, under the same jail and address; the later one is right.
func (d *DB) Bans(ctx context.Context, now time.Time, page func([]fail2ban.JailBan) error) error {
	db, err := d.open()
	if err != nil {
		return err
	}
	stopped, err := d.stoppedJails(ctx, db)
	if err != nil {
		return err
	}
	size := 0 // of the page before
	for after, all := int64(math.MinInt64), false; !all; {
		if err := d.pause(ctx, breath); err != nil {
			return err
		}
		bans, n := make([]fail2ban.JailBan, 0, size), 0
		ended, err := d.read(ctx, db, func(rows *sql.Rows) error {
			var r row
			if err := rows.Scan(&after, &r.jail, &r.address, &r.start, &r.length, &r.count); err != nil {
				return err
			}
			n++
			if b := r.ban(); !over(b, now) && !stopped[b.Jail] {
				bans = append(bans, b)
			}
			return nil
		}, bansQuery, after, pageRows)
		if err != nil {
			return err
		}
		if size = len(bans); size > 0 {
			if err := page(bans); err != nil {
				return err
			}
		}
		all = ended && n < pageRows
	}
	return nil
}

// stoppedJails are the jails that fail2ban knows and does not run. Where it was
// stopped, that is all of them; where it was killed, none.
func (d *DB) stoppedJails(ctx context.Context, db *sql.DB) (map[string]bool, error) {
	stopped := make(map[string]bool)
	for after, all := int64(math.MinInt64), false; !all; {
		if err := d.pause(ctx, breath); err != nil {
			return nil, err
		}
		var err error
		all, err = d.read(ctx, db, func(rows *sql.Rows) error {
			var name any
			if err := rows.Scan(&after, &name); err != nil {
				return err
			}
			stopped[text(name)] = true
			return nil
		}, `SELECT rowid, name FROM jails WHERE enabled = 0 AND rowid > ? ORDER BY rowid`, after)
		if err != nil {
			return nil, err
		}
	}
	return stopped, nil
}

// over tells whether a ban's time is over. One of unknown end is not.
func over(b fail2ban.JailBan, now time.Time) bool {
	return !b.End.IsZero() && !b.End.After(now)
}

// row is a ban as the database holds it: of any type, whatever the columns were
// declared as, or NULL.
type row struct{ jail, address, start, length, count any }

// lastSecond is the end of the last year that fail2ban can name
// (server/mytime.py, time2str), in seconds since 1970.
const lastSecond = 253402300799

// ban is the ban that a row tells of. A start that is no time and a length that
// is not known are zero, and so is the end then. fail2ban writes -1 for a
// permanent ban, and -2 for a length that it did not know (of a database that it
// took over from 0.9).
func (r row) ban() fail2ban.JailBan {
	b := fail2ban.JailBan{Jail: text(r.jail), Ban: fail2ban.Ban{Address: text(r.address)}}
	if n, ok := number(r.count); ok && n > 0 {
		b.Count = int(n)
	}
	start, ok := number(r.start)
	if ok = ok && start >= 0 && start <= lastSecond; ok {
		b.Start = time.Unix(start, 0)
	}
	switch length, known := number(r.length); {
	case known && length == -1:
		b.Length = fail2ban.Permanent
	case known && length >= 0:
		b.Length = fail2ban.Seconds(length)
		if ok {
			b.End = time.Unix(start+min(length, lastSecond-start), 0)
		}
	}
	return b
}

// number is a whole number. SQLite keeps a float in a column of whole numbers
// where one is written (a length with bantime.rndtime): its fraction is dropped.
func number(v any) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case float64:
		if math.Abs(v) < 1<<53 {
			return int64(v), true
		}
	}
	return 0, false
}

// text is a text, "" for NULL.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case []byte:
		return string(v)
	default:
		return fmt.Sprint(v)
	}
}
