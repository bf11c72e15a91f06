package main

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/bus"
)

// What goes wrong around a server, and where it is tested. HTTP and the whole
// server are here; the rest is tested where it is made:
//
//	malformed JSON, missing user       TestBadInput; over NATS bus.TestBadRequests
//	unknown tenant, unknown trigger    TestBadInput, both doors
//	oversized request                  TestBadInput, both doors
//	a reply larger than NATS allows    TestReplyLargerThanNATSAllows; each size bus.TestOversizedReply
//	a deadline already past            TestBadInput, both doors
//	no worker free                     TestNoWorkerFree; queues sandbox.TestMaxWorkers, TestQueueIsBounded;
//	                                   none at all sandbox.TestNoWorkersAtAll; slots of the node bus.TestSlotsFull
//	NATS gone in mid-login             TestNATSGone; the client alone bus.TestNATSGoneInMidLogin
//	a full disk                        TestFullDisk; keys bus.TestFullDisk
//	a broken file in the tenants       TestStartWithBrokenTenants, TestReload; each kind store.TestBrokenFiles
//	a port in use                      TestPortInUse
//	two servers on one data folder     TestPortInUse; bus.TestOneServerPerFolder
func TestBadInput(t *testing.T) {
	t.Parallel()
	n := serveNode(t, decisions)
	const good = `{"id":"tx-7","user":{"do":"allow"},"context":{"idToken":{}}}`
	for name, tc := range map[string]struct {
		tenant, trigger, body string
		header                []string
		status                int
		code, id              string
		names                 []string
	}{
		"no JSON":             {body: `{"user":`, status: 400, code: "invalid", names: []string{"the body is invalid JSON"}},
		"nothing":             {body: ``, status: 400, code: "invalid", names: []string{"the body is invalid JSON"}},
		"two documents":       {body: good + `{}`, status: 400, code: "invalid", names: []string{"the body is invalid JSON"}},
		"no object":           {body: `[]`, status: 400, code: "invalid", names: []string{"not a JSON object"}},
		"no user":             {body: `{"id":"tx-7","context":{}}`, status: 400, code: "invalid", id: "tx-7", names: []string{"no member user"}},
		"no context":          {body: `{"user":{}}`, status: 400, code: "invalid", names: []string{"no member context"}},
		"user is null":        {body: `{"user":null,"context":{}}`, status: 400, code: "invalid", names: []string{"user", "not an object"}},
		"unknown member":      {body: `{"user":{},"context":{},"usr":1}`, status: 400, code: "invalid", names: []string{`"usr"`}},
		"id is no string":     {body: `{"id":7,"user":{},"context":{}}`, status: 400, code: "invalid", names: []string{"id"}},
		"unknown tenant":      {tenant: "nobody", body: good, status: 400, code: "invalid", id: "tx-7", names: []string{`there is no tenant "nobody"`, "tenants folder"}},
		"impossible tenant":   {tenant: "No.Body", body: good, status: 400, code: "invalid", names: []string{"No.Body"}},
		"unknown trigger":     {trigger: "signup", body: good, status: 400, code: "invalid", id: "tx-7", names: []string{`there is no trigger "signup"`, "login"}},
		"larger than HTTP":    {body: `{"user":{"x":"` + strings.Repeat("x", 5<<20) + `"},"context":{}}`, status: 413, code: "invalid", names: []string{"larger than 4194304 bytes"}},
		"larger than NATS":    {body: `{"user":{"x":"` + strings.Repeat("x", 4<<20-40) + `"},"context":{}}`, status: 400, code: "invalid", names: []string{"more than the", "max_payload"}},
		"larger than output":  {body: `{"user":{"do":"fill","size":1100000},"context":{"idToken":{}}}`, status: 422, code: "memory", names: []string{"limits.output"}},
		"deadline past":       {body: good, header: []string{"Rulebox-Remaining-Ms", "0"}, status: 504, code: "timeout", names: []string{"deadline had passed"}},
		"deadline is nothing": {body: good, header: []string{"Rulebox-Remaining-Ms", "soon"}, status: 400, code: "invalid", names: []string{"Rulebox-Remaining-Ms", `"soon"`}},
		"deadline passes":     {body: `{"user":{"do":"wait","ms":5000},"context":{}}`, header: []string{"Rulebox-Remaining-Ms", "200"}, status: 504, code: "timeout"},
	} {
		if tc.tenant == "" {
			tc.tenant = "acme"
		}
		if tc.trigger == "" {
			tc.trigger = "login"
		}
		a := n.send("POST", "/v1/tenants/"+tc.tenant+"/triggers/"+tc.trigger, n.token, tc.body, tc.header...)
		assert.Equal(t, tc.status, a.status, "%s: %.500s", name, a.body)
		assert.Equal(t, tc.code, a.at(".error.code"), "%s: %.500s", name, a.body)
		assert.Equal(t, "fault", a.at(".decision"), name)
		if tc.id != "" {
			assert.Equal(t, tc.id, a.at(".id"), name)
		}
		for _, part := range tc.names {
			assert.Contains(t, a.at(".error.message")+" "+a.at(".error.hint"), part, name)
		}
	}

	client, ctx := n.connect(), testContext(t)
	_, err := client.Login(ctx, "nobody", struct{}{}, struct{}{})
	require.Equal(t, rulebox.CodeInvalid, rulebox.CodeOf(err))
	require.ErrorContains(t, err, `there is no tenant "nobody"`)
	_, err = client.Invoke(ctx, &rulebox.Invocation{Tenant: "acme", Trigger: "signup", Args: []json.RawMessage{json.RawMessage("{}"), json.RawMessage("{}")}})
	require.Equal(t, rulebox.CodeInvalid, rulebox.CodeOf(err))
	require.ErrorContains(t, err, `there is no trigger "signup"`)
	_, err = client.Login(ctx, "acme", map[string]string{"x": strings.Repeat("x", 5<<20)}, struct{}{})
	require.Equal(t, rulebox.CodeInvalid, rulebox.CodeOf(err))
	require.ErrorContains(t, err, "it was not sent")

	a := n.login("acme", good)
	require.Equal(t, "allow", a.at(".decision"), "and nothing of it harmed the server: %s", a.body)
}

func TestReplyLargerThanNATSAllows(t *testing.T) {
	t.Parallel()
	n := serveNode(t, decisions+"-- acme/rulebox.json --\n{\"limits\": {\"output\": \"8MiB\"}}\n")
	for _, size := range []string{"4300000", "8000000"} {
		a := n.login("acme", `{"id":"tx-7","user":{"do":"fill","size":`+size+`},"context":{"idToken":{}}}`)
		require.Equal(t, 422, a.status, "%.500s", a.body)
		require.Equal(t, "memory", a.at(".error.code"))
		require.Equal(t, "tx-7", a.at(".id"))
		require.Contains(t, a.at(".error.message"), "one NATS message may have")
		require.Contains(t, a.at(".error.hint"), "max_payload")
	}
	a := n.login("acme", `{"user":{"do":"fill","size":4000000},"context":{"idToken":{}}}`)
	require.Equal(t, "allow", a.at(".decision"), "what fits is carried: %.500s", a.body)
}

func TestNoWorkerFree(t *testing.T) {
	t.Parallel()
	n := serveNode(t, strings.Replace(decisions, "700ms", "30s", 1)+strings.ReplaceAll(decisions, "acme/", "beta/"),
		"--max-workers", "1", "--max-workers-per-tenant", "1")
	busy := make(chan string, 1)
	go func() { // joined by reading its answer
		a, err := n.trySend("POST", "/v1/tenants/acme/triggers/login", n.token, `{"user":{"do":"wait","ms":2500},"context":{"idToken":{}}}`)
		if err != nil {
			busy <- err.Error()
		}
		busy <- a.at(".decision")
	}()
	require.Eventually(t, func() bool {
		return strings.Contains(n.send("GET", "/metrics", "", "").body, "rulebox_running 1\n")
	}, safety, time.Millisecond)
	a := n.login("beta", someLogin)
	require.Equal(t, 503, a.status, a.body)
	require.Equal(t, "unavailable", a.at(".error.code"))
	require.Contains(t, a.at(".error.message"), "all 1 workers of this node are at work for other tenants")
	require.Contains(t, a.at(".error.hint"), "--max-workers")
	require.NotEmpty(t, a.header.Get("Retry-After"))
	require.Equal(t, "allow", <-busy, "the one that was running is not disturbed")
	require.Equal(t, "allow", n.login("beta", someLogin).at(".decision"), "and now there is room")
	require.Contains(t, n.send("GET", "/metrics", "", "").body, "rulebox_invocations_refused_total ")
}

// The NATS server is another process's (here: this test's), and goes away while
// a login runs.
func TestNATSGone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server, err := bus.StartServer(bus.ServerOptions{DataDir: dir, Listen: "127.0.0.1:0"})
	require.NoError(t, err)
	t.Cleanup(func() { server.Close() }) // after the node has ended
	address := strings.TrimPrefix(server.URL(), "nats://")
	n := serveNode(t, strings.Replace(decisions, "700ms", "30s", 1), "--nats", server.URL(), "--nats-creds", filepath.Join(dir, "nats", "node.creds"))
	require.Equal(t, "allow", n.login("acme", someLogin).at(".decision"))
	require.NoFileExists(t, filepath.Join(n.data, "nats", "url"), "no second NATS server was started")

	result := make(chan answer, 1)
	go func() { // joined by reading its answer
		a, _ := n.trySend("POST", "/v1/tenants/acme/triggers/login", n.token, `{"id":"tx-7","user":{"do":"wait","ms":1500},"context":{"idToken":{}}}`)
		result <- a
	}()
	require.Eventually(t, func() bool {
		return strings.Contains(n.send("GET", "/metrics", "", "").body, "rulebox_running 1\n")
	}, safety, time.Millisecond)
	server.Close()
	a := <-result
	require.Equal(t, 500, a.status, a.body)
	require.Equal(t, "internal", a.at(".error.code"), "a login that may have run is not called safe to send again")
	require.Contains(t, a.at(".error.message"), "may or may not have run")
	require.Contains(t, a.at(".error.hint"), "transaction's id")

	start := time.Now()
	a = n.login("acme", someLogin)
	require.Equal(t, 503, a.status, a.body)
	require.Equal(t, "unavailable", a.at(".error.code"))
	require.Contains(t, a.at(".error.message"), "nothing was sent")
	require.Less(t, time.Since(start), 5*time.Second)
	require.Equal(t, 503, n.send("GET", "/readyz", "", "").status)
	require.Equal(t, 200, n.send("GET", "/livez", "", "").status)

	server, err = bus.StartServer(bus.ServerOptions{DataDir: dir, Listen: address})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return n.login("acme", someLogin).status == 200 }, safety, 20*time.Millisecond, "it comes back by itself")
	require.Eventually(t, func() bool { return n.send("GET", "/readyz", "", "").status == 200 }, safety, 20*time.Millisecond)
	require.Eventually(t, func() bool { return logged(n, `"login","id":"tx-7".*"allow"`) }, safety, 20*time.Millisecond, "the log has what became of it")
}

func TestNATSThatIsNotThere(t *testing.T) {
	t.Parallel()
	n := newNode(t, decisions)
	n.launch("--nats", "nats://127.0.0.1:1")
	require.Equal(t, 1, n.wait())
	require.Contains(t, n.stderr.String(), "nats://127.0.0.1:1")
	n.launch("--nats", "nats://127.0.0.1:1", "--nats-creds", "/nowhere/node.creds")
	require.Equal(t, 1, n.wait())
	require.Contains(t, n.stderr.String(), "/nowhere/node.creds")
}

func TestStartWithBrokenTenants(t *testing.T) {
	t.Parallel()
	n := serveNode(t, decisions+`
-- broken/rules/a.js --
function (user, context, callback) {
  oops oops;
}
-- Wrong.Name/rules/a.js --
function (user, context, callback) { callback(); }
`)
	require.Equal(t, "allow", n.login("acme", someLogin).at(".decision"), "one tenant's files do not harm another's")
	a := n.login("broken", someLogin)
	require.Equal(t, 400, a.status)
	require.Equal(t, "invalid", a.at(".error.code"))
	require.Contains(t, a.at(".error.message"), "tenant broken")
	require.Contains(t, a.at(".error.hint"), "rules/a.js")
	require.Contains(t, a.at(".error.hint"), "a:2:")
	require.True(t, logged(n, `tenant does not load.*"broken".*rules/a.js.*a:2:`), "%s", n.stderr)
	require.True(t, logged(n, `Wrong.Name.*small letters`), "%s", n.stderr)
	require.Contains(t, n.stdout.String(), "rulebox serves 1 tenant: ", "what does not load is not served")
	require.Regexp(t, `(?m)^rulebox: the tenant broken did not load, and its logins fault until it does: rules/a.js: .*a:2:`, n.stdout.String())
	require.Regexp(t, `(?m)^rulebox: the folder Wrong.Name is no tenant: `, n.stdout.String())
	writeFiles(t, n.tenants, "-- broken/rules/a.js --\nfunction (user, context, callback) { callback(); }\n")
	require.Eventually(t, func() bool { return n.login("broken", someLogin).status == 200 }, safety, 5*time.Millisecond)

	none := serveNode(t, "")
	require.Contains(t, none.stdout.String(), "rulebox serves 0 tenants: ")
	require.Contains(t, none.stdout.String(), "rulebox: there is no tenant in "+none.tenants+" yet")

	missing := newNode(t, "")
	missing.tenants = filepath.Join(missing.tenants, "nowhere")
	missing.launch()
	require.Equal(t, 1, missing.wait())
	require.Contains(t, missing.stderr.String(), "tenants folder: open "+missing.tenants)
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	for flag, says := range map[string]string{"--listen": "--listen", "--nats-listen": "--nats-listen"} {
		n := newNode(t, decisions)
		n.launch(flag, taken.Addr().String())
		require.Equal(t, 1, n.wait(), "%s", n.stderr)
		require.Contains(t, n.stderr.String(), taken.Addr().String())
		require.Contains(t, n.stderr.String(), "address already in use")
		require.Contains(t, n.stderr.String(), says)
		require.NotContains(t, n.stdout.String(), "rulebox serves")
		// The folder it has begun is good for the next start.
		n.start()
		require.Zero(t, n.stop())
	}
	// A second server on the same data folder.
	n := serveNode(t, decisions)
	second := &node{t: t, tenants: n.tenants, data: n.data}
	second.launch()
	require.Equal(t, 1, second.wait())
	require.Contains(t, second.stderr.String(), "another server is running on the data folder "+n.data)
	require.Equal(t, 200, n.login("acme", someLogin).status, "the first goes on")
}

// smallDisk is a file system of its own for the data folder.
func smallDisk(t *testing.T, size string) string {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "mode=0700,size="+size); err != nil {
		t.Skipf("a small disk to fill needs root: %v", err)
	}
	t.Cleanup(func() { require.NoError(t, unix.Unmount(dir, unix.MNT_DETACH)) })
	return dir
}

// fill leaves no byte free and returns what makes room again.
func fill(t *testing.T, dir string) func() {
	path := filepath.Join(dir, "filler")
	f, err := os.Create(path)
	require.NoError(t, err)
	defer f.Close()
	for size := 1 << 20; size > 0; {
		if _, err := f.Write(make([]byte, size)); err != nil {
			require.ErrorIs(t, err, unix.ENOSPC)
			size /= 2
		}
	}
	return func() { require.NoError(t, os.Remove(path)) }
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t, "32m")
	n := newNode(t, decisions)
	n.data = filepath.Join(disk, "data")
	require.NoError(t, os.Mkdir(n.data, 0o700))

	// The first start finds no room: it names what it could not write and leaves
	// nothing half made.
	room := fill(t, disk)
	n.launch()
	require.Equal(t, 1, n.wait())
	require.Contains(t, n.stderr.String(), n.data)
	require.Contains(t, n.stderr.String(), "no space left on device")
	require.NotContains(t, n.stdout.String(), "operator token", "a token that could not be kept is not given out")
	room()
	n.start()
	require.NotEmpty(t, n.token)

	// It fills up under a running server: logins and reloads go on, what cannot
	// be kept is refused, what was kept before stays.
	room = fill(t, disk)
	require.Equal(t, "allow", n.login("acme", someLogin).at(".decision"))
	code, _, errs := runCommand(t, "token", "create", "--data", n.data)
	require.Equal(t, 1, code)
	require.Contains(t, errs, filepath.Join(n.data, "tokens.json"))
	require.Contains(t, errs, "no space left on device")
	code, _, errs = runCommand(t, "creds", "create", "--data", n.data, "--tenant", "acme")
	require.Equal(t, 1, code)
	require.Contains(t, errs, n.data)
	require.Contains(t, errs, "no space left on device")
	writeFiles(t, n.tenants, "-- fresh/rules/a.js --\nfunction (user, context, callback) { context.fresh = 1; callback(null, user, context); }\n")
	require.Eventually(t, func() bool { return n.login("fresh", someLogin).at(".context.fresh") == "1" }, safety, 5*time.Millisecond)
	require.Equal(t, 200, n.send("GET", "/readyz", "", "").status)
	require.Zero(t, n.stop(), "%s", n.stderr)

	// A start on the full disk either serves or says which file stands in the way.
	n.launch()
	require.Eventually(t, func() bool { return n.over() || servesLine.MatchString(n.stdout.String()) }, safety, 5*time.Millisecond)
	if n.over() {
		require.Equal(t, 1, n.wait())
		require.Contains(t, n.stderr.String(), n.data)
		require.Contains(t, n.stderr.String(), "no space left on device")
	} else {
		require.Zero(t, n.stop())
	}
	room()
	n.start()
	require.Equal(t, "allow", n.login("acme", someLogin).at(".decision"), "the first token and all else is still there")
	code, _, errs = runCommand(t, "creds", "create", "--data", n.data, "--tenant", "acme")
	require.Zero(t, code, errs)
}
