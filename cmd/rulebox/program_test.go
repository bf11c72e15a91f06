//go:build workerprogram

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWorkersOfServer looks at what a server's workers execute: the program that the
// Makefile built, and not the server's own.
func TestWorkersOfServer(t *testing.T) {
	t.Parallel()
	n := serveNode(t, `
-- acme/rulebox.json --
{}
-- acme/rules/a.js --
function (user, context, callback) { context.idToken.seen = true; callback(null, user, context); }
`)
	require.Contains(t, n.login("acme", `{"user":{"user_id":"u"},"context":{"idToken":{}}}`).body, "\"seen\":true")
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", n.cmd.Process.Pid))
	require.NoError(t, err)
	workers := 0
	for _, list := range tasks {
		text, _ := os.ReadFile(list) // a thread may end
		for _, pid := range strings.Fields(string(text)) {
			name, _ := os.ReadFile("/proc/" + pid + "/cmdline")
			if !strings.Contains(string(name), "worker") {
				continue // the spawner
			}
			exe, err := os.Readlink("/proc/" + pid + "/exe")
			if os.IsNotExist(err) {
				continue
			}
			require.NoError(t, err)
			require.Equal(t, "/memfd:rulebox-worker (deleted)", exe)
			workers++
		}
	}
	require.Positive(t, workers)
	require.NotContains(t, n.stderr.String(), "run the whole of this binary")
}
