package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const waiting = `
-- acme/actions/ask.json --
{"name": "ask", "code": "./actions/ask/code.js", "supported_triggers": [{"id": "post-login", "version": "v3"}], "deployed": true}
-- acme/actions/ask/code.js --
exports.onExecutePostLogin = async (event, api) => { api.redirect.sendUserTo('https://site.example/') }
exports.onContinuePostLogin = async (event, api) => { api.idToken.setCustomClaim('back', true) }
-- acme/triggers/triggers.json --
{"post-login": [{"action_name": "ask", "display_name": "ask"}]}
`

// Two server processes, one with the embedded NATS server, are one installation: a
// login goes on at whichever takes it, until the key of one is another.
func TestTwoNodesResumeEachOthersLogins(t *testing.T) {
	one := serveNode(t, waiting)
	url, err := os.ReadFile(filepath.Join(one.data, "nats", "url"))
	require.NoError(t, err)
	join := []string{"--nats", strings.TrimSpace(string(url)), "--nats-creds", filepath.Join(one.data, "nats", "node.creds")}
	two := serveNode(t, waiting, append(join, "--state-key", filepath.Join(one.data, "state.key"))...)

	fire := func(state string) (decision, next string) {
		body := `{"user":{"user_id":"u"},"context":{"protocol":"oidc-basic-profile"}`
		if state != "" {
			body += `,"state":"` + state + `"`
		}
		answer := one.login("acme", body+"}")
		return answer.at(".decision"), answer.at(".state")
	}
	logins := func(n *node) int { return strings.Count(n.stderr.String(), `"trigger":"login"`) }
	both := func() bool { return logins(one) > 0 && logins(two) > 0 }
	deadline := time.Now().Add(safety)
	for i := 0; i < 8 || !both(); i++ {
		require.True(t, time.Now().Before(deadline), "one of the two serves nothing")
		decision, state := fire("")
		require.Equal(t, "redirect", decision)
		decision, _ = fire(state)
		require.Equal(t, "allow", decision)
		decision, _ = fire(state)
		require.Equal(t, "deny", decision, "once")
	}

	// A node with a key of its own cannot go on with the others' logins.
	two.stop()
	two.start(join...)
	refused := false
	for deadline := time.Now().Add(safety); !refused; {
		require.True(t, time.Now().Before(deadline), "the other key is as good")
		_, state := fire("")
		decision, _ := fire(state)
		refused = decision == "fault"
	}
}
