// Package load finds and reads bantop's settings files.
package load

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"bantop/config"
)

// DefaultFile is the settings file that is read where none is named.
const DefaultFile = "/etc/bantop/bantop.toml"

// Settings lays the settings file and then the flags over the defaults. Where
// file is "", DefaultFile is read if it is there.
func Settings(file string, flags []config.Value) (config.Settings, error) {
	named := file != ""
	if !named {
		file = DefaultFile
	}
	var values []config.Value
	data, err := os.ReadFile(file)
	switch {
	case err == nil:
		if values, err = config.Parse(file, data); err != nil {
			return config.Settings{}, fmt.Errorf("read the settings: %w", err)
		}
	case named || !errors.Is(err, fs.ErrNotExist):
		return config.Settings{}, fmt.Errorf("read the settings: %w", err)
	}
	s, err := config.Default().With(append(values, flags...)...)
	if err != nil {
		return config.Settings{}, fmt.Errorf("read the settings: %w", err)
	}
	return s, nil
}
