package runner

import (
	"context"
	"sync"

	"bantop/fail2ban/bandb"
	"bantop/fail2ban/ending"
)

// database is fail2ban's own database, as long as it is at one path.
type database struct {
	mu      sync.Mutex // held by whoever begins to read
	path    string
	db      *bandb.DB
	readers sync.WaitGroup
	stop    context.CancelFunc // ends all reads
	reading context.Context
}

// read calls a function with the database at a path. Its context ends, too, when
// the process is going to stand still.
func (d *database) read(ctx context.Context, path string, with func(context.Context, *bandb.DB) error) error {
	defer ending.Hold()() // as in StandStill: a stop waits for it
	db, reading := d.begin(path)
	defer d.readers.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(reading, cancel)()
	return with(ctx, db)
}

func (d *database) begin(path string) (*bandb.DB, context.Context) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.db == nil || d.path != path {
		if d.db != nil {
			_ = d.db.Close() // it was only read
		}
		d.path, d.db = path, bandb.Open(path)
	}
	if d.reading == nil {
		d.reading, d.stop = context.WithCancel(context.Background())
	}
	d.readers.Add(1)
	return d.db, d.reading
}

// StandStill ends every read of fail2ban's database and closes it, and keeps it
// closed until the function that it returns is called: a process that is stopped
// in a read keeps its lock, and fail2ban loses the bans that it cannot write.
func (r *Runner) StandStill() (goOn func()) {
	d := &r.db
	d.mu.Lock()
	if d.stop != nil {
		d.stop()
		d.reading, d.stop = nil, nil
	}
	d.readers.Wait()
	if d.db != nil {
		_ = d.db.Close() // it was only read
	}
	return d.mu.Unlock
}
