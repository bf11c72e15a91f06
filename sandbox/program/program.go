// Package program holds the worker as a program of its own, if it was built in.
//
// A process that links the whole node pays for it: packages initialize a megabyte
// that no worker looks at. So the Makefile builds sandbox/program/main first, and
// then the one binary with the tag workerprogram, which embeds it. Without the tag,
// as in `go build` and `go test`, nothing is embedded: it could be older than the
// source.
package program

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"

	"github.com/rulebox/rulebox/sandbox/confine"
)

// Open returns the program, for sandbox.Options; nil if it was not built in. It takes
// about 0.15 s, and as much memory as the program is large until the caller closes it.
func Open() (*os.File, error) {
	if len(compressed) == 0 {
		return nil, nil
	}
	defer release(compressed)
	text, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return nil, fmt.Errorf("the worker's program in this binary: %w", err)
	}
	return confine.NewProgram("rulebox-worker", text)
}
