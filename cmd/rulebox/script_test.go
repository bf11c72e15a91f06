package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rulebox/rulebox/sandbox/confine"
	"github.com/rulebox/rulebox/sandbox/worker"
)

// The test binary is the command too, and its own worker: what is tested is what
// a user starts.
func TestMain(m *testing.M) {
	confine.Init()
	if len(os.Args) > 1 && os.Args[1] == "worker" {
		worker.Main()
	}
	testscript.Main(m, map[string]func(){"rulebox": main})
}

// TestScripts runs the command line. Beside testscript's own commands there are:
//
//	exits N COMMAND…     the command ends with this exit code
//	json PATH VALUE      standard output is one JSON document, and has the value
//	                     at the path: a string without quotes, else its JSON
//	json PATH            …and has something there
//	! json PATH          …and has nothing there
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits,
			"json":  jsonAt,
		},
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits N COMMAND…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%s: %v", args[1], err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, not %d", got, want)
	}
}

func jsonAt(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 && (neg || len(args) != 2) {
		ts.Fatalf("usage: [!] json PATH [VALUE]")
	}
	got, err := at(ts.ReadFile("stdout"), args[0])
	switch {
	case neg && err == nil:
		ts.Fatalf("%s is there: %s", args[0], got)
	case !neg && err != nil:
		ts.Fatalf("%v", err)
	case len(args) == 2 && got != args[1]:
		ts.Fatalf("%s is %s, not %s", args[0], got, args[1])
	}
}

// at returns the value at a path such as .logs.0.text in a text that must be one
// JSON document: a string's content, or else JSON.
func at(text, path string) (string, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return "", fmt.Errorf("no JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return "", fmt.Errorf("something follows the JSON document")
	}
	for _, key := range strings.Split(path, ".")[1:] {
		switch parent := v.(type) {
		case map[string]any:
			child, ok := parent[key]
			if !ok {
				return "", fmt.Errorf("%s: there is no %q", path, key)
			}
			v = child
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(parent) {
				return "", fmt.Errorf("%s: there is no %q among %d", path, key, len(parent))
			}
			v = parent[i]
		default:
			return "", fmt.Errorf("%s: %q of a value that has no members", path, key)
		}
	}
	if s, ok := v.(string); ok {
		return s, nil
	}
	b, err := json.Marshal(v)
	return string(b), err
}
