package fail2ban

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// timePart is a number with a unit of time, or with none: seconds. The units are those
// of fail2ban (1.0.2 and 1.1.0, server/mytime.py, str2seconds).
var timePart = regexp.MustCompile(`^\s*\+?\s*(\d+(?:\.\d+)?)\s*(?:` +
	`(days?|da|dd?)|(weeks?|wee?|ww?)|(months?|mon?)|(years?|yea?|yy?)|` +
	`(seconds?|sec?|ss?)|(minutes?|min?|mm?)|(hours?|hou?|hh?))?(?:$|[\s+]|(\d))`)

// timeUnits belong to the groups of timePart. A year is 365.25 days, a month a twelfth
// of it.
var timeUnits = []time.Duration{
	24 * time.Hour, 7 * 24 * time.Hour, year / 12, year, time.Second, time.Minute, time.Hour,
}

const year = 8766 * time.Hour

// ParseTime reads a length of time as fail2ban and people write it, of a year of 292 at
// most: "600", "90s", "1h30m", "1w 3d", "2y", "1.5 hours". It is never negative. Unlike
// fail2ban it takes no formula.
func ParseTime(text string) (time.Duration, error) {
	if strings.TrimSpace(text) == "" {
		return 0, errors.New("no time is given; for example 90s, 10m, 1h30m, 2d, '1w 3d' or 1y")
	}
	var total float64 // of nanoseconds
	for rest := strings.ToLower(text); strings.TrimSpace(rest) != ""; {
		m := timePart.FindStringSubmatchIndex(rest)
		if m == nil {
			return 0, fmt.Errorf("%q is not a time; for example 90s, 10m, 1h30m, 2d, '1w 3d' or 1y", OneLine(text))
		}
		n, err := strconv.ParseFloat(rest[m[2]:m[3]], 64)
		if err != nil {
			return 0, fmt.Errorf("%q is too long a time", OneLine(text))
		}
		unit := time.Second
		for i, u := range timeUnits {
			if m[4+2*i] >= 0 {
				unit = u
			}
		}
		if total += n * float64(unit); total > float64(1<<63-1024) {
			return 0, fmt.Errorf("%q is too long a time", OneLine(text))
		}
		end := m[1]
		if digit := m[4+2*len(timeUnits)]; digit >= 0 { // the next part begins
			end = digit
		}
		rest = rest[end:]
	}
	return time.Duration(total).Round(time.Millisecond), nil
}
