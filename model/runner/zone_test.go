package runner

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// zoneFile is a file in the form of /etc/localtime (tzfile(5)), of a zone that is
// so many hours before UTC.
func zoneFile(t *testing.T, hours int32) string {
	t.Helper()
	const counts = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x04" // one zone, four letters
	data := "TZif" + strings.Repeat("\x00", 16) + counts
	data += string(binary.BigEndian.AppendUint32(nil, uint32(hours*3600))) + "\x00\x00" + "LAB\x00"
	return file(t, data)
}

func file(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "localtime")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestZoneOf: the zone of a process is that of its TZ, in any form that the C
// library reads (tzset(3)), else the machine's. What it cannot read is UTC to it.
func TestZoneOf(t *testing.T) {
	winter, summer := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC), time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)
	machine, other := zoneFile(t, 5), zoneFile(t, -3)
	own := func(at time.Time) float64 {
		_, seconds := at.Local().Zone()
		return float64(seconds) / 3600
	}
	for _, c := range []struct {
		name, environ, localtime string
		winter, summer           float64 // hours before UTC
	}{
		{"a name", "LANG=C\x00TZ=Asia/Tokyo\x00", machine, 9, 9},
		{"a name with summer time", "TZ=Europe/Berlin\x00", machine, 1, 2},
		{"half an hour", "TZ=Asia/Kolkata", machine, 5.5, 5.5},
		{"a name after a colon", "TZ=:Asia/Tokyo\x00", machine, 9, 9},
		{"a file", "TZ=" + other + "\x00", machine, -3, -3},
		{"a file after a colon", "TZ=:" + other + "\x00", machine, -3, -3},
		{"a rule", "TZ=JST-9\x00", machine, 9, 9},
		{"a rule with summer time", "TZ=CET-1CEST,M3.5.0,M10.5.0/3\x00", machine, 1, 2},
		{"a rule with a sign for a name", "TZ=<-03>3\x00", machine, -3, -3},
		{"empty", "TZ=\x00", machine, 0, 0},
		{"a colon alone", "TZ=:\x00", machine, 0, 0},
		{"nonsense", "TZ=Lukas/Home\x00", machine, 0, 0},
		{"a file that is not there", "TZ=/nonexistent\x00", machine, 0, 0},
		{"a file outside", "TZ=../../../etc/localtime\x00", machine, 0, 0},
		{"none", "LANG=C\x00PATH=/bin\x00", machine, 5, 5},
		{"only in other variables", "NOTZ=Asia/Tokyo\x00X=TZ=Asia/Tokyo\x00TZDIR=/x\x00", machine, 5, 5},
		{"the first one counts", "TZ=Asia/Tokyo\x00TZ=Europe/Berlin\x00", machine, 9, 9},
		{"no environment", "", machine, 5, 5},
		{"none, and no zone of the machine", "LANG=C\x00", "/nonexistent", own(winter), own(summer)},
		{"none, and one of the machine that is damaged", "LANG=C\x00", file(t, "TZif2\x00\x00"), own(winter), own(summer)},
	} {
		t.Run(c.name, func(t *testing.T) {
			proc := t.TempDir()
			if c.environ != "" {
				if err := os.Mkdir(filepath.Join(proc, "812"), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(proc, "812", "environ"), []byte(c.environ), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			loc := zoneOf(proc, 812, c.localtime)
			for at, want := range map[time.Time]float64{winter: c.winter, summer: c.summer} {
				if _, seconds := at.In(loc).Zone(); float64(seconds)/3600 != want {
					t.Errorf("%v: %v h, want %v", at, float64(seconds)/3600, want)
				}
			}
		})
	}
}

// TestZoneIsTheServers: a zone that is given goes over the process's; a server
// whose process is not known has the machine's.
func TestZoneIsTheServers(t *testing.T) {
	lab := time.FixedZone("LAB", 7200)
	if got := New(Options{Zone: lab}).zone(); got != lab {
		t.Errorf("got %v", got)
	}
	machine := zoneFile(t, 5)
	if _, seconds := time.Unix(0, 0).In(zoneOf("/proc", 0, machine)).Zone(); seconds != 5*3600 {
		t.Errorf("process 0: %d s", seconds)
	}
}
