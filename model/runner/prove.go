package runner

import (
	"context"
	"time"

	"bantop/fail2ban/rehearsal"
)

// proof is how long fail2ban may take to prove a configuration once: 0.4 s with ten
// jails.
const proof = 10 * time.Second

// prove tries whether fail2ban would come up with a configuration, and with every jail
// that it enables. A *fail2ban.RefusedError says why not; any other error, that this
// is not known.
func prove(ctx context.Context, conf string) error {
	_, err := rehearsal.Prove(ctx, rehearsal.Proof{Conf: conf, Limit: proof})
	return err
}
