package modtest

import (
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// Cases runs every file *.js of the txtar archives that match the pattern as one
// case in a realm of its own. A case is the body of an async function with
// `require`, `internal` (a require that sees internal modules) and the
// assertions of harness.js in `t`. A case without an assertion fails.
func Cases(t *testing.T, pattern string, opts ...Option) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no archive matches %s (%v)", pattern, err)
	}
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		archive := strings.TrimSuffix(filepath.Base(file), ".txtar")
		for _, f := range ar.Files {
			if !strings.HasSuffix(f.Name, ".js") {
				continue
			}
			t.Run(archive+"/"+strings.TrimSuffix(f.Name, ".js"), func(t *testing.T) {
				Case(t, f.Name, string(f.Data), opts...)
			})
		}
	}
}

// Case runs one case.
func Case(t *testing.T, name, src string, opts ...Option) {
	t.Helper()
	r := New(t, opts...)
	if _, err := r.Run(name, src); err != nil {
		t.Fatalf("%v\nconsole:\n%s", err, strings.Join(r.Logs, "\n"))
	}
	failed := r.VM.Get("t").ToObject(r.VM)
	for _, line := range strings.Split(failed.Get("failures").String(), "\n\x00") {
		if line != "" {
			t.Errorf("%s", line)
		}
	}
	if failed.Get("count").ToInteger() == 0 {
		t.Error("the case asserts nothing")
	}
}
