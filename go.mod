module bantop

go 1.26

require (
	github.com/BurntSushi/toml v1.6.0
	github.com/kisielk/og-rek v1.3.0
	github.com/sebdah/goldie/v2 v2.8.0
	golang.org/x/sys v0.41.0
)

require (
	github.com/aristanetworks/gomap v0.0.0-20230726210543-f4e41046dced // indirect
	github.com/pmezard/go-difflib v1.0.0 // indirect
	github.com/sergi/go-diff v1.0.0 // indirect
	golang.org/x/exp v0.0.0-20230725093048-515e97ebf090 // indirect
)
