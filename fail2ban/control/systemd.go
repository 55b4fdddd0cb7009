package control

import (
	"context"
	"fmt"
	"os"
	"strings"
)

// service is the unit of the machine's own server.
const service = "fail2ban.service"

// Service is what systemd says about the machine's own server, in its own words
// (systemctl(1), show).
type Service struct {
	Booted  bool   // systemd runs this machine; else nothing more is known
	Load    string // "loaded", "not-found", "masked", …
	Active  string // "active", "inactive", "failed", …
	Enabled string // "enabled", "disabled", …: whether it comes with the machine
	Socket  string // whether systemd listens for it (fail2ban.socket, from 1.1.1 on): "active", "inactive", …
}

// Loaded tells whether systemd runs the server.
func (s Service) Loaded() bool { return s.Load == "loaded" }

// AskSystemd asks systemd about the machine's own server.
func AskSystemd(ctx context.Context) (Service, error) { return askUnder(ctx, "/run/systemd/system") }

// askUnder is AskSystemd where systemd, as it runs, keeps a folder (sd_booted(3)).
func askUnder(ctx context.Context, booted string) (Service, error) {
	if _, err := os.Stat(booted); err != nil {
		return Service{}, nil
	}
	s := Service{Booted: true}
	program, err := LookPath("systemctl")
	if err != nil {
		return s, fmt.Errorf("ask systemd about fail2ban: %w", err)
	}
	out, err := Command(ctx, program, "show", "--property=LoadState,ActiveState,UnitFileState",
		service, "fail2ban.socket").Output()
	if err != nil {
		return s, fmt.Errorf("ask systemd about fail2ban: systemctl show: %w", err)
	}
	// One block a unit, in the order of the arguments, with an empty line between.
	unit, socket, _ := strings.Cut(string(out), "\n\n")
	s.Load, s.Active, s.Enabled = property(unit, "LoadState"), property(unit, "ActiveState"), property(unit, "UnitFileState")
	s.Socket = property(socket, "ActiveState")
	return s, nil
}

// property finds a line Name=value.
func property(text, name string) string {
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, name+"="); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// Unit is the systemd unit of the machine's own server, "" where systemd does
// not run one: it does not run, or knows no such unit.
func Unit(ctx context.Context) string {
	s, err := AskSystemd(ctx)
	if err != nil || !s.Loaded() {
		return ""
	}
	return service
}
