package store

import (
	"encoding/json"
	"fmt"

	"bantop/model"
)

// encode writes a state, with its jails apart: they are the largest part and
// change the least. The server's newest status, the newest decisive one and the
// newest that it answered hold the same jails wherever they hold any.
func encode(r model.Runtime) (runtime, jails []byte, err error) {
	if jails, err = json.Marshal(r.Seen.Jails); err != nil {
		return nil, nil, fmt.Errorf("encode the jails: %w", err)
	}
	r.Server.Jails, r.Decisive.Jails, r.Seen.Jails = nil, nil, nil
	if runtime, err = json.Marshal(r); err != nil {
		return nil, nil, fmt.Errorf("encode the state: %w", err)
	}
	return runtime, jails, nil
}

// decode reads what encode wrote.
func decode(runtime, jails []byte) (model.Runtime, error) {
	var r model.Runtime
	if err := json.Unmarshal(runtime, &r); err != nil {
		return model.Runtime{}, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if err := json.Unmarshal(jails, &r.Seen.Jails); err != nil {
		return model.Runtime{}, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if r.Server.Kind.Up() {
		r.Server.Jails = r.Seen.Jails
	}
	if r.Decisive.Kind.Up() {
		r.Decisive.Jails = r.Seen.Jails
	}
	return r, nil
}
