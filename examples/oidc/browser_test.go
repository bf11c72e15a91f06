package main

import (
	"context"
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// chromium starts one headless browser for the test and returns its context. As
// with the servers of other tests, RULEBOX_NO_SERVERS leaves the test out.
func chromium(t *testing.T) context.Context {
	t.Helper()
	if os.Getenv("RULEBOX_NO_SERVERS") != "" {
		t.Skip("asked for by RULEBOX_NO_SERVERS")
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("this test needs Debian's chromium: make debian installs it; RULEBOX_NO_SERVERS=1 leaves the test out")
	}
	flag := func(name string) chromedp.ExecAllocatorOption { return chromedp.Flag(name, true) }
	ctx, cancel := context.WithTimeout(context.Background(), safety)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, chromedp.ExecPath(path), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.UserDataDir(filepath.Join(t.TempDir(), "profile")),
		flag("disable-quic"), flag("disable-background-networking"), flag("disable-component-update"), flag("disable-sync"),
		flag("disable-dev-shm-usage"), flag("disable-extensions"))
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	require.NoError(t, chromedp.Do(ctx), "chromium did not start")
	return ctx
}

// A browser is a person's: it has cookies of its own.
type browser struct {
	t   *testing.T
	ctx context.Context
	on  *running

	mu   sync.Mutex // guards seen
	seen []string   // every page that was asked for
}

func newBrowser(t *testing.T, chromium context.Context, on *running) *browser {
	t.Helper()
	b := &browser{t: t, on: on}
	ctx, cancel := chromedp.NewContext(chromium, chromedp.WithNewBrowserContext(), chromedp.WithListener(func(ev any) {
		if e, ok := ev.(*network.EventRequestWillBeSent); ok && e.Type == network.ResourceTypeDocument {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.seen = append(b.seen, e.Request.URL)
		}
	}))
	t.Cleanup(cancel)
	b.ctx = ctx
	require.NoError(t, chromedp.Do(ctx))
	return b
}

// limit bounds one step. What is waited for comes at once, or is not there.
func (b *browser) limit() context.Context {
	ctx, cancel := context.WithTimeout(b.ctx, safety/4)
	b.t.Cleanup(cancel)
	return ctx
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Do(b.limit(), steps...))
}

// open goes to the page, and to where that redirects.
func (b *browser) open(address string) {
	b.t.Helper()
	b.do(chromedp.Navigate(address))
}

// click clicks and waits for the page that follows.
func (b *browser) click(selector string) {
	b.t.Helper()
	_, err := chromedp.RunResponse(b.limit(), chromedp.Click(chromedp.CSS(selector)))
	require.NoError(b.t, err)
}

// text returns what the page shows there.
func (b *browser) text(selector string) string {
	b.t.Helper()
	s, err := chromedp.Run(b.limit(), chromedp.TextContent(chromedp.CSS(selector)))
	require.NoError(b.t, err)
	return s
}

func (b *browser) location() string {
	b.t.Helper()
	s, err := chromedp.Run(b.limit(), chromedp.Location())
	require.NoError(b.t, err)
	return s
}

// login begins at the shop and sends the form.
func (b *browser) login(email, password string) {
	b.t.Helper()
	b.open(b.on.shop + "/")
	b.click("#login")
	require.True(b.t, strings.HasPrefix(b.location(), b.on.issuer+"/login?"), b.location())
	b.fill(email, password)
}

func (b *browser) fill(email, password string) {
	b.t.Helper()
	b.do(chromedp.SetValue(chromedp.CSS("[name=email]"), email), chromedp.SendKeys(chromedp.CSS("[name=password]"), password))
	b.click("#go")
}

// claim returns a claim of the ID token, as the shop shows it.
func (b *browser) claim(name string) any {
	b.t.Helper()
	var v any
	require.NoError(b.t, json.Unmarshal([]byte(b.text(`#id-token [data-claim="`+name+`"]`)), &v))
	return v
}

// refused requires that the shop was told so.
func (b *browser) refused(code, description string) {
	b.t.Helper()
	require.True(b.t, strings.HasPrefix(b.location(), b.on.shop+"/callback?"), b.location())
	require.Equal(b.t, code, b.text("#code"))
	require.Equal(b.t, description, b.text("#description"))
}

// cameBack returns the last address at which the browser came back to the login
// server.
func (b *browser) cameBack() *url.URL {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := len(b.seen) - 1; i >= 0; i-- {
		if strings.HasPrefix(b.seen[i], b.on.issuer+"/continue?") {
			u, err := url.Parse(b.seen[i])
			require.NoError(b.t, err)
			return u
		}
	}
	b.t.Fatal("the browser never came back to /continue")
	return nil
}
