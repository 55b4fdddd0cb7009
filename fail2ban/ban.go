package fail2ban

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Ban is one ban of one jail.
type Ban struct {
	// Address is what is banned, as the server writes it: an address, a network
	// in CIDR form, or any other string in a jail that bans by user name.
	Address string
	Start   time.Time
	End     time.Time     // the zero time for a permanent ban
	Length  time.Duration // Permanent for a permanent ban
}

// JailBan is a ban and the jail that made it.
type JailBan struct {
	Jail string
	Ban
	Count int // how often the jail has banned this address, this time included; 0 where that is not known

	// Database is set if its times come from fail2ban's database, or it as a whole: the
	// server may know better, since a ban may be prolonged there and not here.
	Database bool
}

// banTimeLayout is how fail2ban writes times: the server's local time, without
// a zone (server/mytime.py, time2str).
const banTimeLayout = "2006-01-02 15:04:05"

// ParseBan reads one line of `get JAIL banip --with-time`:
//
//	203.0.113.5 \t2026-01-02 15:04:05 + 600 = 2026-01-02 15:14:05
//
// A permanent ban is `+ -1 = 9999-12-31 23:59:59`. The times are in loc, the
// server's time zone. The address may hold any character, so the line is read
// from its end.
func ParseBan(line string, loc *time.Location) (Ban, error) {
	cut := strings.LastIndexByte(line, '\t')
	if cut < 0 {
		return Ban{}, fmt.Errorf("read the ban %q: no tab between address and times", line)
	}
	b := Ban{Address: strings.TrimSuffix(line[:cut], " ")}
	start, rest, ok := strings.Cut(line[cut+1:], " + ")
	if !ok {
		return Ban{}, fmt.Errorf("read the ban %q: no \" + \" after the start", line)
	}
	length, end, ok := strings.Cut(rest, " = ")
	if !ok {
		return Ban{}, fmt.Errorf("read the ban %q: no \" = \" before the end", line)
	}
	seconds, err := strconv.ParseInt(length, 10, 64)
	if err != nil {
		return Ban{}, fmt.Errorf("read the ban %q: its length: %w", line, err)
	}
	if b.Start, err = time.ParseInLocation(banTimeLayout, start, loc); err != nil {
		return Ban{}, fmt.Errorf("read the ban %q: its start: %w", line, err)
	}
	if b.Length = Seconds(seconds); b.Length == Permanent {
		return b, nil
	}
	if b.End, err = time.ParseInLocation(banTimeLayout, end, loc); err != nil {
		return Ban{}, fmt.Errorf("read the ban %q: its end: %w", line, err)
	}
	return b, nil
}

// FormatBan writes a ban as ParseBan reads it.
func FormatBan(b Ban, loc *time.Location) string {
	seconds, end := int64(-1), "9999-12-31 23:59:59"
	if b.Length != Permanent {
		seconds, end = int64(b.Length/time.Second), b.End.In(loc).Format(banTimeLayout)
	}
	return fmt.Sprintf("%s \t%s + %d = %s", b.Address, b.Start.In(loc).Format(banTimeLayout), seconds, end)
}
