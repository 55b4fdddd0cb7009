package store

import "testing"

// TestOwnSchema holds that the schema which is read from the migrations is the one that
// they make.
func TestOwnSchema(t *testing.T) {
	for version := range schemaVersion + 1 {
		read, err := ownSchema(version)
		if err != nil {
			t.Fatal(err)
		}
		made, err := schemaByMaking(version)
		if err != nil {
			t.Fatal(err)
		}
		if wrong := differs(read, made); wrong != "" {
			t.Errorf("version %d: %s", version, wrong)
		}
		if len(read) != len(made) || version > 0 && len(made) == 0 {
			t.Errorf("version %d: %d objects, made %d", version, len(read), len(made))
		}
	}
}
