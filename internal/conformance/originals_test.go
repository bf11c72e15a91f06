//go:build !race

package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rulebox/rulebox"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

// RULEBOX_ORIGINALS is a copy of testdata/originals in which npm install has run.
// With it the module cases run against the original packages under Node.js: the
// cases are right if these pass too. With RULEBOX_UPDATE=1, results and requests
// in the archives are written from what the originals do. Cases with the tag
// node22 use what Node.js has from 22 on.
func originals(t *testing.T) string {
	dir := os.Getenv("RULEBOX_ORIGINALS")
	if dir == "" {
		t.Skip("needs Node.js and RULEBOX_ORIGINALS; see the comment")
	}
	return dir
}

// nodeInvoker runs rules under Node.js.
type nodeInvoker struct{ dir string }

func (n nodeInvoker) Invoke(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
	c := inv.Chain
	in, err := json.Marshal(map[string]any{
		"source": c.Scripts[0].Source, "configuration": c.Configuration, "user": inv.Args[0], "context": inv.Args[1],
		"management": map[string]string{"domain": c.Management.Domain, "accessToken": c.Management.AccessToken, "baseUrl": c.Management.BaseURL},
	})
	if err != nil {
		return nil, rulebox.Errorf(rulebox.CodeInternal, "%v", err)
	}
	run, err := filepath.Abs("testdata/originals/run.js")
	if err != nil {
		return nil, rulebox.Errorf(rulebox.CodeInternal, "%v", err)
	}
	cmd := exec.CommandContext(ctx, "node", "--no-warnings", run, n.dir)
	cmd.Stdin = bytes.NewReader(in)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var got struct {
		Error   *struct{ Name, Message string }
		Context json.RawMessage
	}
	if err == nil {
		err = json.Unmarshal(out, &got)
	}
	if err != nil {
		return &rulebox.Result{}, rulebox.Errorf(rulebox.CodeThrew, "node: %v: %s", err, stderr.String())
	}
	if got.Error != nil {
		return &rulebox.Result{}, &rulebox.Error{Code: rulebox.CodeDenied, Name: got.Error.Name, Message: got.Error.Message}
	}
	return &rulebox.Result{Values: []json.RawMessage{inv.Args[0], got.Context}}, nil
}

// The originals pass the cases that ours pass.
func TestOriginals(t *testing.T) {
	dir := originals(t)
	if os.Getenv("RULEBOX_UPDATE") != "" {
		update(t, dir)
		return
	}
	cases, err := ModuleCases()
	require.NoError(t, err)
	for _, c := range cases {
		if c.result != nil && !ours(c) {
			t.Run(c.Name, func(t *testing.T) {
				c.Run(t, func(*rulebox.Chain) rulebox.Invoker { return nodeInvoker{dir} })
			})
		}
	}
}

// ours says whether the originals would differ.
func ours(c ModuleCase) bool {
	return slices.Contains(c.Setting.Tags, "ours") || slices.Contains(c.Setting.Tags, "node22") || c.Setting.Kind == rulebox.KindAction
}

func update(t *testing.T, dir string) {
	paths, err := filepath.Glob("testdata/modules/" + os.Getenv("RULEBOX_ARCHIVE") + "*.txtar")
	require.NoError(t, err)
	for _, p := range paths {
		ar, err := txtar.ParseFile(p)
		require.NoError(t, err)
		cases, err := parseModules("", ar)
		require.NoError(t, err)
		for _, c := range cases {
			if ours(c) {
				continue
			}
			t.Run(c.Name, func(t *testing.T) { record(t, &c, ar, nodeInvoker{dir}) })
		}
		require.NoError(t, os.WriteFile(p, txtar.Format(ar), 0o666))
	}
}

// record runs the case and replaces its result and requests in the archive.
func record(t *testing.T, c *ModuleCase, ar *txtar.Archive, node nodeInvoker) {
	var m *mock
	var res *rulebox.Result
	chain := *c.Chain
	m = newMock(t, c.answers)
	c.fill(&chain, m)
	res, err := node.Invoke(t.Context(), &rulebox.Invocation{Chain: &chain, Args: c.Args})
	folder := strings.TrimPrefix(c.Name, "/") + "/"
	if err != nil {
		if !slices.ContainsFunc(ar.Files, func(f txtar.File) bool { return f.Name == folder+"want.json" }) {
			t.Errorf("%v", err)
		}
	}
	at := -1
	ar.Files = slices.DeleteFunc(ar.Files, func(f txtar.File) bool {
		name, ours := strings.CutPrefix(f.Name, folder)
		return ours && (name == "result.json" && err == nil || strings.HasPrefix(name, "request-"))
	})
	for i, f := range ar.Files {
		if strings.HasPrefix(f.Name, folder) {
			at = i + 1
		}
	}
	var add []txtar.File
	if err == nil {
		var out struct {
			IDToken struct{ R json.RawMessage } `json:"idToken"`
		}
		require.NoError(t, json.Unmarshal(res.Values[1], &out))
		if out.IDToken.R != nil {
			add = append(add, txtar.File{Name: folder + "result.json", Data: []byte(unplaced(string(out.IDToken.R), m.host) + "\n")})
		}
	}
	for i, r := range m.wait(t, 0) {
		add = append(add, txtar.File{Name: folder + "request-" + strconv.Itoa(i+1), Data: []byte(r)})
	}
	ar.Files = slices.Insert(ar.Files, at, add...)
}
