package guard

import (
	"context"
	"errors"

	"bantop/fail2ban"
	"bantop/fail2ban/control"
	"bantop/fail2ban/proven"
	"bantop/fail2ban/socket"
)

// Proofs proves on scratch servers.
func Proofs(c *proven.Control) Proof { return proofs{c} }

type proofs struct{ control *proven.Control }

func (p proofs) Read(ctx context.Context) (control.Stream, error) { return p.control.Read(ctx) }

func (p proofs) Prove(ctx context.Context, s control.Stream) error { return p.control.ProveAll(ctx, s) }

// Loads has a server take over streams through its client.
func Loads(c *socket.Client) Loader { return loads{c} }

type loads struct{ client *socket.Client }

func (l loads) Load(ctx context.Context, s control.Stream, restart ...string) error {
	if err := l.client.Load(ctx, s.Commands()); err != nil {
		return err
	}
	for _, jail := range restart {
		err := l.client.LoadJail(ctx, jail, s.Commands())
		if err != nil && !errors.Is(err, fail2ban.ErrUnknownJail) { // it is not enabled without the change
			return err
		}
	}
	return nil
}

func (l loads) Stop(ctx context.Context, jail string) error {
	err := l.client.StopJail(ctx, jail)
	if errors.Is(err, fail2ban.ErrUnknownJail) {
		return nil
	}
	return err
}
