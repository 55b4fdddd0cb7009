package store

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// checkSchema compares the database with what bantop itself makes: no table, no index,
// no view and no trigger more or less, and each made by the same words. A view in the
// place of a table could go on for ever, a trigger change what is written.
func (s *sqliteStore) checkSchema(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	return s.retry(ctx, func() error {
		version, wrong, err := s.compare(ctx)
		if err == nil && wrong != "" { // another instance may just have brought it up to date
			version, wrong, err = s.compare(ctx)
		}
		switch {
		case err != nil:
			return err
		case wrong != "":
			return fmt.Errorf("%w: the schema is not bantop's own: %s", ErrCorrupt, wrong)
		case version == 0:
			return nil
		default:
			return s.checkCounts(ctx)
		}
	})
}

// compare is the version of the schema, and what is different in it; "" if nothing is.
func (s *sqliteStore) compare(ctx context.Context) (version int, wrong string, err error) {
	is, err := schemaOf(ctx, s.db)
	if err != nil {
		return 0, "", err
	}
	if err := s.db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return 0, "", err
	}
	if version < 0 || version > schemaVersion {
		return 0, "", fmt.Errorf("%w (schema %d, this one knows %d)", ErrNewer, version, schemaVersion)
	}
	own, err := ownSchema(version)
	return version, differs(is, own), err
}

// differs is what is different in a schema; "" if nothing is.
func differs(is, own []object) string {
	for _, x := range is {
		if !slices.Contains(own, x) {
			return x.kind + " " + x.name
		}
	}
	for _, x := range own {
		if !slices.Contains(is, x) {
			return x.kind + " " + x.name + " is missing"
		}
	}
	return ""
}

// checkCounts refuses numbers after which there is no further one: nothing could be
// written any more.
func (s *sqliteStore) checkCounts(ctx context.Context) error {
	var wrong bool
	err := s.db.QueryRowContext(ctx, `SELECT
		EXISTS (SELECT 1 FROM sqlite_sequence WHERE typeof(seq) <> 'integer' OR seq NOT BETWEEN 0 AND ?1)
		OR ifnull((SELECT max(id) FROM event), 0) > ?1
		OR ifnull((SELECT max(id) FROM act), 0) > ?1`, int64(maxCount)).Scan(&wrong)
	if err == nil && wrong {
		err = fmt.Errorf("%w: its numbers are higher than bantop ever counts", ErrCorrupt)
	}
	return err
}

// object is a table, an index, a view or a trigger.
type object struct{ kind, name, table, words string }

// maxObjects is more than bantop makes.
const maxObjects = 100

// readSchema puts the rows into an order, so that all are read in the first step of the
// statement: only that one ends when the context does (modernc.org/sqlite 1.62).
var readSchema = fmt.Sprintf("SELECT %s, %s, %s, %s FROM sqlite_schema ORDER BY name LIMIT %d",
	text("type", maxText), text("name", maxText), text("tbl_name", maxText), text("sql", maxEvent), maxObjects)

// schemaOf is what is in a database.
func schemaOf(ctx context.Context, q querier) (out []object, err error) {
	rows, err := q.QueryContext(ctx, readSchema)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var x object
		if err := rows.Scan(&x.kind, &x.name, &x.table, &x.words); err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, rows.Err()
}

var create = regexp.MustCompile(`^CREATE (TABLE|INDEX) (\w+)(?: ON (\w+))?`)

// ownSchema is the schema of a version: SQLite keeps the words that each table and
// index was made with.
func ownSchema(version int) ([]object, error) {
	var out []object
	counts := false
	for _, words := range strings.Split(strings.Join(migrations[:version], "\n"), ";") {
		if words = strings.TrimSpace(words); words == "" {
			continue
		}
		made := create.FindStringSubmatch(words)
		if made == nil { // it changes what was made before
			return schemaByMaking(version)
		}
		x := object{strings.ToLower(made[1]), made[2], made[2], words}
		if made[3] != "" {
			x.table = made[3]
		}
		out = append(out, x)
		counts = counts || strings.Contains(words, "AUTOINCREMENT")
	}
	if counts {
		out = append(out, object{"table", "sqlite_sequence", "sqlite_sequence", "CREATE TABLE sqlite_sequence(name,seq)"})
	}
	return out, nil
}

// schemaByMaking makes the schema of a version in memory. That takes longer than all
// else that a command asks of the state: 0.8 ms.
func schemaByMaking(version int) ([]object, error) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return nil, err
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // each has a database of its own
	ctx := context.Background()
	if _, err := db.ExecContext(ctx, strings.Join(migrations[:version], ";\n")); err != nil {
		return nil, fmt.Errorf("make the schema in memory: %w", err)
	}
	return schemaOf(ctx, db)
}
