package here

import (
	"testing"

	"bantop/testmain"
)

func TestMain(m *testing.M) { testmain.Run(m) }
