package runner_test

import (
	"context"
	"sync"

	"bantop/fail2ban"
	"bantop/model/runner"
	"bantop/model/store"
)

// refused is a client that may not open the socket.
type refused struct{ runner.Client }

func (refused) Version(context.Context) (string, error) {
	return "", &fail2ban.Error{Kind: fail2ban.ErrPermission, Op: "ask for the version", Socket: "/run/f2b.sock"}
}

// failing is a store that fails when it is told to.
type failing struct {
	store.Store
	mu  sync.Mutex
	err error
}

func (f *failing) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

func (f *failing) fault() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

func (f *failing) Load(ctx context.Context) (store.Snapshot, error) {
	if err := f.fault(); err != nil {
		return store.Snapshot{}, err
	}
	return f.Store.Load(ctx)
}

func (f *failing) Changed(ctx context.Context) (store.Snapshot, bool, error) {
	if err := f.fault(); err != nil {
		return store.Snapshot{}, false, err
	}
	return f.Store.Changed(ctx)
}

func (f *failing) Append(ctx context.Context, acts ...store.Act) error {
	if err := f.fault(); err != nil {
		return err
	}
	return f.Store.Append(ctx, acts...)
}
