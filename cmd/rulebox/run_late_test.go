package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What nobody awaits is sent all the same, as a node does it, and what is logged
// then is told.
func TestRunSettles(t *testing.T) {
	t.Parallel()
	arrived := make(chan string, 10)
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(200 * time.Millisecond)
		body, _ := io.ReadAll(r.Body)
		arrived <- r.URL.Path + " " + string(body)
		io.WriteString(w, "thanks")
	}))
	defer service.Close()
	dir := t.TempDir()
	file := func(name, source string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(source), 0o644))
		return path
	}
	rule := file("rule.js", `function (user, context, callback) {
		request.post({ url: configuration.URL + '/rule', body: user.user_id }, (err, res, body) => { console.log('answered', body); });
		callback(null, user, context); }`)
	action := file("action.js", `exports.onExecutePostLogin = async (event) => {
		fetch(event.secrets.URL + '/action', { method: 'POST', body: 'x' }).then(res => { console.warn('status', res.status); }); };`)
	denies := file("denies.js", `function (user, context, callback) {
		fetch(configuration.URL + '/denied');
		setTimeout(() => { callback('no'); undefined.x; }, 5); }`)
	allow := service.Listener.Addr().String()

	code, out, errs := runCommand(t, "run", "--egress-allow", allow, "--config", "URL="+service.URL, rule)
	require.Equal(t, exitOK, code, out)
	require.Len(t, arrived, 1)
	require.Contains(t, <-arrived, "/rule auth0|")
	require.Equal(t, "rule: log: answered thanks\n", errs)

	code, out, errs = runCommand(t, "run", "--egress-allow", allow, "--secret", "URL="+service.URL, action)
	require.Equal(t, exitOK, code, out)
	require.Len(t, arrived, 1)
	require.Equal(t, "/action x", <-arrived)
	require.Equal(t, "action: warn: status 200\n", errs)

	code, out, errs = runCommand(t, "run", "--egress-allow", allow, "--config", "URL="+service.URL, denies)
	require.Equal(t, exitDeny, code, out)
	require.Len(t, arrived, 1)
	require.Equal(t, "/denied ", <-arrived)
	require.Empty(t, errs)

	endless := file("endless.js", `function (user, context, callback) { setInterval(() => {}, 10); callback(null, user, context); }`)
	start := time.Now()
	code, out, errs = runCommand(t, "run", "--timeout", "1500ms", endless)
	require.Equal(t, exitOK, code, out)
	require.GreaterOrEqual(t, time.Since(start), time.Second)
	require.Contains(t, errs, "work in flight after their answer")
}
