package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"bantop/fail2ban/quote"
)

// certain is why it is not certain to which fail2ban an act would be done: a settings
// file that is not used may name another one, and no flag does. nil if it is certain.
func (f *flags) certain(cmd *cobra.Command) error {
	if cmd.Flag("socket").Changed || cmd.Flag("conf").Changed {
		return nil
	}
	for _, fault := range f.from.faults {
		if !fault.Server || fault.Kept {
			continue
		}
		socket := f.from.start.Text("socket")
		return fmt.Errorf("%s: %s may name another fail2ban than %s: nothing was done\nnext: %s, or add: -s %s",
			cmd.Name(), fault.Source, socket, fault.Next, quote.Word(socket))
	}
	return nil
}
