package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/spf13/cobra"
)

// output is where a command prints. It keeps the first error of a write: few of those
// who print could do more about it than to end.
type output struct {
	io.Writer
	err error
}

func (o *output) Write(b []byte) (int, error) {
	n, err := o.Writer.Write(b)
	if o.err == nil {
		o.err = err
	}
	return n, err
}

// watched is where a command prints that has out, and what it is told of it. A terminal
// stays what it is: the dashboard needs one, and its errors are hang-ups.
func watched(out io.Writer) (io.Writer, *output) {
	o := &output{Writer: out}
	if isTerminal(out) {
		return out, o
	}
	return o, o
}

// acting are the commands that change something: whether they did is not to be read
// from an output that could not be written.
var acting = []string{"ban", "unban", "allow", "activate", "deactivate", "confirm", "revert", "recover"}

// failed is how a command ends whose output could not be written; nil if it could. A
// guard's is of no use to anybody but who started it.
func (o *output) failed(cmd *cobra.Command) error {
	if o.err == nil || cmd.Name() == guardName {
		return nil
	}
	reason := o.err
	if path, is := errors.AsType[*fs.PathError](reason); is {
		reason = path.Err // stdout has a name that nobody gave it
	}
	next := "make room where the output goes, or print it elsewhere, and ask again"
	if slices.Contains(acting, cmd.Name()) {
		next = "make room where the output goes; what was done stays done, and this lists it: sudo bantop history --acts"
	}
	return &failure{fmt.Errorf("%s: write the output: %w\nnext: %s", cmd.Name(), reason, next), exitIO}
}
