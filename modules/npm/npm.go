// Package npm holds the cases of the packages that internal/bundle builds, for
// the suites that run them: each is the body of an async function with require
// and the assertions `t`. What they expect holds for the packages in Node.js too.
package npm

import (
	"embed"
	"io/fs"
	"strings"

	"golang.org/x/tools/txtar"
)

//go:embed testdata/*.txtar
var files embed.FS

// A Case is one file of an archive.
type Case struct {
	// Name is archive/file, without endings.
	Name string
	Body string
}

// Cases returns all cases.
func Cases() ([]Case, error) {
	archives, err := fs.Glob(files, "testdata/*.txtar")
	if err != nil {
		return nil, err
	}
	var cases []Case
	for _, a := range archives {
		data, err := files.ReadFile(a)
		if err != nil {
			return nil, err
		}
		name := strings.TrimSuffix(strings.TrimPrefix(a, "testdata/"), ".txtar")
		for _, f := range txtar.Parse(data).Files {
			cases = append(cases, Case{name + "/" + strings.TrimSuffix(f.Name, ".js"), string(f.Data)})
		}
	}
	return cases, nil
}
