package store

import (
	"fmt"
	"math"
	"reflect"
	"strings"

	"bantop/model"
)

// What is read from the database is bounded, whoever wrote it. bantop writes nothing
// that it would not read again. Measured: 200 jails are 100 KiB.
const (
	maxFile    = 1 << 30  // bytes of a file of the database
	maxValue   = 16 << 20 // bytes of a row
	maxRuntime = 4 << 20  // bytes of the state, without the jails
	maxJails   = 8 << 20  // bytes of the jails
	maxEvent   = 64 << 10 // bytes of an event, and of who acts
	maxText    = 4 << 10  // bytes of a text of the journal
	maxID      = 256      // bytes of what names an instance
	maxList    = 10_000   // entries of a list of the state: rules compare lists with each other
	// maxCount is the largest number that is counted up from. One more a second takes
	// nine million years to reach it; the largest that there is would be the last one.
	maxCount = 1 << 48
	keptActs = 1_000_000 // of all servers: some 230 MiB
)

// tooLong is a value that bantop would not have written.
func tooLong(what string) error {
	return fmt.Errorf("%w: %s is longer than bantop ever writes", ErrCorrupt, what)
}

// short is SQL for a column whose value is read only if it has at most so many bytes,
// else it is NULL. The length stands in the row's head: nothing more is loaded for it.
func short(column string, most int) string {
	return fmt.Sprintf("CASE WHEN octet_length(%s) <= %d THEN %[1]s END", column, most)
}

// number is SQL for a column that is to be a number: anything else is 0.
func number(column string) string { return "ifnull(CAST(" + column + " AS INTEGER), 0)" }

// text is SQL for a column that is to be a short text: anything else is empty.
func text(column string, most int) string {
	return "ifnull(CAST(" + short(column, most) + " AS TEXT), '')"
}

// bounded checks that a state can be worked with: no list in it is so long that
// comparing two of them takes long. Numbers from which nobody could count on are
// forgotten: the result of a look counts only if it is newer than the last one (R11),
// and nothing is newer than the largest number.
func bounded(r model.Runtime) (model.Runtime, error) {
	once := r
	once.Server.Jails, once.Decisive.Jails = nil, nil // they are those of Seen
	if !lists(reflect.ValueOf(once)) {
		return r, tooLong("a list of the state")
	}
	if r.Applied.Term > maxCount || r.Applied.Seq > maxCount {
		r.Applied = model.ProbeID{}
	}
	if r.Outage > math.MaxUint64-maxCount {
		r.Outage = 0
	}
	return r, nil
}

// lists reports whether no list in a value is too long.
func lists(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer:
		return v.IsNil() || lists(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if !lists(v.Field(i)) {
				return false
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return true // bytes, which their row bounds
		}
		if v.Len() > maxList {
			return false
		}
		for i := range v.Len() {
			if !lists(v.Index(i)) {
				return false
			}
		}
	case reflect.Map:
		return v.Len() <= maxList
	}
	return true
}

// cut is the beginning of a text that is written down.
func cut(s string) string {
	const more = "…"
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText-len(more)], "") + more
}
