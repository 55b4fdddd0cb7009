package bandb_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"bantop/fail2ban/bandb"
)

// TestHistory: both tables are one history, the newest first, of one address.
func TestHistory(t *testing.T) {
	ban := func(table, jail, ip string, at int64, length int, data string) string {
		return fmt.Sprintf("INSERT INTO %s(jail, ip, timeofban, bantime, data) VALUES ('%s', '%s', %d, %d, CAST('%s' AS BLOB))", table, jail, ip, start+at, length, data)
	}
	const three = `{"matches": [["", "now", " fail"], "again"], "failures": 3}`
	d := open(t, create(t, schema,
		ban("bans", "sshd", "a", -3000, 600, three),
		ban("bans", "sshd", "a", -2000, 600, "{}"),
		ban("bans", "nginx", "a", -1000, 600, "no JSON"), // over, and still in bips
		ban("bips", "nginx", "a", -1000, 600, "no JSON"),
		ban("bans", "sshd", "a", 0, 600, three), // in force
		ban("bips", "sshd", "a", 0, 600, three),
		ban("bips", "recidive", "a", -90000, 604800, three), // in force, and no longer in bans
		ban("bans", "gone", "a", 10, 600, "{}"),             // of a jail that was stopped
		ban("bips", "gone", "a", 10, 600, "{}"),
		ban("bans", "sshd", "other", 0, 600, three),
		ban("bips", "sshd", "other", 0, 600, three)))
	all := []string{"gone 10", "sshd 0 current 3 [now fail again]", "nginx -1000", "sshd -2000", "sshd -3000 3 [now fail again]", "recidive -90000 current 3 [now fail again]"}
	for _, c := range []struct {
		address string
		most    int
		want    []string
	}{
		{"a", 100, all},
		{"a", 6, all},
		{"a", 2, all[:2]},
		{"a", 0, nil},
		{"a", -1, nil},
		{"A", 100, nil},
		{"", 100, nil},
		{"' OR 1=1 --", 100, nil},
	} {
		t.Run(fmt.Sprint(c.address, c.most), func(t *testing.T) {
			list, err := d.History(t.Context(), now, c.address, c.most)
			if err != nil {
				t.Fatal(err)
			}
			if got := lines(list); strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// lines say of each record what makes it differ from others.
func lines(list []bandb.Record) []string {
	var out []string
	for _, r := range list {
		line := fmt.Sprintf("%s %d", r.Jail, r.Start.Unix()-start)
		if r.Current {
			line += " current"
		}
		if r.Failures > 0 {
			line += fmt.Sprint(" ", r.Failures)
		}
		if len(r.Matches) > 0 {
			line += fmt.Sprint(" ", r.Matches)
		}
		out = append(out, line)
	}
	return out
}

// TestLongHistory: one address may have been banned many times, with much data.
func TestLongHistory(t *testing.T) {
	d := open(t, create(t, schema, many("bips", 10, start),
		`WITH RECURSIVE c(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c WHERE i < 999) INSERT INTO bans(jail, ip, timeofban, bantime, data)
			SELECT 'sshd', '192.0.2.1', i, 1, CAST('{"matches": ["' || printf('%.*c', 50000, 'x') || '"], "failures": 5}' AS BLOB) FROM c`))
	for _, most := range []int{5000, 300} {
		list, err := d.History(t.Context(), now, "192.0.2.1", most)
		if want := min(most, 1000); err != nil || len(list) != want {
			t.Fatal(len(list), err)
		}
		for i, r := range list {
			if r.Start.Unix() != int64(999-i) || r.Failures != 5 || len(r.Matches) != 1 || len(r.Matches[0]) != 4096 || r.Length != time.Second {
				t.Fatalf("%d: %v %d %d", i, r.JailBan, r.Failures, len(r.Matches))
			}
		}
	}
}

// TestHugeData: of data that is large the beginning is read, of data that is huge
// nothing; the ban is told of all the same.
func TestHugeData(t *testing.T) {
	for _, c := range []struct {
		name            string
		data            string
		matches, failed int
	}{
		{"large", `CAST('{"matches": ["one", "' || printf('%.*c', 100000, 'x') || '"], "failures": 5}' AS BLOB)`, 1, 0},
		{"large text", `'{"failures": 5, "matches": ["one", "' || printf('%.*c', 100000, 'x') || '"]}'`, 1, 5},
		{"huge", `CAST('{"matches": ["one", "' || printf('%.*c', 2000000, 'x') || '"], "failures": 5}' AS BLOB)`, 0, 0},
		{"a number", `42`, 0, 0},
		{"nothing", `NULL`, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := open(t, create(t, schema, fmt.Sprintf(`INSERT INTO bips(jail, ip, timeofban, bantime, data) VALUES ('sshd', 'a', %d, 600, %s)`, int64(start), c.data)))
			list, err := d.History(t.Context(), now, "a", 10)
			if err != nil || len(list) != 1 || !list[0].Current || len(list[0].Matches) != c.matches || list[0].Failures != c.failed {
				t.Errorf("%.300v, %v", list, err)
			}
		})
	}
}
