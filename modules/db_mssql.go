package modules

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"

	"github.com/rulebox/rulebox/modules/dbwire"
	"github.com/rulebox/rulebox/modules/tdswire"
)

// mssqlNatives serve the modules tedious and mssql:
//
//	open() → handle; end(handle); destroy(handle)
//	connect(handle, target) → Promise of the server's tokens
//	batch(handle, text) → Promise of tokens
//	call(handle, procedure, [parameter…]) → Promise of tokens
//
// A parameter is [name, type, value, output, precision, scale]. A token is
// ["columns", [[name, type, length, precision, scale, userType, flags]…]],
// ["rows", [row…]], ["error" or "info", {…}], ["done", kind, status, rows],
// ["value", name, value, column], ["status", n], ["change", kind, new, old] or
// ["ack", program].
var mssqlNatives = joinNatives(dbSessionNatives, map[string]Native{
	"connect": dbConnect(mssqlDriver, mssqlThrow, func(c *mssqlConn) any { return mssqlTokens(c.greeting) }),
	"batch": func(c *Call, args []any) (any, error) {
		text, _ := webString(args, 1)
		return dbTask(c, args, mssqlThrow, func(ctx context.Context, conn *mssqlConn) ([]tdswire.Token, error) {
			return conn.Batch(ctx, text)
		}, mssqlTokens)
	},
	"call": func(c *Call, args []any) (any, error) {
		procedure, _ := webString(args, 1)
		list, _ := webArg(args, 2).([]any)
		params := make([]tdswire.Param, len(list))
		for i, v := range list {
			params[i] = mssqlParam(v)
		}
		return dbTask(c, args, mssqlThrow, func(ctx context.Context, conn *mssqlConn) ([]tdswire.Token, error) {
			return conn.Call(ctx, procedure, params)
		}, mssqlTokens)
	},
})

func mssqlParam(v any) tdswire.Param {
	list, _ := v.([]any)
	p := tdswire.Param{Value: webArg(list, 2)}
	p.Name, _ = webString(list, 0)
	p.Type, _ = webString(list, 1)
	p.Output, _ = webArg(list, 3).(bool)
	precision, _ := webInt(list, 4, 0, 255)
	scale, _ := webInt(list, 5, 0, 255)
	p.Precision, p.Scale = byte(precision), byte(scale)
	if b, ok := p.Value.([]byte); ok {
		p.Value = bytes.Clone(b)
	}
	return p
}

// An mssqlConn is a session with what the server said when it began.
type mssqlConn struct {
	*tdswire.Conn
	greeting []tdswire.Token
}

var mssqlDriver = &dbDriver{name: "mssql", login: func(ctx context.Context, c net.Conn, t *dbTarget, conf *tls.Config) (dbConn, error) {
	conn, tokens, err := tdswire.Connect(ctx, c, &tdswire.Config{
		User: t.User, Password: t.Password, Database: t.Database, Server: t.Host, Application: t.Params["application"], ReadOnly: t.Params["intent"] == "ReadOnly", TLS: conf,
	})
	if err != nil {
		return nil, err // not a nil *tdswire.Conn
	}
	return &mssqlConn{conn, tokens}, nil
}}

// mssqlTokens makes plain values of tokens; rows that follow each other are one.
func mssqlTokens(tokens []tdswire.Token) any {
	var out []any
	var rows []any
	flush := func() {
		if rows != nil {
			out = append(out, []any{"rows", rows})
			rows = nil
		}
	}
	for _, t := range tokens {
		if row, ok := t.(tdswire.Row); ok {
			cells := make([]any, len(row))
			for i, v := range row {
				cells[i] = mssqlValue(v)
			}
			rows = append(rows, cells)
			continue
		}
		flush()
		switch t := t.(type) {
		case []tdswire.Column:
			cols := make([]any, len(t))
			for i := range t {
				cols[i] = mssqlColumn(&t[i])
			}
			out = append(out, []any{"columns", cols})
		case *tdswire.Message:
			out = append(out, mssqlMessage(t))
		case tdswire.Done:
			out = append(out, []any{"done", int(t.Kind), int(t.Status), bigNumber(t.Rows)})
		case *tdswire.ReturnValue:
			out = append(out, []any{"value", t.Name, mssqlValue(t.Value), mssqlColumn(&t.Column)})
		case tdswire.ReturnStatus:
			out = append(out, []any{"status", int(t)})
		case tdswire.EnvChange:
			out = append(out, []any{"change", int(t.Kind), t.New, t.Old})
		case tdswire.LoginAck:
			out = append(out, []any{"ack", t.Program})
		}
	}
	flush()
	return out
}

func mssqlMessage(m *tdswire.Message) any {
	kind := "info"
	if m.Class > 10 {
		kind = "error"
	}
	return []any{kind, Object{{"number", int(m.Number)}, {"state", int(m.State)}, {"class", int(m.Class)}, {"message", m.Text}, {"serverName", m.Server}, {"procName", m.Proc}, {"lineNumber", int(m.Line)}}}
}

func mssqlColumn(c *tdswire.Column) any {
	return []any{c.Name, int(c.Type), c.Length, int(c.Precision), int(c.Scale), int64(c.UserType), int(c.Flags)}
}

func mssqlValue(v any) any {
	switch v := v.(type) {
	case nil:
		return Null{}
	case time.Time:
		return v
	}
	return v
}

// mssqlThrow gives an error its code. `whole` says that the session goes on. t is
// nil after the login.
func mssqlThrow(err error, t *dbTarget) error {
	var server *tdswire.Message
	var routing *tdswire.Routing
	var param *tdswire.ParamError
	var protocol *tdswire.ProtocolError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &server):
		return &Throw{Message: server.Text, Props: Object{{"code", "ELOGIN"}, {"token", mssqlMessage(server)}}}
	case errors.As(err, &routing):
		return &Throw{Message: routing.Error(), Props: Object{{"code", "EROUTE"}, {"host", routing.Host}, {"port", routing.Port}}}
	case errors.As(err, &param):
		return &Throw{Class: "TypeError", Message: param.Error(), Props: Object{{"code", "EPARAM"}, {"whole", true}}}
	case errors.As(err, &protocol):
		return Coded("EPROTOCOL", protocol.Error())
	case errors.Is(err, tdswire.ErrTooLarge):
		return Coded("ERR_RESPONSE_TOO_LARGE", err.Error())
	case errors.Is(err, tdswire.ErrNoTLS):
		return Coded("EENCRYPT", "Server does not support encryption")
	case errors.Is(err, tdswire.ErrNeedTLS):
		return Coded("EENCRYPT", "Server requires encryption, set 'encrypt' config option to true.")
	case errors.Is(err, dbwire.ErrLost):
		return Coded("ESOCKET", "Connection lost - socket hang up")
	case errors.Is(err, errSessionEnded):
		return Coded("ECLOSE", "Connection closed before request completed.")
	}
	return dbThrow(err, t)
}
