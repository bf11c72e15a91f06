package gateway

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/gateway/adapters"
)

func allowing(_ context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
	return &rulebox.Result{ID: inv.ID, Values: inv.Args}, nil
}

// A tenant that sends the largest bodies, many at once and never to their end,
// holds a share of the memory for bodies and no more; others are served.
func TestSlowBodiesAreBounded(t *testing.T) {
	s := edge(t, allowing)
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	slow := func() net.Conn {
		c, err := net.Dial("tcp", s.Listener.Addr().String())
		require.NoError(t, err)
		conns = append(conns, c)
		fmt.Fprintf(c, "POST /v1/tenants/acme/triggers/login HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer acme\r\nContent-Length: %d\r\n\r\n{", MaxBody)
		return c
	}
	const fit = maxTenantBytes / MaxBody
	for range fit {
		slow()
	}
	require.Eventually(t, func() bool {
		if send(t, s, "POST", "/v1/tenants/acme/triggers/login", "acme", `{"user":{},"context":{}}`).status == http.StatusServiceUnavailable {
			return true
		}
		slow() // this very question may have kept one of them from its share
		return false
	}, 10*time.Second, 10*time.Millisecond)
	res, err := http.ReadResponse(bufio.NewReader(slow()), nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
	res.Body.Close()
	require.Equal(t, http.StatusOK, send(t, s, "POST", "/v1/tenants/good/triggers/login", "operator", `{"user":{},"context":{}}`).status)
	for _, c := range conns {
		c.Close()
	}
	require.Eventually(t, func() bool {
		return send(t, s, "POST", "/v1/tenants/acme/triggers/login", "acme", `{"user":{},"context":{}}`).status == http.StatusOK
	}, 10*time.Second, 10*time.Millisecond)
}

// deadlines is a writer that notes the deadline that was set before each write.
type deadlines struct {
	http.ResponseWriter
	set   time.Time
	wrote []time.Time
}

func (d *deadlines) SetWriteDeadline(t time.Time) error { d.set = t; return nil }
func (d *deadlines) Write(p []byte) (int, error) {
	d.wrote = append(d.wrote, d.set)
	return d.ResponseWriter.Write(p)
}

// Whatever is written, a caller that does not read it does not hold it for ever.
func TestAnswersHaveADeadline(t *testing.T) {
	h := New(Options{
		Triggers: invokerFunc(allowing), Unsaved: invokerFunc(allowing), Authorize: func(string, string, Right) bool { return true },
		Ready: func(context.Context) error { return nil }, Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "m 1\n") }),
	})
	for _, path := range []string{"GET /livez", "GET /readyz", "GET /metrics", "GET /nothing", "POST /v1/tenants/acme/triggers/login", "POST /v1/tenants/acme/try"} {
		method, target, _ := strings.Cut(path, " ")
		req, err := http.NewRequest(method, target, strings.NewReader(`{"user":{},"context":{}}`))
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer x")
		w := &deadlines{ResponseWriter: discard{http.Header{}}}
		h.ServeHTTP(w, req)
		require.NotEmpty(t, w.wrote, path)
		for _, at := range w.wrote {
			assert.WithinDuration(t, time.Now().Add(sendTimeout), at, 10*time.Second, path)
		}
	}
}

type discard struct{ h http.Header }

func (d discard) Header() http.Header       { return d.h }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}

// A tenant's token opens that tenant, however the path is written.
func TestPathsOfOtherTenants(t *testing.T) {
	var asked []string
	s := edge(t, func(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
		asked = append(asked, inv.Tenant)
		return allowing(ctx, inv)
	})
	for _, path := range []string{
		"/v1/tenants/beta/triggers/login", "/v1/tenants/ACME/triggers/login", "/v1/tenants/acme%2F..%2Fbeta/triggers/login",
		"/v1/tenants/acme/../beta/triggers/login", "/v1/tenants/acme%00/triggers/login", "/v1/tenants/acme%20/triggers/login",
		"/v1/tenants/acme%2Ftriggers%2Fx/triggers/login", "/v1//tenants/beta/triggers/login", "/v1/tenants/%2e%2e/triggers/login",
		"/v1/tenants/*/triggers/login", "/v1/tenants/acme./triggers/login", "/v1/tenants/acme%2E*/triggers/login", "/v1/tenants/%61cme%0d%0a/triggers/login",
	} {
		c, err := net.Dial("tcp", s.Listener.Addr().String())
		require.NoError(t, err)
		fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer acme\r\nContent-Length: 24\r\nConnection: close\r\n\r\n%s", path, `{"user":{},"context":{}}`)
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		require.NoError(t, err, path)
		assert.Contains(t, []int{301, 307, 308, 400, 403, 404}, res.StatusCode, path)
		c.Close()
	}
	assert.Empty(t, asked)
}

// An answer's headers hold nothing of a script's, nor of the caller's.
func TestHeadersHoldNoText(t *testing.T) {
	evil := "x\r\nSet-Cookie: a=b"
	s := edge(t, func(context.Context, *rulebox.Invocation) (*rulebox.Result, error) {
		return nil, &rulebox.Error{Code: rulebox.CodeThrew, Name: evil, Message: evil, Hint: evil, Trace: evil, Script: evil, OAuth: evil}
	})
	a := send(t, s, "POST", "/v1/tenants/acme/triggers/login", "acme", `{"user":{},"context":{}}`, "Rulebox-Remaining-Ms", "1000")
	assert.Empty(t, a.header.Get("Set-Cookie"))
	assert.Equal(t, "threw", a.header.Get("Rulebox-Code"))
	assert.True(t, json.Valid([]byte(a.body)))
}

// Bodies of strangers who say that they are an identity server are held apart from
// those with a token, not for long, and hold no more than they sent.
func TestSlowHooksLeaveTriggersAlone(t *testing.T) {
	s := edge(t, allowing, func(o *Options) {
		o.Adapters = func(string) map[string]json.RawMessage {
			return map[string]json.RawMessage{"supabase": json.RawMessage(`{"secret":"v1,whsec_MDEyMzQ1Njc4OWFiY2RlZg=="}`)}
		}
	})
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	open := func() net.Conn {
		c, err := net.Dial("tcp", s.Listener.Addr().String())
		require.NoError(t, err)
		conns = append(conns, c)
		fmt.Fprintf(c, "POST /v1/tenants/acme/adapters/supabase/send-sms HTTP/1.1\r\nHost: x\r\nwebhook-id: 1\r\nwebhook-timestamp: %d\r\nwebhook-signature: v1,AAAA\r\nContent-Length: %d\r\n\r\n{", time.Now().Unix(), adapters.MaxBody)
		return c
	}
	first := open()
	for range maxTenantBytes / adapters.MaxBody {
		open()
	}
	full := func() bool {
		a := send(t, s, "POST", "/v1/tenants/acme/adapters/supabase/send-sms", "", "{}", "webhook-id", "1", "webhook-timestamp", fmt.Sprint(time.Now().Unix()), "webhook-signature", "v1,AAAA")
		return a.status == http.StatusServiceUnavailable
	}
	require.Never(t, full, 500*time.Millisecond, 10*time.Millisecond, "who sends little holds little")
	much := strings.Repeat(" ", adapters.MaxBody-2) // all but the last byte
	for _, c := range conns {
		go io.WriteString(c, much) // ends with the connection
	}
	require.Eventually(t, full, 10*time.Second, time.Millisecond)
	require.Equal(t, http.StatusOK, send(t, s, "POST", "/v1/tenants/acme/triggers/login", "acme", `{"user":{},"context":{}}`).status)
	require.NoError(t, first.SetReadDeadline(time.Now().Add(30*time.Second)))
	res, err := http.ReadResponse(bufio.NewReader(first), nil)
	require.NoError(t, err, "the slow one is ended by the server")
	res.Body.Close()
	require.Equal(t, http.StatusBadRequest, res.StatusCode)
	require.Eventually(t, func() bool { return !full() }, 10*time.Second, 10*time.Millisecond)
}
