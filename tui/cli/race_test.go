//go:build race

package cli_test

// raceDetector: the race detector keeps several times the memory of the program.
const raceDetector = true
