package confdir_test

// trees are configuration folders, each for one subject of the syntax or of the
// order of reading. What fail2ban itself makes of them is asked in truth_test.go.
var trees = map[string]map[string]string{
	"order": {
		"jail.conf":           "[DEFAULT]\nenabled = false\nbackend = auto\n[a]\nlogpath = /conf\n[b]\nlogpath = /b\n",
		"jail.d/z.conf":       "[a]\nlogpath = /d/conf\n",
		"jail.d/a.conf":       "[a]\nlogpath = /d/a\nenabled = true\n",
		"jail.local":          "[a]\nport = 1\nlogpath = /local\n[c]\nenabled = yes\n",
		"jail.d/a.local":      "[b]\nenabled: on\n",
		"jail.d/z.local":      "[DEFAULT]\nport = 99\n[c]\nenabled = 0\n",
		"jail.d/.hidden.conf": "[hidden]\nenabled = true\n",
		"jail.d/other.txt":    "[other]\nenabled = true\n",
	},
	"includes": {
		"jail.conf":            "[INCLUDES]\nbefore = first.conf\n  sub/second.conf\nafter = last.conf\n[a]\nlogpath = %(log)s\nport = 2\n",
		"first.conf":           "[DEFAULT]\nlog = /first\n[a]\nport = 1\nbackend = first\n",
		"first.local":          "[a]\nbackend = first-local\n",
		"sub/second.conf":      "[INCLUDES]\nbefore = third.conf\nafter = absent.local\n[DEFAULT]\nlog = %(inner)s/second\n",
		"sub/third.conf":       "[DEFAULT]\ninner = /third\n",
		"last.conf":            "[a]\nport = 3\nfilter = x[port=%(known/port)s]\n",
		"jail.d/x.conf":        "[INCLUDES]\nbefore = ../first.conf\n[x]\nlogpath = /x\n",
		"jail.d/missing.local": "[INCLUDES]\nbefore = nowhere.conf\n[x]\nenabled = true\n",
	},
	"loops": {
		"jail.conf":     "[INCLUDES]\nbefore = a.conf\n[j]\nport = 1\n",
		"a.conf":        "[INCLUDES]\nafter = b.conf\n[j]\nport = a\nfilter = %(known/port)s\n",
		"b.conf":        "[INCLUDES]\nbefore = a.conf\n[j]\nport = b\n",
		"jail.local":    "[INCLUDES]\nbefore = jail.local\n[j]\nbackend = %(known/port)s\n",
		"jail.d/a.conf": "[INCLUDES]\nafter = b.conf\n[k]\nport = a\n",
		"jail.d/b.conf": "[INCLUDES]\nafter = a.conf\n[k]\nport = b\nfilter = %(known/port)s\n",
	},
	"syntax": {
		"jail.conf": "# comment\n; comment\n[DEFAULT]\nBackend : AUTO\nEnabled=false\n" +
			"[one]\nlogpath = /a ; a comment\n  /b;none # none\n\n# comment\n\t/c tail\n ; comment\n  /d\n\n\nport=1:2\nfilter = f\n" +
			"[two] trailing\n  port = a = b\n  filter: x[y=\"1\"] ;z\nENABLED = TRUE\n" +
			"[three]]\nlogpath =\nport =   \nfilter=\n\n" +
			"[ four ]\nenabled = true # no comment\n" +
			"[DEFAULT]\nport = 7\n[five]\nenabled =\n\tOn\n[six]\nenabled = tru\n[seven]\nenabled =\n",
	},
	"lines": {
		"jail.conf":  "[a]\r\nenabled = true\r\nlogpath = /x\r\n  /y\r\n[b]\renabled = yes\rport = 1\r",
		"jail.local": "[a]\nport\u00a0=\u20031 \u00a0; x\n[ü]\nfilter = größe\u3000\n\u00a0more\n",
	},
	"references": {
		"jail.conf": "[DEFAULT]\nlog = /var/%(name)s\nname = default\nport = 1\naction_ = %(banaction)s[port=\"%(port)s\", v=%(fail2ban_version)s]\nbanaction = ban\naction = %(action_)s\n" +
			"[a]\nname = a\nlogpath = %(log)s\n  100%%\n  %(b/logpath)s %(default/name)s\nfilter = %(__name__)s[mode=%(MODE)s]\nmode = x\n" +
			"[b]\nname = b\nlogpath = %(log)s\nport = %(a/port)s\n[c]\nport = %(a/name)s\naction = %(known/action)s\n  %(known/action)s\n",
		"jail.local":     "[a]\nname = %(known/name)s2\nport = %(known/port)s,2\n[c]\nport = %(known/port)s+\n",
		"jail.d/x.local": "[a]\nlogpath = %(known/logpath)s\n  /more\n  %(fail2ban_confpath)s/x\n[c?family=6]\nport = 6\n[d?x]\nport = 1\n",
	},
	"unresolved": {
		"jail.conf": "[a]\nlogpath = %(nowhere)s\nenabled = true\n[b]\nlogpath = %\n[c]\nlogpath = %(x\n[d]\nlogpath = %(logpath)s\n[e]\nbackend = %(nowhere)s\n" +
			"[f]\nport = %(a/none)s\n[g]\nport = %(A/port)s\n[h]\nport = %(DEFAULT/x)s\n[i]\nport = %(known/port)s\n" +
			"[j]\nport = %(p1)s\np1 = %(p2)s\np2=%(p3)s\np3=%(p4)s\np4=%(p5)s\np5=%(p6)s\np6=%(p7)s\np7=%(p8)s\np8=%(p9)s\np9=%(p10)s\np10=1\n" +
			"[k]\nport = %(p1)s\np1 = %(p2)s\np2=%(p3)s\np3=%(p4)s\np4=%(p5)s\np5=%(p6)s\np6=%(p7)s\np7=%(p8)s\np8=%(p9)s\np9=%(p10)s\np10=%%\n" +
			"[l]\nenabled = %(yes)s\nyes = true\n",
	},
	"nothing": {"fail2ban.conf": "[Definition]\n"},
}

// broken are folders of which fail2ban reads nothing at all.
var broken = map[string]map[string]string{
	"no header":        {"jail.conf": "[a]\nenabled = true\n", "jail.local": "# x\nenabled = true\nport = 1\n[b]\nenabled = true\n"},
	"unclosed":         {"jail.conf": "[a]\nport = 1\n[broken\nenabled = true\n"},
	"unclosed first":   {"jail.conf": "[broken\nenabled = true\n"},
	"byte order mark":  {"jail.conf": "\ufeff[a]\nenabled = true\n"},
	"no option":        {"jail.conf": "[a]\nenabled\nport = 1\n[]\n= 1\n[b]\nport = 1\n"},
	"section twice":    {"jail.conf": "[a]\nport = 1\n[b]\n[a]\nenabled = true\n"},
	"option twice":     {"jail.conf": "[a]\nport = 1\nPort: 2\n"},
	"default twice":    {"jail.conf": "[DEFAULT]\nport = 1\n[DEFAULT]\nport = 2\n[a]\n"},
	"include":          {"jail.conf": "[a]\nport = 1\n[INCLUDES]\nbefore = x.conf\n", "x.conf": "[b]\nport = 1\nport = 2\n"},
	"include unknown":  {"jail.conf": "[INCLUDES]\nbefore = %(dist)s.conf\n[a]\nport = 1\n"},
	"indented section": {"jail.conf": "[a]\n  port = 1\n enabled = true\n  [b]\nx\n"},
}

// passedOver are folders with a file that fail2ban passes over.
var passedOver = map[string]map[string]string{
	"not UTF-8":        {"jail.conf": "[a]\nenabled = true\n", "jail.local": "[a]\n# gr\xf6\xdfe\nenabled = false\n"},
	"include no UTF-8": {"jail.conf": "[INCLUDES]\nbefore = x.conf\n[a]\nport = 1\n", "x.conf": "[b]\nport = \xff\n"},
	"a folder":         {"jail.conf": "[a]\nenabled = true\n", "jail.d/x.conf/y": ""},
}

// filters is a folder whose jails take values over from their filters.
var filters = map[string]string{
	"jail.conf": "[DEFAULT]\nbackend = systemd\naction =\nfilter = f[mode=%(mode)s, unit='u 1']\nmode = normal\n" +
		"[own]\njournalmatch = own\n" +
		"[none]\njournalmatch =\n" +
		"[of-filter]\n" +
		"[known]\njournalmatch = %(known/journalmatch)s + more\nlogpath = %(known/where)s/x\n" +
		"[known-before]\njournalmatch = before\n" +
		"[other-mode]\nmode = other\n" +
		"[init]\nfilter = g[a=1][b=2]\nlogpath = /%(known/logtype)s\n  /%(known/a)s\n" +
		"[polls]\nfilter = g\nbackend = polling\nlogpath = /%(known/logtype)s\n  /%(known/a)s\n" +
		"[no-filter]\nfilter =\njournalmatch = x\n",
	"jail.local":           "[known-before]\njournalmatch = %(known/journalmatch)s + %(known/tail)s\ntail = t\n[known-before?x]\na = b\n[known]\nport = 1\n",
	"jail.d/x.local":       "[known-before]\ntail = t2\n",
	"filter.d/f.conf":      "[INCLUDES]\nbefore = common.conf\n[Definition]\n_daemon = daemon\nwhere = /var/%(_daemon)s\njournalmatch = _UNIT=<unit> + _COMM=<_daemon> <match-<mode>> <none> <_shared>\nmatch-normal = N\nmatch-other = O<_daemon>\n[Init]\nunit = default\n",
	"filter.d/f.local":     "[Definition]\n_daemon = local\n",
	"filter.d/common.conf": "[DEFAULT]\n_shared = shared\n",
	"filter.d/g.conf":      "[Definition]\njournalmatch = A=<a> B=%(b)s %(__name__)s\nb = x\n[Init]\na = init\n",
}
