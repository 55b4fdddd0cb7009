package bandb_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"bantop/fail2ban"
	"bantop/fail2ban/bandb"
)

// TestManyBans: none of 100,000 is missed, none comes twice, and no page is empty
// or endless.
func TestManyBans(t *testing.T) {
	const n = 100_000
	d := open(t, create(t, schema, many("bips", n, start)))
	seen := make(map[string]bool, n)
	jails := make(map[string]int)
	err := d.Bans(t.Context(), now, func(page []fail2ban.JailBan) error {
		if len(page) == 0 || len(page) > 4096 {
			t.Errorf("a page of %d", len(page))
		}
		for _, b := range page {
			seen[b.Jail+" "+b.Address] = true
			jails[b.Jail]++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) != n || jails["sshd"] != n/2 || jails["nginx"] != n/2 || len(jails) != 2 {
		t.Errorf("%d bans, %v", len(seen), jails)
	}
}

// TestInForce walks what table bips holds beside the bans in force.
func TestInForce(t *testing.T) {
	d := open(t, create(t, schema, fmt.Sprintf(`INSERT INTO bips(jail, ip, timeofban, bantime) VALUES
		('sshd', 'runs', %[1]d, 61), ('sshd', 'ends now', %[1]d, 60), ('sshd', 'over', %[1]d, 59), ('sshd', 'no time at all', %[1]d, 0),
		('sshd', 'for ever', %[1]d, -1), ('sshd', 'for how long is not known', %[1]d, -2), ('gone', 'of a jail that was stopped', %[1]d, -1),
		('never heard of', 'of a jail that is not listed', %[1]d, -1)`, int64(start))))
	for _, c := range []struct {
		name string
		at   time.Time
		want []string
	}{
		{"now", now, []string{"runs", "for ever", "for how long is not known", "of a jail that is not listed"}},
		{"at no time", time.Time{}, []string{"runs", "ends now", "over", "no time at all", "for ever", "for how long is not known", "of a jail that is not listed"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, b := range bans(t, d, c.at) {
				got = append(got, b.Address)
			}
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

// TestOddRows: a row is read as far as it goes, and never hides the others.
func TestOddRows(t *testing.T) {
	at, last := time.Unix(start, 0), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	ban := func(jail, address string, start, end time.Time, length time.Duration, count int) fail2ban.JailBan {
		return fail2ban.JailBan{Jail: jail, Ban: fail2ban.Ban{Address: address, Start: start, End: end, Length: length}, Count: count}
	}
	const loose = `CREATE TABLE jails(name TEXT, enabled INTEGER);
		CREATE TABLE bips(ip TEXT, jail TEXT, timeofban INTEGER, bantime INTEGER, bancount INTEGER, data JSON)`
	for _, c := range []struct {
		name, values string // jail, ip, timeofban, bantime, bancount
		want         fail2ban.JailBan
	}{
		{"as it should be", "'sshd', '192.0.2.1', 1767225600, 600, 3", ban("sshd", "192.0.2.1", at, at.Add(10*time.Minute), 10*time.Minute, 3)},
		{"permanent", "'sshd', '192.0.2.1', 1767225600, -1, 1", ban("sshd", "192.0.2.1", at, time.Time{}, fail2ban.Permanent, 1)},
		{"a length that fail2ban did not know", "'sshd', '192.0.2.1', 1767225600, -2, 1", ban("sshd", "192.0.2.1", at, time.Time{}, 0, 1)},
		{"fractions", "'sshd', '192.0.2.1', 1767225600.75, 600.5, 1.5", ban("sshd", "192.0.2.1", at, at.Add(10*time.Minute), 10*time.Minute, 1)},
		{"numbers as text", "'sshd', 42, '1767225600', '600', '1'", ban("sshd", "42", at, at.Add(10*time.Minute), 10*time.Minute, 1)},
		{"bytes", "x'73736864', x'c0ff00', 1767225600, 600, 1", ban("sshd", "\xc0\xff\x00", at, at.Add(10*time.Minute), 10*time.Minute, 1)},
		{"nothing at all", "NULL, NULL, NULL, NULL, NULL", ban("", "", time.Time{}, time.Time{}, 0, 0)},
		{"no numbers", "'sshd', '192.0.2.1', 'yesterday', x'00', 'often'", ban("sshd", "192.0.2.1", time.Time{}, time.Time{}, 0, 0)},
		{"before time", "'sshd', '192.0.2.1', -1, 600, -1", ban("sshd", "192.0.2.1", time.Time{}, time.Time{}, 10*time.Minute, 0)},
		{"after time", "'sshd', '192.0.2.1', 9223372036854775807, 9223372036854775807, 1", ban("sshd", "192.0.2.1", time.Time{}, time.Time{}, fail2ban.Seconds(1<<62), 1)},
		{"beyond numbers", "'sshd', '192.0.2.1', 9e999, -9e999, 9e999", ban("sshd", "192.0.2.1", time.Time{}, time.Time{}, 0, 0)},
		{"until the end of time", "'sshd', '192.0.2.1', 1767225600, 9223372036854775807, 1", ban("sshd", "192.0.2.1", at, last, fail2ban.Seconds(1<<62), 1)},
		{"hostile text", "'a' || char(0) || 'b', char(27, 10, 8238), 1767225600, -1, 1", ban("a\x00b", "\x1b\n\u202e", at, time.Time{}, fail2ban.Permanent, 1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			const insert = "INSERT INTO bips(jail, ip, timeofban, bantime, bancount) VALUES "
			const sound = "('sshd', 'sound', 1767225600, 600, 1)"
			d := open(t, create(t, loose, insert+sound, insert+"("+c.values+")", insert+sound))
			got := bans(t, d, now)
			if len(got) != 3 || got[0].Address != "sound" || got[2] != got[0] {
				t.Fatalf("got %+v", got)
			}
			if b := got[1]; !b.Start.Equal(c.want.Start) || !b.End.Equal(c.want.End) {
				t.Errorf("got  %v to %v\nwant %v to %v", b.Start, b.End, c.want.Start, c.want.End)
			}
			got[1].Start, got[1].End = c.want.Start, c.want.End
			if got[1] != c.want {
				t.Errorf("got  %+v\nwant %+v", got[1], c.want)
			}
		})
	}
}

// TestWrittenMeanwhile: nothing is locked while a page is looked at; what is
// banned again meanwhile comes once more, later, and nothing else twice.
func TestWrittenMeanwhile(t *testing.T) {
	const n = 10_000
	path := create(t, schema, many("bips", n, start))
	d := open(t, path)
	count := make(map[string]int)
	length := make(map[string]time.Duration)
	pages := 0
	err := d.Bans(t.Context(), now, func(page []fail2ban.JailBan) error {
		for _, b := range page {
			count[b.Address]++
			length[b.Address] = b.Length
		}
		if pages++; pages == 1 {
			write(t, path, `INSERT OR REPLACE INTO bips(ip, jail, timeofban, bantime) SELECT ip, jail, timeofban, 1200 FROM bips WHERE ip IN ('10.0.0.0', '10.0.39.15')`,
				`DELETE FROM bips WHERE ip = '10.0.39.14'`, fmt.Sprintf(`INSERT INTO bips(ip, jail, timeofban, bantime) VALUES ('new', 'sshd', %d, 600)`, int64(start)))
		}
		return nil
	})
	if err != nil || pages < 2 {
		t.Fatal(pages, err)
	}
	// The first was read before, the last was not.
	if len(count) != n || count["10.0.0.0"] != 2 || count["10.0.39.15"] != 1 || count["new"] != 1 || count["10.0.39.14"] != 0 {
		t.Errorf("%d bans, %d, %d, %d, %d", len(count), count["10.0.0.0"], count["10.0.39.15"], count["new"], count["10.0.39.14"])
	}
	for address, times := range count {
		again := address == "10.0.0.0" || address == "10.0.39.15"
		if want := 10 * time.Minute; times > 1 && address != "10.0.0.0" || !again && length[address] != want || again && length[address] != 2*want {
			t.Errorf("%s came %d times, the last for %v", address, times, length[address])
		}
	}
}

// TestEndedByCallee: an error of the callee ends it, and so does a context that
// is over; it can be read again after that.
func TestEndedByCallee(t *testing.T) {
	d := open(t, create(t, schema, many("bips", 10_000, start)))
	enough, pages := errors.New("enough"), 0
	if err := d.Bans(t.Context(), now, func([]fail2ban.JailBan) error { pages++; return enough }); err != enough || pages != 1 {
		t.Errorf("%d pages, %v", pages, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err := d.Bans(ctx, now, func([]fail2ban.JailBan) error { pages++; cancel(); return nil })
	if !errors.Is(err, context.Canceled) || errors.Is(err, bandb.ErrUnreadable) || pages != 2 {
		t.Errorf("%d pages, %v", pages, err)
	}
	if n := len(bans(t, d, now)); n != 10_000 {
		t.Errorf("%d bans after that", n)
	}
}
