package modules

import (
	"context"
	"net/http"
)

// RoundTripper sends requests over the host's connections, with those of requests
// before it: what scripts that are not JavaScript use. It is nil without a host.
func RoundTripper(ctx context.Context, host Host) (http.RoundTripper, error) {
	if host == nil {
		return nil, nil
	}
	return transportFor(ctx, host, tlsChoice{})
}
