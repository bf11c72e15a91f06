package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/pflag"
	"golang.org/x/sys/cpu"

	"github.com/rulebox/rulebox/store"
)

// code clears the native code that a node keeps.
func code(_ context.Context, flags *pflag.FlagSet, args []string, std stdio) int {
	data := flags.String("data", defaultData, "the node's `folder`")
	if code, done := parse(flags, args, std); done {
		return code
	}
	if flags.NArg() != 1 || flags.Arg(0) != "clear" {
		return misused(std, "it is rulebox code clear [--data DIR]")
	}
	bytes, err := store.ClearCode(*data)
	if err != nil {
		return fails(std, err)
	}
	fmt.Fprintf(std.out, "removed %d bytes of native code; a node makes it again, or fetches it from another one, when it loads a tenant that needs it\n", bytes)
	return exitOK
}

// codeEngine names what native code is good for: the version of the engine, and the
// processor with all that it can.
func codeEngine() string {
	version := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if strings.HasSuffix(m.Path, "/wazero") {
				version = m.Version
				if m.Replace != nil {
					version = m.Replace.Version + m.Replace.Path
				}
			}
		}
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %+v %+v", version, cpu.X86, cpu.ARM64))
	return "wazero-" + runtime.GOARCH + "-" + hex.EncodeToString(sum[:8])
}
