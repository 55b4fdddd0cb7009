package cli

import (
	"os"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"bantop/fail2ban/ending"
)

// FaultIn is the variable that makes the dashboard of the test binary fail at the key
// "!": where.
const FaultIn = "BANTOP_TEST_FAULT"

// MaybeFault makes the dashboard of this process one that fails, where it is to be.
func MaybeFault() {
	if where := os.Getenv(FaultIn); where != "" {
		outermost = func(m tea.Model) tea.Model { return faulty{Model: m, where: where} }
	}
}

// faulty is a model that fails.
type faulty struct {
	tea.Model
	where string
	now   bool
}

func (f faulty) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if k, is := msg.(tea.KeyMsg); is && k.String() == "!" {
		f.now = true
		switch f.where {
		case "update":
			panic("a fault of Update\x1b[31m")
		case "endless":
			for {
				time.Sleep(time.Second)
			}
		case "command":
			return f, tea.Batch(func() tea.Msg { return nil }, func() tea.Msg { var none []int; return none[1] })
		case "goroutine":
			ending.Go(func() { panic("a fault of a goroutine") })
		}
	}
	next, cmd := f.Model.Update(msg)
	f.Model = next
	return f, cmd
}

func (f faulty) View() string {
	if f.now && f.where == "view" {
		panic("a fault of View")
	}
	return f.Model.View()
}
