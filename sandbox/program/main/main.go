// Command main is the worker alone; see package program.
package main

import (
	"github.com/rulebox/rulebox/sandbox/confine"
	"github.com/rulebox/rulebox/sandbox/worker"
)

func main() {
	confine.Init()
	worker.Main()
}
