package modules

import (
	"context"
	"net/http/httptrace"
	"sync/atomic"
)

// compatHTTPNatives are httpNatives, except that connected(handle) tells whether
// a connection was there before the response: old clients report a time-out
// while connecting under another name.
var compatHTTPNatives = map[string]Native{
	"open":      compatOpen,
	"connected": compatConnected,
	"send":      httpNatives["send"],
	"abort":     httpNatives["abort"],
	"read":      httpNatives["read"],
	"bytes":     httpNatives["bytes"],
	"text":      httpNatives["text"],
}

type connectedKey struct{}

func compatOpen(c *Call, args []any) (any, error) {
	got := new(atomic.Bool)
	return c.Realm.Keep(newExchange(httptrace.WithClientTrace(context.WithValue(c.Ctx, connectedKey{}, got), &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { got.Store(true) },
	}))), nil
}

func compatConnected(c *Call, args []any) (any, error) {
	x, ok := c.Realm.Handle(webArg(args, 0)).(*exchange)
	if !ok {
		return true, nil
	}
	got, _ := x.ctx.Value(connectedKey{}).(*atomic.Bool)
	return got != nil && got.Load(), nil
}
