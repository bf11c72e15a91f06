package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
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
