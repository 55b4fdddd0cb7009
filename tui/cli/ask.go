package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"bantop/fail2ban/ending"
)

// errNoAnswer: somebody has to agree, and nobody can be asked.
var errNoAnswer = errors.New("nobody can be asked here, as this is no terminal: --yes agrees")

// agreed asks a question that is answered with yes or no. --yes has answered it.
func agreed(cmd *cobra.Command, f *flags, question string) (bool, error) {
	if f.yes {
		return true, nil
	}
	if !isTerminal(cmd.InOrStdin()) {
		return false, fmt.Errorf("%s: %w", cmd.Name(), errNoAnswer)
	}
	answer, err := prompt(cmd, question+" [y/N] ")
	return strings.EqualFold(answer, "y") || strings.EqualFold(answer, "yes"), err
}

// prompt asks for a line. The end of the input is an empty one.
func prompt(cmd *cobra.Command, question string) (string, error) {
	fmt.Fprint(cmd.ErrOrStderr(), door().Text(question))
	type answer struct {
		line string
		err  error
	}
	given := make(chan answer, 1)
	ending.Go(func() {
		line, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
		given <- answer{line, err}
	})
	select {
	case a := <-given:
		if a.err != nil && !errors.Is(a.err, io.EOF) {
			return "", fmt.Errorf("%s: read the answer: %w", cmd.Name(), a.err)
		}
		return strings.TrimSpace(a.line), nil
	case <-cmd.Context().Done():
		fmt.Fprintln(cmd.ErrOrStderr()) // the question's line
		return "", fmt.Errorf("%s: %w", cmd.Name(), cmd.Context().Err())
	}
}
