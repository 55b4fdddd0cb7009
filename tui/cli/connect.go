package cli

import (
	"os"

	"bantop/config"
	"bantop/fail2ban/control"
	"bantop/fail2ban/socket"
	"bantop/model"
	"bantop/model/runner"
)

// server is one server that bantop looks at: the state it starts with, and who
// carries out its effects.
type server struct {
	state  model.State
	runner *runner.Runner
	close  func()
}

// connect prepares to look at the server of the settings. Nothing is asked yet.
// Where watch is set, the server's log hurries the looks.
func connect(s config.Settings, watch bool) server {
	client := socket.New(socket.Options{Path: s.Socket, PIDFile: s.PIDFile, Timeout: s.Timeout, Control: clientCommand(s)})
	host, err := os.Hostname()
	if err != nil {
		host = ""
	}
	return server{
		state: model.New(model.Options{Settings: s, Host: host, Control: clientCommand(s)}),
		runner: runner.New(runner.Options{
			Client: client, Timeout: s.Timeout, Watch: watch,
			Control: control.New(control.Options{Conf: s.Conf, Socket: s.Socket, PIDFile: s.PIDFile}),
		}),
		close: func() { _ = client.Close() },
	}
}

// clientCommand is how fail2ban-client is called for the server of these settings; ""
// where no flag is needed.
func clientCommand(s config.Settings) string {
	line := "fail2ban-client"
	conf := config.Settings{Conf: s.Conf}
	if s.Conf != config.Default().Conf {
		line += " -c " + s.Conf
	}
	if conf, err := withServer(conf); err != nil || conf.Socket != s.Socket {
		line += " -s " + s.Socket
		if s.PIDFile != "" {
			line += " -p " + s.PIDFile
		}
	}
	if line == "fail2ban-client" {
		return ""
	}
	return line
}
