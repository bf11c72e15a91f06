package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
)

// 200 logins of one tenant wait for a web service in one worker.
func TestManyWaitForHTTP(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector needs more memory than a worker may have")
	}
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(200 * time.Millisecond)
		io.WriteString(w, "ok")
	}))
	defer api.Close()
	p := open(t, Options{MaxPerTenant: 1, Egress: Egress{Allow: []string{hostOf(api)}}})
	c := chainOf("acme", fetchRule)
	arg, _ := json.Marshal(map[string]any{"url": api.URL, "idToken": map[string]any{}})
	inv := &rulebox.Invocation{Chain: c, Args: []json.RawMessage{json.RawMessage(`{}`), arg}}
	start := time.Now()
	var wg sync.WaitGroup
	for range 200 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			res, err := p.Invoke(bg(t), inv)
			if assert.NoError(t, err) {
				assert.Contains(t, string(res.Values[1]), `"body":"ok"`)
			}
		}()
	}
	wg.Wait()
	took := time.Since(start)
	t.Logf("200 logins, each waiting 200 ms, in %s and one worker", took.Round(time.Millisecond))
	require.Less(t, took, 10*time.Second, "one after the other would be 40 s")
	require.Equal(t, 1, p.Stats().Leased)
}

// A worker without work does not wake up.
func TestIdleWorkersSleep(t *testing.T) {
	p := open(t, Options{})
	for range 50 {
		_, err := login(bg(t), p, chainOf("acme", okRule))
		require.NoError(t, err)
	}
	pid := theWorker(t, p).cmd.Process.Pid
	// Go's own monitor thread and scavenger go to sleep in steps.
	var woke int
	require.Eventually(t, func() bool {
		before := switches(t, pid)
		time.Sleep(500 * time.Millisecond)
		woke = switches(t, pid) - before
		return woke <= 2
	}, 20*time.Second, time.Millisecond, "it still wakes")
}

// switches is how often the process's threads went to sleep by themselves.
func switches(t *testing.T, pid int) (n int) {
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	require.NoError(t, err)
	for _, task := range tasks {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/status", pid, task.Name()))
		require.NoError(t, err)
		_, rest, ok := strings.Cut(string(b), "\nvoluntary_ctxt_switches:")
		require.True(t, ok)
		var v int
		fmt.Sscan(rest, &v)
		n += v
	}
	return n
}
