package doctor

import (
	"testing"

	"bantop/config"
)

// retired are settings of a file that sets one that has no effect any more.
func retired(t *testing.T) config.Effective {
	t.Helper()
	e, err := config.Defaults().With(config.Value{Key: "store.group", Text: "adm",
		Origin: config.Origin{Source: "/etc/bantop.toml", Line: 3}})
	if err != nil {
		t.Fatal(err)
	}
	return e
}
