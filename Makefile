# make run    opens the dashboard
# make test   runs every test
# Both fetch what they need. The rest is for those who work on bantop.

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X bantop/tui/cli.Version=$(VERSION)

.PHONY: build run test check bench fuzz soak chaos goldens clean

# One static binary.
build:
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bantop .

# The dashboard on this machine's fail2ban, where it is installed; without, a demo.
run: build
	@if command -v fail2ban-server >/dev/null || [ -x /usr/bin/fail2ban-server ]; then ./bantop; else ./bantop demo; fi

# Every test, against a real fail2ban too: the one that is installed, else the
# distribution's, unpacked into a cache folder.
test:
	@found=$$(.ci/fail2ban) && BANTOP_FAIL2BAN="$$found" go test -parallel 6 ./...

# All that must hold before a commit, with the race detector, on fail2ban 1.0 and 1.1.
check:
	@unformatted=$$(gofmt -l .) && [ -z "$$unformatted" ] || { echo "gofmt would change: $$unformatted"; exit 1; }
	go vet ./...
	go tool staticcheck ./...
	for arch in 386 arm64; do CGO_ENABLED=0 GOARCH=$$arch go build -o /dev/null . || exit 1; done
	@command -v gcc >/dev/null || .ci/install gcc libc6-dev
	@found=$$(.ci/fail2ban --both) && BANTOP_FAIL2BAN="$$found" CGO_ENABLED=1 go test -race -parallel 6 -timeout 20m ./...
	$(MAKE) build

# The figures of the README.
bench:
	@found=$$(.ci/fail2ban) && BANTOP_FAIL2BAN="$$found" go test -run '^$$' -bench . -benchtime 1s ./...

# A minute for everything that reads foreign bytes.
fuzz:
	go test -run '^$$' -fuzz FuzzDecode -fuzztime 1m ./fail2ban/wire
	go test -run '^$$' -fuzz FuzzParseBan -fuzztime 1m ./fail2ban
	go test -run '^$$' -fuzz FuzzParseStream -fuzztime 20s ./fail2ban/control
	go test -run '^$$' -fuzz FuzzParse -fuzztime 1m ./config
	go test -run '^$$' -fuzz FuzzParse -fuzztime 1m ./fail2ban/addr
	go test -run '^$$' -fuzz FuzzData -fuzztime 1m ./fail2ban/bandb
	go test -run '^$$' -fuzz FuzzParse -fuzztime 1m -fuzzminimizetime 1x ./fail2ban/allowfile
	for f in FuzzCatalogue FuzzSetEnabled FuzzBlame; do go test -run '^$$' -fuzz $$f -fuzztime 20s -fuzzminimizetime 1x ./fail2ban/confdir || exit 1; done
	go test -run '^$$' -fuzz FuzzRead -fuzztime 1m ./model/country
	for f in FuzzEnviron FuzzStat FuzzUtmp; do go test -run '^$$' -fuzz $$f -fuzztime 20s ./model/here || exit 1; done
	go test -run '^$$' -fuzz FuzzText -fuzztime 1m ./tui/safetext
	go test -run '^$$' -fuzz FuzzTyped -fuzztime 20s -fuzzminimizetime 1x ./tui/tty
	go test -run '^$$' -fuzz FuzzCSV -fuzztime 20s ./tui/plain
	go test -run '^$$' -fuzz FuzzShellWord -fuzztime 20s ./tui/cli

# Two minutes of eight panes that are killed while everything happens at once.
soak:
	@found=$$(.ci/fail2ban) && BANTOP_FAIL2BAN="$$found" BANTOP_TEST_SOAK=2m go test -count=1 -run TestSoak -v ./tui/cli

# Every kind of trouble that a server can make, 12 times each, on fail2ban 1.0 and 1.1
# and on servers of the tests (docs/chaos.md). About ten minutes.
chaos:
	@found=$$(.ci/fail2ban --both) && BANTOP_FAIL2BAN="$$found" BANTOP_TEST_CHAOS=3 go test -count=1 -timeout 60m -run 'Chaos|Bombs|NoAnswer' -v ./fail2ban/wire ./fail2ban/socket ./tui/cli

# Renews the goldens. Look at the difference before you commit it.
goldens:
	GOLDIE_UPDATE=true go test ./fail2ban/wire ./fail2ban/confdir ./model ./tui ./tui/plain
	git diff --stat testdata

clean:
	rm -rf bantop .cache
