package store

import "bantop/model"

// Encode is the row of a state, without its jails.
func Encode(r model.Runtime) ([]byte, error) {
	runtime, _, err := encode(r)
	return runtime, err
}
