package transaction

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/rulebox/rulebox"
)

// A MetadataClient saves metadata through tenants' management APIs. The address
// is the operator's: it comes from rulebox.json and from no script. The zero
// value is ready.
type MetadataClient struct {
	// Transport is nil for one of its own, without a proxy.
	Transport http.RoundTripper
	// Timeout bounds one call. Default 5 s.
	Timeout time.Duration
}

// maxMetadataAnswer is how much is read of an answer, so that its connection can
// be used again, in bytes.
const maxMetadataAnswer = 64 << 10

var metadataTransport = &http.Transport{
	MaxIdleConns: 64, MaxIdleConnsPerHost: 16, MaxConnsPerHost: 64, IdleConnTimeout: 90 * time.Second,
	TLSHandshakeTimeout: 5 * time.Second, MaxResponseHeaderBytes: 64 << 10, ForceAttemptHTTP2: true,
}

// save merges patch into the user's metadata. The error quotes neither the patch
// nor the answer.
func (m *MetadataClient) save(ctx context.Context, api *rulebox.Management, user string, patch []byte) error {
	timeout := m.Timeout
	if timeout <= 0 {
		timeout = 5 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	to := strings.TrimSuffix(api.BaseURL, "/") + "/users/" + url.PathEscape(user)
	req, err := http.NewRequestWithContext(ctx, http.MethodPatch, to, bytes.NewReader(patch))
	if err != nil {
		return errors.New("management.baseUrl in rulebox.json is no URL")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+api.AccessToken)
	client := http.Client{Transport: m.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if client.Transport == nil {
		client.Transport = metadataTransport
	}
	res, err := client.Do(req)
	if err != nil {
		if e := (*url.Error)(nil); errors.As(err, &e) {
			err = e.Err // its address has the user's id
		}
		return fmt.Errorf("the management API of the tenant did not answer: %w", err)
	}
	defer res.Body.Close()
	_, _ = io.CopyN(io.Discard, res.Body, maxMetadataAnswer)
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("the management API of the tenant answered %d", res.StatusCode)
	}
	return nil
}

// saveMetadata saves what the actions changed of the user's metadata, if that is
// ours to do, and returns the commands that are left for the caller. What could
// not be saved is left, and a line in the log tells.
func (g *passage) saveMetadata(ctx context.Context, e *effects, commands []command, res *rulebox.Result) []command {
	if g.p.Metadata == nil || !g.tenant.ApplyMetadata || triggerSet(g.inv.Trigger) != onLogin || e.userMetadata.empty() && e.appMetadata.empty() {
		return commands
	}
	var patch object
	for _, m := range e.metadata() {
		if !m.patch.empty() {
			patch.set(m.name, m.patch.text())
		}
	}
	err := errors.New("the request has no user_id")
	switch {
	case g.chain.Management == nil:
		err = errors.New("apply_metadata in rulebox.json needs management there")
	case g.user() != "":
		err = g.p.Metadata.save(ctx, g.chain.Management, g.user(), patch.text())
	}
	if err != nil {
		res.Logs = append(res.Logs, rulebox.Log{Level: "error", Text: "Rulebox could not save the metadata: " + err.Error()})
		g.p.report(g.inv, fmt.Errorf("metadata not saved: %w", err))
		return commands
	}
	return slices.DeleteFunc(commands, func(c command) bool {
		return c.name == "user.setAppMetadata" || c.name == "user.setUserMetadata"
	})
}
