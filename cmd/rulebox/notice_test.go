package main

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lines are the log's with the message.
func lines(t *testing.T, n *node, msg string) (found []map[string]any) {
	for _, line := range strings.Split(strings.TrimSpace(n.stderr.String()), "\n") {
		var fields map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &fields), line)
		if m, _ := fields["msg"].(string); strings.Contains(m, msg) {
			found = append(found, fields)
		}
	}
	return found
}

func TestBypassIsInTheLog(t *testing.T) {
	t.Parallel()
	n := serveNode(t, decisions, "--bypass-custom-code")
	require.Equal(t, 200, n.login("acme", someLogin).status)
	require.Zero(t, n.stop())
	warned := lines(t, n, "--bypass-custom-code")
	require.Len(t, warned, 1)
	assert.Equal(t, "warn", warned[0]["level"])
	logins := lines(t, n, "login")
	require.NotEmpty(t, logins)
	assert.Equal(t, true, logins[len(logins)-1]["bypassed"])
}

// A try is no login, in the log and in the numbers; times are numbers.
func TestTriesAreNoLogins(t *testing.T) {
	t.Parallel()
	n := serveNode(t, decisions)
	require.Equal(t, 200, n.login("acme", someLogin).status)
	a := n.send("POST", "/v1/tenants/acme/try", n.token, `{"name":"x","code":"function (u, c, cb) { cb(null, u, c); }","input":{"user":{},"context":{}}}`)
	require.Equal(t, 200, a.status, a.body)
	numbers := n.send("GET", "/metrics", "", "").body
	assert.Contains(t, numbers, `rulebox_invocations_total{code="",decision="allow",trigger="try"} 1`)
	require.Zero(t, n.stop())
	for _, name := range []string{"login", "try"} {
		var one map[string]any
		for _, l := range lines(t, n, name) {
			if l["msg"] == name && l["tenant"] == "acme" {
				require.Nil(t, one, "one line each")
				one = l
			}
		}
		require.NotNil(t, one, name)
		assert.Equal(t, name, one["trigger"])
		assert.IsType(t, 1.5, one["duration_ms"])
		assert.Greater(t, one["duration_ms"], 0.0)
		assert.IsType(t, 1.5, one["cpu_ms"])
		assert.NotContains(t, one, "bypassed")
	}
}

func TestUnreadableTokensAreInTheLog(t *testing.T) {
	t.Parallel()
	n := serveNode(t, decisions)
	require.NoError(t, os.WriteFile(filepath.Join(n.data, "tokens.json"), []byte("{"), 0o600))
	for range 5 {
		require.NotEqual(t, 200, n.login("acme", someLogin).status)
	}
	require.Zero(t, n.stop())
	found := lines(t, n, "nobody gets in over HTTP")
	require.Len(t, found, 1, "not one a request")
	assert.Contains(t, found[0]["error"], "tokens.json")
	assert.Contains(t, found[0]["error"], "repair it")
}

// A start that fails has made no token, which the next would not print again.
func TestFailedStartMakesNoToken(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	n := newNode(t, decisions)
	for _, flag := range []string{"--listen", "--nats-listen"} {
		n.launch(flag, taken.Addr().String())
		require.Equal(t, 1, n.wait())
		assert.Contains(t, n.stderr.String(), flag)
		assert.NotContains(t, n.stdout.String(), "operator token")
		assert.NoFileExists(t, filepath.Join(n.data, "tokens.json"))
	}
	// What is wrong with flags is found before a port is asked for.
	n.launch("--listen", taken.Addr().String(), "--egress-allow", "not an address")
	require.Equal(t, 1, n.wait())
	assert.Contains(t, n.stderr.String(), "not an address")
	assert.NotContains(t, n.stderr.String(), "in use")

	n.start()
	require.NotEmpty(t, n.token)
	require.Equal(t, 200, n.login("acme", someLogin).status)
	assert.Contains(t, n.stdout.String(), "serves 1 tenant: ")
}

func TestServeOneLevelTooDeep(t *testing.T) {
	t.Parallel()
	n := newNode(t, decisions)
	n.tenants = filepath.Join(n.tenants, "acme")
	n.launch()
	require.Equal(t, 1, n.wait())
	require.Contains(t, n.stderr.String(), "looks like one tenant; name its parent")
}

func TestBuildVersion(t *testing.T) {
	setting := func(pairs ...string) (all []debug.BuildSetting) {
		for i := 0; i < len(pairs); i += 2 {
			all = append(all, debug.BuildSetting{Key: pairs[i], Value: pairs[i+1]})
		}
		return all
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).Format(time.RFC3339)
	for want, info := range map[string]*debug.BuildInfo{
		"(devel)": {},
		"v1.2.3":  {Main: debug.Module{Version: "v1.2.3"}, Settings: setting("vcs.revision", "abc")},
		"(devel) 0123456789ab of 2026-01-02T03:04:05Z, modified": {Main: debug.Module{Version: "(devel)"},
			Settings: setting("vcs.revision", "0123456789abcdef", "vcs.time", at, "vcs.modified", "true")},
		"(devel) 0123": {Settings: setting("vcs.revision", "0123", "vcs.modified", "false")},
	} {
		require.Equal(t, want, buildVersion(info))
	}
}
