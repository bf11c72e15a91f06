package sandbox

import (
	"context"
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

// What a script has in flight after its answer can be waited for, with its lines.
func TestSettle(t *testing.T) {
	arrived := make(chan string, 10)
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(100 * time.Millisecond)
		arrived <- r.URL.Path
	}))
	defer api.Close()
	var mu sync.Mutex
	var lines []rulebox.Log
	p := open(t, Options{Egress: Egress{Allow: []string{hostOf(api)}}, OnLate: func(l rulebox.Log) {
		mu.Lock()
		defer mu.Unlock()
		lines = append(lines, l)
	}})
	require.NoError(t, p.Settle(bg(t)), "nothing runs")
	for range 3 {
		_, err := login(bg(t), p, chainOf("acme", `function (user, context, callback) {
			fetch('`+api.URL+`/one').then(() => fetch('`+api.URL+`/two')).then(() => { console.log('both'); undefined.x; });
			callback(null, user, context);
		}`))
		require.NoError(t, err)
		require.NoError(t, p.Settle(bg(t)))
		require.Len(t, arrived, 2)
		require.Equal(t, "/one", <-arrived)
		require.Equal(t, "/two", <-arrived)
		mu.Lock()
		require.Len(t, lines, 2)
		require.Equal(t, "both", lines[0].Text)
		require.Contains(t, lines[1].Text, "threw after the answer: TypeError")
		lines = nil
		mu.Unlock()
	}
	_, err := login(bg(t), p, chainOf("acme", `function (user, context, callback) { setInterval(() => {}, 10); callback(null, user, context); }`))
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(bg(t), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, p.Settle(ctx), context.DeadlineExceeded)
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

// A date's text is Node's, and is read back.
func TestDateText(t *testing.T) {
	p := open(t, Options{})
	res, err := login(bg(t), p, chainOf("acme", `function (user, context, callback) {
		const d = new Date(1.7e12);
		context.idToken = { text: String(d), same: Date.parse(String(d)) === 1.7e12, offset: d.getTimezoneOffset() };
		callback(null, user, context);
	}`))
	require.NoError(t, err)
	require.Contains(t, string(res.Values[1]), `{"text":"Tue Nov 14 2023 22:13:20 GMT+0000 (Coordinated Universal Time)","same":true,"offset":0}`)
}
