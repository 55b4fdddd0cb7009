package quote

import (
	"testing"

	"bantop/fail2ban/testmain"
)

func TestMain(m *testing.M) { testmain.Run(m) }
