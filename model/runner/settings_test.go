package runner_test

import (
	"context"
	"testing"
	"time"

	"bantop/config"
	"bantop/fail2ban/fail2bantest"
	"bantop/model"
	"bantop/model/runner"
)

// TestFollowsSettings: what the settings files say is handed on when it changes,
// with the time, also where nothing is shared, until nobody wants it any more.
func TestFollowsSettings(t *testing.T) {
	says := make(chan string, 1)
	r := start(t, fail2bantest.New(t, fail2bantest.Options{}), func(o *runner.Options) {
		o.Reread = func() (model.SettingsRead, bool) {
			select {
			case text := <-says:
				e, err := config.Defaults().With(config.Value{Key: "refresh", Text: text})
				return model.SettingsRead{Settings: e}, err == nil
			default:
				return model.SettingsRead{}, false
			}
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	told := r.Follow(ctx)
	for _, want := range []time.Duration{5 * time.Second, 3 * time.Second} {
		says <- want.String()
		select {
		case msg := <-told:
			if got, is := msg.(model.SettingsRead); !is || got.Settings.Refresh != want || got.At.IsZero() {
				t.Errorf("got %+v", msg)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("nothing is handed on")
		}
	}
}
