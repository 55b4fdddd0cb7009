package banlist_test

import (
	"testing"

	"bantop/testmain"
)

func TestMain(m *testing.M) { testmain.Run(m) }
