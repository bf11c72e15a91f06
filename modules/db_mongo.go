package modules

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"

	"github.com/rulebox/rulebox/modules/dbwire"
	"github.com/rulebox/rulebox/modules/mongowire"
)

// mongoNatives serve the module mongodb. Documents are BSON:
//
//	open() → handle; end(handle); destroy(handle)
//	connect(handle, target) → Promise of the server's answer to hello
//	command(handle, document) → Promise of the reply
var mongoNatives = joinNatives(dbSessionNatives, map[string]Native{
	// the greeting is the script's to change
	"connect": dbConnect(mongoDriver, mongoThrow, func(c *mongowire.Conn) any { return bytes.Clone(c.Hello) }),
	"command": mongoCommand,
})

var mongoDriver = &dbDriver{name: "mongodb", login: func(ctx context.Context, c net.Conn, t *dbTarget, conf *tls.Config) (dbConn, error) {
	conn, err := mongowire.Connect(ctx, c, &mongowire.Config{
		User: t.User, Password: t.Password, Source: t.Params["source"], Mechanism: t.Params["mechanism"], Application: t.Params["application"], TLS: conf,
	})
	if err != nil {
		return nil, err // not a nil *mongowire.Conn
	}
	return conn, nil
}}

func mongoCommand(c *Call, args []any) (any, error) {
	view, _ := webBytes(args, 1)
	doc := bytes.Clone(view)
	return dbTask(c, args, mongoThrow, func(ctx context.Context, conn *mongowire.Conn) ([]byte, error) { return conn.Do(ctx, doc) },
		func(reply []byte) any { return reply })
}

// mongoThrow gives an error its code. `kind` says what it is: server (with reply,
// a document), parse, or whole where the session goes on; otherwise the network's.
func mongoThrow(err error, t *dbTarget) error {
	var server *mongowire.ServerError
	var protocol *mongowire.ProtocolError
	var auth *mongowire.AuthError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &server):
		return &Throw{Message: server.Message, Props: Object{{"kind", "server"}, {"reply", server.Reply}}}
	case errors.As(err, &protocol):
		return &Throw{Message: protocol.Error(), Props: Object{{"kind", "parse"}}}
	case errors.As(err, &auth):
		return &Throw{Message: auth.Error(), Props: Object{{"kind", "auth"}}}
	case errors.Is(err, mongowire.ErrRefused):
		return &Throw{Message: err.Error(), Props: Object{{"kind", "whole"}, {"code", "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM"}}}
	case errors.Is(err, mongowire.ErrTooLarge), errors.Is(err, mongowire.ErrDocument):
		return &Throw{Message: err.Error(), Props: Object{{"kind", "whole"}}}
	case errors.Is(err, dbwire.ErrLost):
		return &Throw{Message: "connection closed", Props: Object{{"kind", "network"}}}
	case errors.Is(err, errSessionEnded):
		return &Throw{Message: "the connection was ended while the command was under way", Props: Object{{"kind", "network"}}}
	}
	return dbThrow(err, t)
}
