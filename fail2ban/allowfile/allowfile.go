// Package allowfile allows addresses for good: it writes them into fail2ban's
// configuration, in a file of bantop's own, jail.d/zz-bantop-allow.local. What is
// put on an ignore list over the socket is gone with the next reload; what stands
// there comes back with it. No reload is done here.
//
// These rules hold:
//   - the file is written only after fail2ban-client has tested it (-t) in a private
//     copy of the folder, and its dump of that (-d) differs from the one of the
//     folder in nothing but the ignore lists of the jails that were named, and in
//     these as meant. -t alone is no proof: it passes over a file that it cannot
//     decode;
//   - the folder is dumped again afterwards. Where that is not what was tested, for
//     somebody changed it meanwhile, the former file is put back;
//   - it is all or nothing: where a target is refused, or anything fails, the folder
//     stays as it was, byte for byte;
//   - nothing is written through a link, and what bantop did not write there and
//     cannot keep is never overwritten.
//
// # What fail2ban makes of it
//
// Measured on 1.0.2 and 1.1.0 (client/configreader.py, configparserinc.py and
// jailreader.py). It reads jail.conf, jail.d/*.conf, jail.local, jail.d/*.local,
// sorted by name, later ones over earlier: only a .local that sorts behind this
// one goes over it. The ignoreip of a section replaces what was said before;
//
//	[sshd]
//	ignoreip = %(known/ignoreip)s 198.51.100.7
//
// adds to it: known/ignoreip is what that section says in the last file before,
// or, where none has it there, what [DEFAULT] says in whatever file. Where that
// says nothing either, fail2ban reads no jail at all (255). So a jail that has no
// list gets the addresses alone. What known/ignoreip stands for may not name it
// again: that never ends ("Recursion limit exceeded"), and no jail is read either.
//
// So two later edits of other files do not go with this one, and no form of it is
// known that stands them. An ignoreip that comes up where there was none is hidden by
// it in the jails that had none, until something is allowed there again. And the
// last ignoreip that a list adds to must be emptied, not deleted, unless this file
// goes too: else reload refuses (255, the server unharmed), and restart stops the
// server and does not start it, until the next change here, which mends that. The
// head of the file tells of both, and Check finds them.
package allowfile

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"

	"bantop/fail2ban"
	"bantop/fail2ban/confdir"
)

// Name is the file, in the folder jail.d of the configuration.
const Name = "zz-bantop-allow.local"

// Options say whose configuration it is.
type Options struct {
	Conf    string  // fail2ban's configuration folder; "" is /etc/fail2ban
	Control Control // nil is Client("")

	// Wrote is told what the file held and holds, once that is proven, with its
	// permission bits; nil text is no file. The folder is locked meanwhile.
	Wrote func(was, now []byte, mode fs.FileMode)
}

// Control has fail2ban-client read a configuration folder. No server is involved.
type Control interface {
	// Test is -t. The error says why the folder does not pass.
	Test(ctx context.Context, conf string) error
	// Dump is -d: the commands that set up a server, a Python list a line. The error
	// says why the folder cannot be read; a faulty jail is none.
	Dump(ctx context.Context, conf string) (string, error)
}

// jailDir is the folder of the configuration that the file is in.
const jailDir = confdir.JailDir

// Path is the file in a configuration folder; "" is /etc/fail2ban.
func Path(conf string) string { return filepath.Join(folderOf(conf), jailDir, Name) }

func folderOf(conf string) string {
	if conf == "" {
		return "/etc/fail2ban"
	}
	return conf
}

// Allow puts addresses on the ignore lists of jails. There is a result for each
// target, in order: Done, or Unchanged where the list has the address already, from
// this file or another, in any spelling; a network that holds it does not count.
// Where the list had come to hide another, as told above, that is mended.
//
// Refused as a whole are names, 0.0.0.0/0 and ::/0, with which a jail bans nobody,
// and a jail that the configuration does not enable or whose name is odd; further
// a configuration that does not pass its own test to begin with, and all that the
// package's rules refuse. The error is an *Error.
//
// It runs fail2ban-client four times, five where there is a file already: 0.3 s in
// all, or 1 s with Debian's ninety jails.
func Allow(ctx context.Context, o Options, targets []fail2ban.Target) ([]fail2ban.Result, error) {
	return change(ctx, o, "allow for good", targets, func(w *work, e entry) (fail2ban.Outcome, error) {
		if !w.base.enables(e.jail) {
			return 0, refuse("look for its name in jail.conf, or enable it", "fail2ban's configuration enables no jail %q", e.jail)
		}
		w.named[e.jail] = true
		if w.base.ignores(e.jail, e.prefix) || !w.file.add(e.jail, e.prefix) {
			return fail2ban.Unchanged, nil
		}
		return fail2ban.Done, nil
	})
}

// Disallow takes addresses out of the file, which is removed with the last of
// them. There is a result for each target, in order: Done, Unchanged where the
// configuration has it nowhere, or Refused where another file has it; its Err
// says which. Else it is as Allow.
func Disallow(ctx context.Context, o Options, targets []fail2ban.Target) ([]fail2ban.Result, error) {
	return change(ctx, o, "allow no more", targets, func(w *work, e entry) (fail2ban.Outcome, error) {
		switch {
		case w.file.remove(e.jail, e.prefix):
			w.named[e.jail], w.taking = true, true
			return fail2ban.Done, nil
		case w.base.ignores(e.jail, e.prefix):
			return fail2ban.Refused, nil
		}
		return fail2ban.Unchanged, nil
	})
}

// List is what the file says: each address with its jail, in the order in which
// they stand there. Where there is no file there is nothing. It takes no process.
func List(o Options) ([]fail2ban.Target, error) {
	w := newWork(o, "read what is allowed for good")
	defer w.close()
	switch err := w.open(); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, w.fail(err)
	}
	var out []fail2ban.Target
	for _, l := range w.file.lists {
		out = append(out, l.targets()...)
	}
	return out, nil
}
