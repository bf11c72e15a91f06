//go:build !race

package conformance

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/pooltest"
	"github.com/rulebox/rulebox/sandbox"
)

// heaviest are the modules written here whose realms are largest.
var heaviest = []string{"tls", "stream", "pg@8.16.3", "mysql2@3.14.1", "auth0@4.14.0", "assert", "superagent@8.1.2", "request-promise", "axios@1.7.9", "zlib"}

// A worker in the jail, with the memory limit that a tenant has by default, runs
// rules that require the heaviest modules, one and all, again and again.
func TestHeaviestModulesInTheJail(t *testing.T) {
	const runs = 40
	pool := pooltest.Start(t, sandbox.Options{MaxWorkers: 16, MaxPerTenant: 1, Warm: 1})
	before := workers(t)
	sources := map[string]string{"all ten": ""}
	for _, name := range heaviest {
		sources[name] = fmt.Sprintf("require('%s');", name)
		sources["all ten"] += sources[name]
	}
	for name, source := range sources {
		t.Run(name, func(t *testing.T) {
			chain := &rulebox.Chain{Tenant: "acme", Trigger: rulebox.TriggerLogin, Session: t.Name(), Scripts: []*rulebox.Script{
				rulebox.NewScript(rulebox.KindRule, "1", "function (user, context, callback) { "+source+" callback(null, user, context); }")}}
			require.EqualValues(t, 128<<20, chain.Limits.WithDefaults().Memory)
			inv := &rulebox.Invocation{Chain: chain, Tenant: "acme", Trigger: chain.Trigger, ID: "tx", Args: []json.RawMessage{json.RawMessage(defaultUser), json.RawMessage(defaultContext)}}
			for range runs {
				_, err := pool.Invoke(t.Context(), inv)
				require.NoError(t, err)
			}
		})
	}
	largest := 0
	for pid := range workers(t) {
		if !before[pid] {
			largest = max(largest, peak(pid))
		}
	}
	t.Logf("the largest worker had %d KiB", largest)
	require.NotZero(t, largest, "no worker was seen")
	require.Less(t, largest, 128<<10, "KiB")
}

// workers are the processes that this one started and that run.
func workers(t *testing.T) map[int]bool {
	lists, err := filepath.Glob("/proc/self/task/*/children")
	require.NoError(t, err)
	pids := map[int]bool{}
	for _, l := range lists {
		text, _ := os.ReadFile(l) // a thread may have ended
		for _, f := range strings.Fields(string(text)) {
			if pid, err := strconv.Atoi(f); err == nil {
				pids[pid] = true
			}
		}
	}
	return pids
}

// peak is the most memory, in KiB, that the process ever had; 0 if it is gone.
func peak(pid int) int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, _ := strconv.Atoi(strings.Fields(rest)[0])
			return n
		}
	}
	return 0
}
