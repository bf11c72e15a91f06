package modules

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strconv"
	"strings"

	"github.com/rulebox/rulebox/modules/dbwire"
	"github.com/rulebox/rulebox/modules/rediswire"
)

// redisNatives serve the modules redis and ioredis:
//
//	open() → handle; end(handle); destroy(handle)
//	connect(handle, target) → Promise
//	send(handle, [command…], [binary…]) → Promise of as many replies
//
// A command is an array of strings, numbers and bytes. A reply is null, a number,
// text (bytes where binary says so), an array of these, or {error: text}.
var redisNatives = joinNatives(dbSessionNatives, map[string]Native{
	"connect": dbConnect(redisDriver, redisThrow, func(*rediswire.Conn) any { return nil }),
	"send":    redisSend,
})

var redisDriver = &dbDriver{name: "redis", login: func(ctx context.Context, c net.Conn, t *dbTarget, conf *tls.Config) (dbConn, error) {
	conn, err := rediswire.Connect(ctx, c, &rediswire.Config{User: t.User, Password: t.Password, Database: t.Number, Name: t.Params["name"], TLS: conf})
	if err != nil {
		return nil, err // not a nil *rediswire.Conn
	}
	return conn, nil
}}

func redisSend(c *Call, args []any) (any, error) {
	list, _ := webArg(args, 1).([]any)
	binary, _ := webArg(args, 2).([]any)
	cmds := make([][][]byte, len(list))
	for i, v := range list {
		words, _ := v.([]any)
		cmds[i] = make([][]byte, len(words))
		for j, w := range words {
			cmds[i][j] = redisWord(w)
		}
	}
	return dbTask(c, args, redisThrow, func(ctx context.Context, conn *rediswire.Conn) ([]any, error) { return conn.Do(ctx, cmds) },
		func(replies []any) any {
			for i, r := range replies {
				raw, _ := webArg(binary, i).(bool)
				replies[i] = redisReply(r, raw)
			}
			return replies
		})
}

// redisWord is one argument of a command.
func redisWord(v any) []byte {
	switch v := v.(type) {
	case string:
		return []byte(v)
	case []byte:
		return bytes.Clone(v)
	case float64:
		return []byte(strconv.FormatFloat(v, 'f', -1, 64))
	case bool:
		return strconv.AppendBool(nil, v)
	}
	return nil
}

func redisReply(v any, raw bool) any {
	switch v := v.(type) {
	case nil:
		return Null{}
	case rediswire.Error:
		return Object{{"error", string(v)}}
	case int64:
		if v > 1<<53 || v < -(1<<53) {
			return float64(v) // as the originals: JavaScript has no other number
		}
		return v
	case []byte:
		if raw {
			return v
		}
		return strings.ToValidUTF8(string(v), "\ufffd")
	case []any:
		for i := range v {
			v[i] = redisReply(v[i], raw)
		}
		return v
	}
	return v
}

// redisThrow gives an error its code. `reply` says that the server answered: the
// connection is whole. t is nil after the login.
func redisThrow(err error, t *dbTarget) error {
	var server rediswire.Error
	var refused *rediswire.Refused
	var protocol *rediswire.ProtocolError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &server):
		code, _, _ := strings.Cut(string(server), " ")
		return &Throw{Message: string(server), Props: Object{{"code", code}, {"reply", true}}}
	case errors.As(err, &refused):
		return &Throw{Message: refused.Error(), Props: Object{{"code", "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM"}, {"reply", true}}}
	case errors.As(err, &protocol):
		return Coded("ERR_PROTOCOL", protocol.Error())
	case errors.Is(err, rediswire.ErrTooLarge):
		return Coded("ERR_RESPONSE_TOO_LARGE", err.Error())
	case errors.Is(err, dbwire.ErrLost):
		return Coded("UNCERTAIN_STATE", "Redis connection lost: the server closed it")
	case errors.Is(err, errSessionEnded):
		return Coded("NR_CLOSED", "The connection is already closed.")
	}
	return dbThrow(err, t)
}
