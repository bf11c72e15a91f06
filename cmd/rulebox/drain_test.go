package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/bus"
)

// Logins that were accepted before the server was told to end are answered.
func TestEndLosesNoLogin(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			n := serveNode(t, strings.Replace(decisions, "700ms", "30s", 1))
			client := n.connect()
			ctx := testContext(t)
			const each = 8
			const slow = `{"do":"wait","ms":1500}`
			answers := make(chan string, 2*each)
			for range each {
				go func() { // joined by reading its answer
					a, err := n.trySend("POST", "/v1/tenants/acme/triggers/login", n.token, `{"user":`+slow+`,"context":{}}`)
					answers <- fmt.Sprint("HTTP ", a.at(".decision"), err)
				}()
				go func() { // joined by reading its answer
					res, err := client.Login(ctx, "acme", json.RawMessage(slow), struct{}{})
					answers <- fmt.Sprint("NATS ", rulebox.DecisionOf(res, err), err)
				}()
			}
			require.Eventually(t, func() bool {
				return strings.Contains(n.send("GET", "/metrics", "", "").body, fmt.Sprintf("rulebox_running %d\n", 2*each))
			}, safety, 5*time.Millisecond, "all run")
			require.NoError(t, n.cmd.Process.Signal(signal))
			for range 2 * each {
				answer := <-answers
				require.Regexp(t, `^(HTTP|NATS) allow<nil>$`, answer)
			}
			require.Zero(t, n.wait(), "%s", n.stderr)
			require.True(t, logged(n, `"draining"`))
		})
	}
}

// Whoever cannot wait says it twice.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	n := serveNode(t, strings.Replace(decisions, "700ms", "60s", 1))
	go func() { // joined by the server's end, which ends its request
		_, _ = n.trySend("POST", "/v1/tenants/acme/triggers/login", n.token, `{"user":{"do":"wait","ms":50000},"context":{}}`)
	}()
	require.Eventually(t, func() bool {
		return strings.Contains(n.send("GET", "/metrics", "", "").body, "rulebox_running 1\n")
	}, safety, time.Millisecond)
	workers := descendants(n.cmd.Process.Pid)
	require.NotEmpty(t, workers)
	require.NoError(t, n.cmd.Process.Signal(syscall.SIGTERM))
	require.Eventually(t, func() bool { return logged(n, `"draining"`) }, safety, time.Millisecond)
	time.Sleep(50 * time.Millisecond) // a login runs: the server must still be there
	require.False(t, n.over())
	start := time.Now()
	require.Eventually(t, func() bool {
		_ = n.cmd.Process.Signal(syscall.SIGTERM)
		return n.over()
	}, safety, 10*time.Millisecond)
	require.Less(t, time.Since(start), 10*time.Second)
	require.Eventually(t, func() bool { return gone(workers) }, safety, 10*time.Millisecond, "no worker is left behind")
}

// A server that is killed leaves no process behind, and its data serve the next.
func TestKilled(t *testing.T) {
	t.Parallel()
	n := serveNode(t, decisions)
	require.Equal(t, 200, n.login("acme", someLogin).status)
	code, creds, errs := runCommand(t, "creds", "create", "--data", n.data, "--tenant", "acme")
	require.Zero(t, code, errs)
	workers := descendants(n.cmd.Process.Pid)
	require.NotEmpty(t, workers)
	require.NoError(t, n.cmd.Process.Kill())
	n.wait()
	require.Eventually(t, func() bool { return gone(workers) }, safety, 10*time.Millisecond, "no worker is left behind")
	n.start()
	require.Equal(t, 200, n.login("acme", someLogin).status)
	url, err := os.ReadFile(filepath.Join(n.data, "nats", "url"))
	require.NoError(t, err)
	client, err := bus.Connect(testContext(t), bus.ConnectOptions{URL: strings.TrimSpace(string(url)), Creds: strings.TrimSpace(creds)})
	require.NoError(t, err)
	defer client.Close()
	_, err = client.Login(testContext(t), "acme", struct{}{}, json.RawMessage(`{"idToken":{}}`))
	require.NoError(t, err)
}

// descendants are the processes that pid has started, and theirs.
func descendants(pid int) (all []int) {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, list := range lists {
		text, _ := os.ReadFile(list)
		for _, field := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(field); err == nil {
				all = append(append(all, child), descendants(child)...)
			}
		}
	}
	return all
}

// gone says whether none of the processes runs. The dead that init has not
// collected count as gone.
func gone(pids []int) bool {
	for _, pid := range pids {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if _, state, ok := strings.Cut(string(text), ") "); err == nil && ok && state[0] != 'Z' && state[0] != 'X' {
			return false
		}
	}
	return true
}

// A client that asks on while the server ends is told that nothing was started;
// only of a login that was on the wire when the embedded NATS server went can
// nobody know.
func TestClientOfAServerThatEnds(t *testing.T) {
	t.Parallel()
	n := serveNode(t, decisions)
	client := n.connect()
	require.NoError(t, func() error {
		_, err := client.Login(testContext(t), "acme", struct{}{}, json.RawMessage(`{"idToken":{}}`))
		return err
	}())
	stop, done := make(chan struct{}), make(chan map[rulebox.Code]int)
	ctx, onTheWire := testContext(t), 0
	go func() { // joined by reading done
		codes := map[rulebox.Code]int{}
		for {
			select {
			case <-stop:
				done <- codes
				return
			default:
			}
			_, err := client.Login(ctx, "acme", struct{}{}, json.RawMessage(`{"idToken":{}}`))
			if rulebox.CodeOf(err) == rulebox.CodeInternal && strings.Contains(err.Error(), "may or may not have run") {
				onTheWire++
				continue
			}
			codes[rulebox.CodeOf(err)]++
			if err != nil {
				time.Sleep(time.Millisecond)
			}
		}
	}()
	require.Zero(t, n.stop(), "%s", n.stderr)
	close(stop)
	codes := <-done
	require.LessOrEqual(t, onTheWire, 1)
	for code, count := range codes {
		require.Contains(t, []rulebox.Code{"", rulebox.CodeUnavailable}, code, "%d logins", count)
	}
	require.Positive(t, codes[rulebox.CodeUnavailable], "the server was gone: %v", codes)
}
