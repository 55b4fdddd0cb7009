package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"bantop/model"
	"bantop/model/country"
)

// countries says how it stands with the database that tells where addresses are.
func (d *Doctor) countries() model.Check {
	const name, key = "countries", "country.database"
	path := d.opts.Settings.CountryDatabase
	info, err := country.At(path).Info()
	if err == nil {
		return ok(name, fmt.Sprintf("%s, %s of %s, %s", path, info.Kind, info.Built.UTC().Format(time.DateOnly), size(info.Size)))
	}
	why := strings.TrimPrefix(err.Error(), "read the country database "+path+": ") + ": no countries are shown"
	switch {
	case errors.Is(err, fs.ErrPermission):
		return note(name, path, "you ("+userName(d.uid)+") may not read it"+strings.TrimPrefix(why, "permission denied"), "sudo bantop")
	case errors.Is(err, fs.ErrNotExist):
		return fault(name, path, why, "put the file there, or change "+key+" ("+d.opts.Settings.Origin(key).String()+")")
	default:
		return fault(name, path, why, "put a fresh copy of the file there, or change "+key+" ("+d.opts.Settings.Origin(key).String()+")")
	}
}
