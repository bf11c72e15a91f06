// Package hostile holds the suite of scripts that attack the sandbox. Each runs
// in a real worker with the whole jail of the machine.
package hostile
