package main

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/npm/npmtest"
	"github.com/rulebox/rulebox/modules"
	"github.com/rulebox/rulebox/sandbox"
)

// TestModuleScripts runs the command line beside a registry of npm on the
// loopback. It serves the packages that stand below registry/ in the archive, one
// folder a version: @scope+name+version of a scoped name. A file meta.json there
// changes what the registry tells of it. Beside TestScripts' commands there are:
//
//	tarball FILE FOLDER   pack a folder
//	hostile FILE KIND     write a tarball that must not be taken
func TestModuleScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/modules",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               registrySetup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits,
			"json":  jsonAt,
			"tarball": func(ts *testscript.TestScript, _ bool, args []string) {
				files, err := folderFiles(ts.MkAbs(args[1]))
				ts.Check(err)
				ts.Check(os.WriteFile(ts.MkAbs(args[0]), npmtest.Tarball(files), 0o644))
			},
			"hostile": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(os.WriteFile(ts.MkAbs(args[0]), npmtest.Hostile[args[1]](), 0o644))
			},
		},
	})
}

func registrySetup(env *testscript.Env) error {
	r := &npmtest.Registry{}
	if err := publishFolder(r, filepath.Join(env.WorkDir, "registry")); err != nil {
		return err
	}
	s := httptest.NewServer(r)
	env.Defer(s.Close)
	env.Setenv("NPM_CONFIG_REGISTRY", s.URL)
	env.Setenv("HOME", env.WorkDir)
	return nil
}

// publishFolder publishes every folder of dir.
func publishFolder(r *npmtest.Registry, dir string) error {
	entries, err := os.ReadDir(dir)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		files, err := folderFiles(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		if files["package.json"] == "" {
			return fmt.Errorf("%s has no package.json", e.Name())
		}
		var change map[string]any
		if text, ok := files["meta.json"]; ok {
			delete(files, "meta.json")
			if err := json.Unmarshal([]byte(text), &change); err != nil {
				return err
			}
		}
		r.Publish(files, func(meta map[string]any) {
			for k, v := range change {
				if more, ok := v.(map[string]any); ok && k == "dist" {
					for k, v := range more {
						meta["dist"].(map[string]any)[k] = v
					}
					continue
				}
				meta[k] = v
			}
		})
	}
	return nil
}

func folderFiles(dir string) (map[string]string, error) {
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		files[rel] = string(text)
		return err
	})
	return files, err
}

// The documentation is what the table says.
func TestModulesDocument(t *testing.T) {
	if _, bundled := modules.Lookup("lodash@4"); !bundled {
		t.Skip("this build has no npm bundles: run make")
	}
	var b strings.Builder
	require.NoError(t, writeModulesMarkdown(&b))
	text, err := os.ReadFile("../../doc/modules.md")
	require.NoError(t, err)
	assert.Equal(t, b.String(), string(text), "doc/modules.md is stale: rulebox modules --markdown > doc/modules.md")
}

// Notes are about modules that there are.
func TestModuleNotes(t *testing.T) {
	for name := range moduleNotes {
		_, ok := modules.Lookup(name)
		assert.True(t, ok, name)
	}
}

// leftPad is a package as its registry has it.
func leftPad(version, body string) map[string]string {
	return map[string]string{
		"package.json": fmt.Sprintf(`{"name": "@acme/left", "version": %q, "license": "MIT"}`, version),
		"index.js":     body,
	}
}

// A package goes from a registry, through a jailed worker, to the rule of a tenant
// over NATS; another tenant's settings keep its rules from it.
func TestAddedPackageServes(t *testing.T) {
	t.Parallel()
	r := &npmtest.Registry{}
	r.Publish(leftPad("1.0.0", "module.exports = s => 'one ' + s;"), nil)
	s := httptest.NewServer(r)
	defer s.Close()
	rule := "function (user, context, callback) { context.idToken.v = require('@acme/left')(require('util').format('%s', 'x')); callback(null, user, context); }\n"
	n := serveNode(t, "-- acme/rules/a.js --\n"+rule+
		"-- denied/rules/a.js --\n"+rule+"-- denied/rulebox.json --\n{\"modules\": {\"deny\": [\"@acme/*\"]}}\n"+
		"-- allowed/rules/a.js --\n"+rule+"-- allowed/rulebox.json --\n{\"modules\": {\"allow\": [\"util\"]}}\n"+
		"-- both/rules/a.js --\n"+rule+"-- both/rulebox.json --\n{\"modules\": {\"allow\": [\"util\", \"@acme/left\"]}}\n")
	client := n.connect()
	message := func(tenant string) string {
		res, err := client.Login(testContext(t), tenant, json.RawMessage(`{}`), json.RawMessage(`{"idToken":{}}`))
		if err != nil {
			return err.Error()
		}
		return string(res.Values[1])
	}
	require.Contains(t, message("acme"), "Cannot find module '@acme/left'")

	add := func(args ...string) {
		t.Helper()
		code, out, errs := runCommand(t, append([]string{"modules", "add", "--data", n.data, "--registry", s.URL}, args...)...)
		require.Equal(t, 0, code, "%s%s", out, errs)
	}
	add("@acme/left")
	becomes := func(tenant, want string) {
		t.Helper()
		require.Eventually(t, func() bool { return strings.Contains(message(tenant), want) }, safety, 5e6, "%s: %s", tenant, message(tenant))
	}
	becomes("acme", `"v":"one x"`)
	becomes("both", `"v":"one x"`)
	becomes("denied", "module '@acme/left' is denied by the settings of tenant denied (rulebox.json: modules.deny)")
	becomes("allowed", "module '@acme/left' is not allowed by the settings of tenant allowed (rulebox.json: modules.allow)")

	// A newer version of another generation changes nothing for rules that name none.
	r.Publish(leftPad("2.0.0", "module.exports = s => 'two ' + s;"), nil)
	add("@acme/left@2")
	writeFiles(t, n.tenants, "-- acme/rules/a.js --\n"+strings.ReplaceAll(rule, "acme/left'", "acme/left@2'"))
	becomes("acme", `"v":"two x"`)
	require.Contains(t, message("both"), `"v":"one x"`)

	// A source that was changed on the disk is not run.
	files, err := filepath.Glob(filepath.Join(n.data, "packages", "*.js"))
	require.NoError(t, err)
	require.Len(t, files, 2)
	for _, f := range files {
		require.NoError(t, os.WriteFile(f, []byte("module.exports = () => () => 'owned';"), 0o600))
	}
	becomes("acme", "Cannot find module '@acme/left@2'")
	require.True(t, logged(n, "not all packages were loaded.*is not the one that was added"))
}

// A package that is only loaded to be looked at has no network.
func TestPackagesAreLoadedWithoutNetwork(t *testing.T) {
	t.Parallel()
	err := withPool(testContext(t), &jailFlags{level: "none", accept: true}, func(pool *sandbox.Pool) error {
		res, err := pool.Invoke(testContext(t), &rulebox.Invocation{
			ID: "tx", Args: []json.RawMessage{json.RawMessage(`{}`), json.RawMessage(`{}`)},
			Chain: &rulebox.Chain{Tenant: "modules", Trigger: rulebox.TriggerLogin, Scripts: []*rulebox.Script{rulebox.NewScript(rulebox.KindRule, "a", `
				async function (user, context, callback) {
					try { await fetch('https://example.com/'); user.got = 'an answer'; } catch (e) { user.got = e.cause.code; }
					callback(null, user, context);
				}`)}},
		})
		if err == nil {
			// Had it gone out, it would be an answer, or a name that is not found.
			assert.JSONEq(t, `{"got":"ECONNREFUSED"}`, string(res.Values[0]))
		}
		return err
	})
	require.NoError(t, err)
}
