package allowfile

import (
	"context"

	"bantop/fail2ban/control"
)

// Client is the Control that runs fail2ban-client; program "" is the one on the
// PATH.
func Client(program string) Control { return client(program) }

type client string

func (c client) on(conf string) *control.Control {
	return control.New(control.Options{Program: string(c), Conf: conf})
}

func (c client) Test(ctx context.Context, conf string) error { return c.on(conf).Test(ctx) }

func (c client) Dump(ctx context.Context, conf string) (string, error) {
	return c.on(conf).DumpText(ctx)
}
