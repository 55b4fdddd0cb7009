package confdir_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bantop/fail2ban"
	"bantop/fail2ban/confdir"
	"bantop/fail2ban/fail2bantest"
)

// askFail2ban prints what fail2ban's own classes read. What only fail2ban knows
// stands for itself, as bantop leaves it.
const askFail2ban = `
import json, sys, logging
logging.disable(logging.CRITICAL)
from configparser import NoOptionError
from fail2ban.client.jailsreader import JailsReader
from fail2ban.client.jailreader import JailReader
def read(folder, deep):
    r = JailsReader(basedir=folder, share_config=dict())
    try:
        r.read()
        r.merge_defaults({"fail2ban_version": "%%(fail2ban_version)s", "fail2ban_confpath": "%%(fail2ban_confpath)s"})
        names = [n for n in r.sections() if n != "INCLUDES"]
    except Exception as e:
        return {"Error": repr(e)}
    jails = {}
    for n in names:
        j = {"Enabled": None}
        for o in ("enabled", "filter", "backend", "logpath", "port", "journalmatch", "action"):
            try:
                j[o] = r.get(n, o)
            except NoOptionError:
                j[o] = None
            except Exception as e:
                j[o + "!"] = repr(e)
        jails[n] = j
        j["paths"] = [p.rsplit(" ", 1)[0] for p in (j.get("logpath") or "").split("\n") if p]
        try:
            k = JailReader(n, share_config=r.share_config, use_config=r._cfg)
            k.getOptions()
            j["Enabled"] = bool(k.isEnabled())
        except Exception as e:
            j["Fatal"] = repr(e)
        r.merge_defaults({"fail2ban_version": "%%(fail2ban_version)s", "fail2ban_confpath": "%%(fail2ban_confpath)s"})
    for n in names if deep else ():
        k = JailReader(n, force_enable=True, share_config=r.share_config, use_config=r._cfg)
        k.getOptions()
        jails[n]["Options"] = {o: v for o, v in k.options.items() if o in ("filter", "backend", "logpath", "journalmatch", "action")}
        if "journalmatch" not in k.options and k._JailReader__filter and k.options["backend"] == "systemd":
            jails[n]["Options"]["journalmatch"] = k._JailReader__filter.getCombined().get("journalmatch")
    return {"Jails": jails}
print(json.dumps([read(f, sys.argv[1] == "deep") for f in sys.argv[2:]]))
`

// truth is what fail2ban reads of a folder.
type truth struct {
	Error string
	Jails map[string]map[string]any
}

func ask(t *testing.T, deep string, folders ...string) []truth {
	t.Helper()
	cmd := exec.Command("python3", append([]string{"-c", askFail2ban, deep}, folders...)...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err, errs.String())
	}
	var all []truth
	if err := json.Unmarshal(out, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestTruth holds the catalogue of each tree against what fail2ban reads.
func TestTruth(t *testing.T) {
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			install.Use(t)
			all := map[string]map[string]string{}
			maps.Copy(all, trees)
			maps.Copy(all, broken)
			maps.Copy(all, passedOver)
			names := slices.Sorted(maps.Keys(all))
			var folders []string
			for _, name := range names {
				folders = append(folders, onDisk(t, all[name]))
			}
			for i, found := range ask(t, "", folders...) {
				t.Run(names[i], func(t *testing.T) {
					c, err := confdir.ReadCatalogue(os.DirFS(folders[i]))
					if err != nil {
						t.Fatal(err)
					}
					if _, bad := broken[names[i]]; bad != (found.Error != "") || bad != readsNothing(c) {
						t.Fatalf("fail2ban: %q; faults: %v", found.Error, c.Faults)
					}
					if found.Error == "" {
						compare(t, c, found)
					}
				})
			}
		})
	}
}

// TestTruthOfDebian holds it against Debian's own configuration, every jail of it
// enabled.
func TestTruthOfDebian(t *testing.T) {
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			install.Use(t)
			folder := filepath.Join("/", install.Root, "etc/fail2ban")
			c, err := confdir.ReadCatalogue(os.DirFS(folder))
			if err != nil {
				t.Fatal(err)
			}
			found := ask(t, "deep", folder)[0]
			if found.Error != "" || len(c.Faults) > 0 || len(c.Jails) < 80 {
				t.Fatalf("%d jails, %v, %v", len(c.Jails), c.Faults, found.Error)
			}
			compare(t, c, found)
			compareDeep(t, c, found)
		})
	}
}

// TestTruthOfFilters holds what a jail takes over from its filter against what
// fail2ban makes of it.
func TestTruthOfFilters(t *testing.T) {
	for _, install := range fail2bantest.RealInstalls(t) {
		t.Run(install.Version, func(t *testing.T) {
			install.Use(t)
			dir := onDisk(t, filters)
			c, err := confdir.ReadCatalogue(os.DirFS(dir))
			if err != nil {
				t.Fatal(err)
			}
			compareDeep(t, c, ask(t, "deep", dir)[0])
		})
	}
}

// compareDeep compares the values of enabled jails.
func compareDeep(t *testing.T, c fail2ban.Catalogue, found truth) {
	t.Helper()
	if found.Error != "" || len(c.Faults) > 0 || len(c.Jails) != len(found.Jails) {
		t.Fatal(c.Faults, found.Error)
	}
	for _, j := range c.Jails {
		options, _ := found.Jails[j.Name]["Options"].(map[string]any)
		for opt, got := range map[string]string{"filter": j.Filter, "backend": j.Backend, "journalmatch": j.Journal, "logpath": strings.Join(j.LogPath, "\n")} {
			want, _ := options[opt].(string)
			if want = strings.TrimSpace(want); got != want || j.Fault != "" {
				t.Errorf("%s of %s\ngot  %q\nwant %q %s", opt, j.Name, got, want, j.Fault)
			}
		}
	}
}

func onDisk(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, files)
	return dir
}

func readsNothing(c fail2ban.Catalogue) bool {
	return slices.ContainsFunc(c.Faults, func(f fail2ban.ConfFault) bool {
		return strings.HasSuffix(f.Reason, "fail2ban reads nothing because of it")
	})
}

func compare(t *testing.T, c fail2ban.Catalogue, found truth) {
	t.Helper()
	var names []string
	for _, j := range c.Jails {
		names = append(names, j.Name)
	}
	if want := slices.Sorted(maps.Keys(found.Jails)); !slices.Equal(names, want) {
		t.Fatalf("jails\ngot  %q\nwant %q", names, want)
	}
	for _, j := range c.Jails {
		want := found.Jails[j.Name]
		failed := false
		for opt, got := range map[string]string{"filter": j.Filter, "backend": j.Backend, "port": j.Port, "journalmatch": j.Journal, "action": j.Action} {
			if want[opt+"!"] != nil {
				failed = true
				continue
			}
			fallback := map[string]string{"backend": "auto"}[opt]
			if want[opt] == nil && opt == "journalmatch" {
				continue // it may be the filter's
			}
			if w, ok := want[opt].(string); got != w && (ok || got != fallback) {
				t.Errorf("%s of %s\ngot  %q\nwant %q", opt, j.Name, got, w)
			}
		}
		failed = failed || want["logpath!"] != nil || want["enabled!"] != nil
		if got, want := fmt.Sprint(j.LogPath), fmt.Sprint(want["paths"]); got != want && !failed {
			t.Errorf("logpath of %s\ngot  %s\nwant %s", j.Name, got, want)
		}
		if want["Enabled"] != nil && j.Enabled != want["Enabled"] {
			t.Errorf("%s: enabled is %v", j.Name, j.Enabled)
		}
		if isFault := strings.Contains(j.Fault, "cannot be worked out"); isFault != failed {
			t.Errorf("%s: fault %q, fail2ban: %v", j.Name, j.Fault, want)
		}
		if nothing := strings.Contains(j.Fault, "reads nothing because of it"); nothing && want["Fatal"] == nil {
			t.Errorf("%s: fault %q, fail2ban: %v", j.Name, j.Fault, want)
		}
	}
}
