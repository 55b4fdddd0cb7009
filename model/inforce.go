package model

import (
	"time"

	"bantop/config"
)

// judgingKeys are the settings that judge what all instances share. The value of
// the instance that looks at the server holds for all: with its own, each would
// judge the same crash otherwise.
var judgingKeys = []string{"recovery.window", "activation.confirm", "activation.limit"}

// judging are the values of judgingKeys.
func judging(s config.Settings) [3]time.Duration {
	return [...]time.Duration{s.RecoveryWindow, s.ActivationConfirm, s.ActivationLimit}
}

// InForce are an instance's own settings with what the instance that looks at the
// server says of those that judge shared state. What it does not say, as an older
// bantop does not, is the instance's own.
func (r Runtime) InForce(own config.Settings) config.Settings {
	for _, v := range []struct {
		shared time.Duration
		own    *time.Duration
	}{{r.Window, &own.RecoveryWindow}, {r.Confirm, &own.ActivationConfirm}, {r.Limit, &own.ActivationLimit}} {
		if v.shared > 0 {
			*v.own = v.shared
		}
	}
	return own
}

// InForce are the settings that hold, those that judge shared state as all
// instances have them. Where nothing is shared they are this instance's own.
func (s State) InForce() config.Settings {
	if !s.Sharing.Shared {
		return s.settings()
	}
	return s.Runtime.InForce(s.settings())
}

// ElsewhereInForce lists the values that hold for all, of the keys for which the
// own settings say otherwise.
func (r Runtime) ElsewhereInForce(own config.Effective) map[string]string {
	forAll := config.Effective{Settings: r.InForce(own.Settings)}
	out := make(map[string]string)
	for _, key := range judgingKeys {
		if forAll.Text(key) != own.Text(key) {
			out[key] = forAll.Text(key)
		}
	}
	return out
}

// ElsewhereInForce is that of the Runtime; nothing where nothing is shared.
func (s State) ElsewhereInForce() map[string]string {
	if !s.Sharing.Shared {
		return nil
	}
	return s.Runtime.ElsewhereInForce(s.Settings.Effective)
}
