package words

import (
	"strconv"
	"strings"

	"bantop/model"
)

// Place says where an address is: "DE, AS64500 Example"; "" where it was not looked
// up. It is foreign text.
func Place(p model.Place) string {
	if !p.Country.Looked() {
		return ""
	}
	var parts []string
	if p.Country.Known() {
		parts = append(parts, p.Country.String())
	}
	system := p.ASName
	if p.ASN != 0 {
		system = strings.TrimSpace("AS" + strconv.FormatUint(uint64(p.ASN), 10) + " " + p.ASName)
	}
	if system != "" {
		parts = append(parts, system)
	}
	if len(parts) == 0 {
		return "its country is not known"
	}
	return strings.Join(parts, ", ")
}

// NoCountries says why it is not known in which countries bans are, or not of all.
func NoCountries(reason string) string {
	return "countries: " + strings.TrimPrefix(reason, "read the country database ")
}
