package runner_test

import "bantop/fail2ban/wire"

func raise() *wire.Exception {
	return &wire.Exception{Module: "sqlite3", Name: "OperationalError", Args: []any{"database is locked"}}
}
