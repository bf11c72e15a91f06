package wasm

import (
	"fmt"
	"slices"
	"strings"
)

// An ABI is how a module talks to its host.
type ABI string

const (
	// Command is a WASI command: it exports _start.
	Command ABI = "wasi"
	// Plugin is an Extism plug-in: it exports functions that take nothing and
	// return an i32, 0 for success.
	Plugin ABI = "extism"
)

// Names of what modules import and export.
const (
	wasiModule   = "wasi_snapshot_preview1"
	pluginModule = "extism:host/env"
	userModule   = "extism:host/user"
	startExport  = "_start"
	// initializeExport is what makes ready a plug-in that is no program.
	initializeExport = "_initialize"
)

// abiOf tells the ABI of a module, and checks that the host has what it imports.
func abiOf(info *Info) (ABI, error) {
	abi := Command
	for _, i := range info.Imports {
		switch i.Module {
		case wasiModule: // which of its functions exist is found when compiled
		case pluginModule, userModule:
			if !knows(i) {
				return "", fmt.Errorf("it imports %s of %s, which this host does not have", clip(i.Name), clip(i.Module))
			}
			if i.Module == pluginModule {
				abi = Plugin
			}
		default:
			return "", fmt.Errorf("it imports %s of %s; modules import from %s, %s and %s only%s",
				clip(i.Name), clip(i.Module), wasiModule, pluginModule, userModule, importAdvice(i.Module))
		}
	}
	if abi == Command && !slices.Contains(info.Exports, startExport) {
		if slices.ContainsFunc(info.Exports, isHandler) {
			return Plugin, nil
		}
		return "", fmt.Errorf("it exports neither _start (a WASI command) nor a function of a plug-in; it exports %s", list(info.Exports))
	}
	if abi == Plugin && !slices.ContainsFunc(info.Exports, isHandler) {
		if slices.Contains(info.Exports, startExport) {
			return Command, nil // it uses the host's functions from main
		}
		return "", fmt.Errorf("it exports no function that could be called; it exports %s", list(info.Exports))
	}
	return abi, nil
}

func importAdvice(module string) string {
	switch {
	case module == "env":
		return "; the linker left a symbol undefined, or the compiler targets a host of its own: AssemblyScript needs --use abort= , C a definition of the symbol"
	case strings.HasPrefix(module, "wasi:"), module == "wasi_unstable":
		return "; target wasm32-wasip1"
	case module == "gojs", module == "go":
		return "; build with GOOS=wasip1, not GOOS=js"
	}
	return ""
}

// internal are exports that compilers make for themselves.
var internal = []string{startExport, initializeExport, "__wasm_call_ctors", "__new", "__pin", "__unpin", "__collect", "malloc", "free", "calloc", "realloc", "asyncify_start_unwind", "hs_init", "__wasm_apply_data_relocs"}

func isHandler(name string) bool { return !slices.Contains(internal, name) }

// handler returns the export to call: the one asked for, or the module's only
// one, or the first of the usual names.
func (p *Program) handler(asked string) (string, error) {
	if asked != "" {
		if slices.Contains(p.info.Exports, asked) {
			return asked, nil
		}
		return "", fmt.Errorf("it exports no function %s; it exports %s", clip(asked), list(p.info.Exports))
	}
	var own []string
	for _, name := range p.info.Exports {
		if isHandler(name) {
			own = append(own, name)
		}
	}
	if len(own) == 1 {
		return own[0], nil
	}
	for _, name := range []string{"rule", "action", "run", "main"} {
		if slices.Contains(own, name) {
			return name, nil
		}
	}
	return "", fmt.Errorf("it exports several functions (%s), and none is named rule: export one of that name, or name the handler", list(own))
}

func list(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	more := ""
	if len(names) > 12 {
		names, more = names[:12], ", …"
	}
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = clip(n)
	}
	return strings.Join(quoted, ", ") + more
}
