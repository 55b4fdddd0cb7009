package runner

import (
	"context"
	"os"

	"bantop/fail2ban/confdir"
	"bantop/model"
)

// doReadCatalogue reads the jails of the configuration.
func (r *Runner) doReadCatalogue(context.Context) model.Msg {
	if r.opts.Conf == "" {
		return model.CatalogueRead{At: r.now(), Reason: "there is no configuration here: this server is made up"}
	}
	conf, err := confdir.ReadCatalogue(os.DirFS(r.opts.Conf))
	msg := model.CatalogueRead{At: r.now(), Conf: conf}
	if err != nil {
		msg.Reason, msg.Hint = err.Error(), confdir.Hint(err)
	}
	return msg
}
