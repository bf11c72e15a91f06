package modtest

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/runtime"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

// TestNodeInRules runs the same cases as rules, in the realm that customers get:
// its loader, its binding of natives and its event loop.
func TestNodeInRules(t *testing.T) {
	files, err := filepath.Glob("testdata/node_*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	runner := runtime.NewRunner(runtime.Options{Host: closedHost{}})
	defer runner.Close()
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		require.NoError(t, err)
		for _, f := range ar.Files {
			name := strings.TrimSuffix(filepath.Base(file), ".txtar") + "/" + strings.TrimSuffix(f.Name, ".js")
			t.Run(name, func(t *testing.T) { runAsRule(t, runner, f.Name, string(f.Data)) })
		}
	}
}

func runAsRule(t *testing.T, runner rulebox.Invoker, name, src string) {
	source := "async function (user, context, callback) {" + src +
		"\nuser.count = t.count; user.failures = t.failures; callback(null, user, context); }"
	prelude := "function (user, context, callback) {" + harness + "\ncallback(null, user, context); }"
	chain := &rulebox.Chain{
		Tenant: "acme", Trigger: rulebox.TriggerLogin, Limits: rulebox.Limits{Wall: 10 * time.Second},
		Scripts: []*rulebox.Script{
			rulebox.NewScript(rulebox.KindRule, "harness", prelude),
			rulebox.NewScript(rulebox.KindRule, name, source),
		},
	}
	res, err := runner.Invoke(context.Background(), &rulebox.Invocation{
		Chain: chain, ID: "tx", Args: []json.RawMessage{[]byte(`{}`), []byte(`{}`)},
	})
	require.NoError(t, err)
	var user struct {
		Count    int
		Failures string
	}
	require.NoError(t, json.Unmarshal(res.Values[0], &user))
	for _, line := range strings.Split(user.Failures, "\n\x00") {
		if line != "" {
			t.Errorf("%s", line)
		}
	}
	require.Positive(t, user.Count, "the case asserts nothing")
}
