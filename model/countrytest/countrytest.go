// Package countrytest writes country databases for tests, so that none has to be
// fetched: files in the MaxMind DB format, version 2.0
// (https://maxmind.github.io/MaxMind-DB/), with whatever a test puts into them.
package countrytest

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Built is when every database says that it was built.
var Built = time.Date(2025, 12, 30, 6, 0, 0, 0, time.UTC)

// Options say how a database is made. The zero Options are those of
// GeoLite2-Country.
type Options struct {
	Kind    string // what it calls itself; default "GeoLite2-Country"
	Version int    // 4 for IPv4 alone, 6 for both; default 6
	Bits    int    // of a record of the tree: 24, 28 or 32; default 24
}

// Record is what a database knows of a network. Data is a Map, a string, a uint16,
// uint32, uint64 or float64, a bool, a []any of these, or Raw.
type Record struct {
	Net  string
	Data any
}

// Map is a map of the database; it stands there sorted by its keys.
type Map map[string]any

// At is what a database knows of a network.
func At(net string, data any) Record { return Record{Net: net, Data: data} }

// Raw are bytes that go into the data section as they are.
type Raw []byte

// In is what GeoLite2 knows of an address in a country.
func In(code string) Map {
	return Map{"continent": Map{"code": "EU"}, "country": Map{"geoname_id": uint32(2921044), "iso_code": code, "names": Map{"en": "Somewhere"}}}
}

// File writes a database into a folder of the test, and returns its path.
func File(t testing.TB, o Options, records ...Record) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "country.mmdb")
	if err := os.WriteFile(path, Build(o, records...), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// Build makes a database of records. Of two networks that hold an address, the one
// that comes later counts. It panics where a record makes no sense.
func Build(o Options, records ...Record) []byte {
	if o.Kind == "" {
		o.Kind = "GeoLite2-Country"
	}
	if o.Version == 0 {
		o.Version = 6
	}
	if o.Bits == 0 {
		o.Bits = 24
	}
	t := tree{nodes: []node{{}}, data: make(map[string]int)}
	for _, r := range records {
		t.add(netip.MustParsePrefix(r.Net), o.Version, r.Data)
	}
	var out bytes.Buffer
	for _, n := range t.nodes {
		out.Write(pair(o.Bits, t.value(n[0]), t.value(n[1])))
	}
	out.Write(make([]byte, separator))
	out.Write(t.section.Bytes())
	out.WriteString("\xab\xcd\xefMaxMind.com")
	encode(&out, Map{
		"binary_format_major_version": uint16(2), "binary_format_minor_version": uint16(0), "build_epoch": uint64(Built.Unix()),
		"database_type": o.Kind, "description": Map{"en": "made by a test"}, "ip_version": uint16(o.Version), "languages": []any{"en"},
		"node_count": uint32(len(t.nodes)), "record_size": uint16(o.Bits),
	})
	return out.Bytes()
}

// separator are the zero bytes between tree and data.
const separator = 16

// tree is a search tree, and the data that it leads to.
type tree struct {
	nodes   []node
	section bytes.Buffer
	data    map[string]int // where each value stands in the section
}

// node leads on by the next bit of an address: to a node, by its number; to data,
// by -1 and its place below that; or, by 0, nowhere: nothing leads to the first.
type node [2]int

func (t *tree) add(p netip.Prefix, version int, data any) {
	var value bytes.Buffer
	encode(&value, data)
	at, had := t.data[value.String()]
	if !had {
		at = t.section.Len()
		t.data[value.String()] = at
		t.section.Write(value.Bytes())
	}
	address, bits := p.Addr().AsSlice(), p.Bits()
	if p.Addr().Is4() && version == 6 { // IPv4 is ::/96
		address, bits = append(make([]byte, 12), address...), bits+96
	}
	n := 0
	for i := range bits {
		bit := address[i/8] >> (7 - i%8) & 1
		if i == bits-1 {
			t.nodes[n][bit] = -1 - at
			break
		}
		next := t.nodes[n][bit]
		if next <= 0 { // what is known of all that is below goes on to be so
			t.nodes = append(t.nodes, node{next, next})
			next = len(t.nodes) - 1
			t.nodes[n][bit] = next
		}
		n = next
	}
}

// value is what stands in a record for what a node leads to.
func (t *tree) value(to int) uint32 {
	switch {
	case to > 0:
		return uint32(to)
	case to == 0:
		return uint32(len(t.nodes))
	default:
		return uint32(len(t.nodes) + separator - 1 - to)
	}
}

// pair are the two records of a node.
func pair(bits int, left, right uint32) []byte {
	l, r := binary.BigEndian.AppendUint32(nil, left), binary.BigEndian.AppendUint32(nil, right)
	switch bits {
	case 24:
		return append(l[1:], r[1:]...)
	case 28:
		return append(append(l[1:], l[0]<<4|r[0]&0x0f), r[1:]...)
	default:
		return append(l, r...)
	}
}
