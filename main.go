// Command bantop is a terminal dashboard for fail2ban.
package main

import (
	"os"

	"bantop/tui/cli"
)

func main() { os.Exit(cli.Main()) }
