package modules

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strconv"
	"unicode/utf8"

	"github.com/rulebox/rulebox/modules/mysqlwire"
)

// mysqlNatives serve the modules mysql and mysql2:
//
//	open() → handle; end(handle); destroy(handle)
//	connect(handle, target) → Promise of the server's thread number
//	query(handle, text) → Promise of an array of results
//	execute(handle, text, values) → the same, by the binary protocol
//	ping(handle) → Promise
//
// A result is {affected, insertId, status, warnings, info}, numbers beyond 2^53 as
// text; or {fields, rows}: a field is [catalog, schema, table, orgTable, name,
// orgName, charset, length, type, flags, decimals], a row an array of null, text,
// and bytes where the column is binary or the bytes are no UTF-8.
var mysqlNatives = joinNatives(dbSessionNatives, map[string]Native{
	"connect": dbConnect(mysqlDriver, mysqlThrow, func(c *mysqlwire.Conn) any { return int64(c.ThreadID()) }),
	"query": func(c *Call, args []any) (any, error) {
		text, _ := webString(args, 1)
		return dbTask(c, args, mysqlThrow, func(ctx context.Context, conn *mysqlwire.Conn) ([]*mysqlwire.Result, error) {
			return conn.Query(ctx, text)
		}, mysqlResults)
	},
	"execute": func(c *Call, args []any) (any, error) {
		text, _ := webString(args, 1)
		list, _ := webArg(args, 2).([]any)
		params := make([]mysqlwire.Param, len(list))
		for i, v := range list {
			if b, ok := v.([]byte); ok {
				v = bytes.Clone(b)
			}
			params[i] = v
		}
		return dbTask(c, args, mysqlThrow, func(ctx context.Context, conn *mysqlwire.Conn) ([]*mysqlwire.Result, error) {
			return conn.Execute(ctx, text, params)
		}, mysqlResults)
	},
	"ping": func(c *Call, args []any) (any, error) {
		return dbTask(c, args, mysqlThrow, func(ctx context.Context, conn *mysqlwire.Conn) ([]*mysqlwire.Result, error) {
			return nil, conn.Ping(ctx)
		}, mysqlResults)
	},
})

var mysqlDriver = &dbDriver{name: "mysql", login: func(ctx context.Context, c net.Conn, t *dbTarget, conf *tls.Config) (dbConn, error) {
	conn, err := mysqlwire.Connect(ctx, c, &mysqlwire.Config{
		User: t.User, Password: t.Password, Database: t.Database, TLS: conf,
		Collation: byte(t.Number), MultipleStatements: t.Multiple, ChangedRows: t.Changed,
	})
	if err != nil {
		return nil, err // not a nil *mysqlwire.Conn
	}
	return conn, nil
}}

func mysqlResults(list []*mysqlwire.Result) any {
	out := make([]any, len(list))
	for i, r := range list {
		if !r.HasRows {
			out[i] = Object{{"affected", bigNumber(r.Affected)}, {"insertId", bigNumber(r.InsertID)},
				{"status", int(r.Status)}, {"warnings", int(r.Warnings)}, {"info", r.Info}}
			continue
		}
		fields := make([]any, len(r.Fields))
		for j, f := range r.Fields {
			fields[j] = []any{f.Catalog, f.Schema, f.Table, f.OrgTable, f.Name, f.OrgName,
				int(f.Charset), int64(f.Length), int(f.Type), int(f.Flags), int(f.Decimals)}
		}
		rows := make([]any, len(r.Rows))
		for j, row := range r.Rows {
			cells := make([]any, len(row))
			for k, v := range row {
				cells[k] = mysqlCell(v, &r.Fields[k])
			}
			rows[j] = cells
		}
		out[i] = Object{{"fields", fields}, {"rows", rows}}
	}
	return out
}

// charsetBinary is the number of the character set that is none.
const charsetBinary = 63

func mysqlCell(v []byte, f *mysqlwire.Field) any {
	switch {
	case v == nil:
		return Null{}
	case f.Type == mysqlwire.TypeBit, f.Charset == charsetBinary && f.Type >= 249 && f.Type <= 254, !utf8.Valid(v):
		return v
	}
	return string(v)
}

func bigNumber(n uint64) any {
	if n < 1<<53 {
		return int64(n)
	}
	return strconv.FormatUint(n, 10)
}

// mysqlThrow is the error in parts: the module gives it the name of its number.
// `fatal` says that the connection is gone. t is nil after the login.
func mysqlThrow(err error, t *dbTarget) error {
	var server *mysqlwire.ServerError
	var protocol *mysqlwire.ProtocolError
	var auth *mysqlwire.AuthError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &server):
		state := any(nil)
		if server.State != "" {
			state = server.State
		}
		return &Throw{Message: server.Message, Props: Object{{"errno", int(server.Number)}, {"sqlState", state}, {"sqlMessage", server.Message}, {"fatal", t != nil}}}
	case errors.As(err, &protocol):
		code := "ERR_PROTOCOL"
		if protocol.Order {
			code = "PROTOCOL_PACKETS_OUT_OF_ORDER"
		}
		return fatalThrow(code, protocol.Error())
	case errors.As(err, &auth):
		return fatalThrow("ER_NOT_SUPPORTED_AUTH_MODE", auth.Error())
	case errors.Is(err, mysqlwire.ErrLost):
		return fatalThrow("PROTOCOL_CONNECTION_LOST", "Connection lost: The server closed the connection.")
	case errors.Is(err, mysqlwire.ErrNoTLS):
		return fatalThrow("HANDSHAKE_NO_SSL_SUPPORT", "Server does not support secure connection")
	case errors.Is(err, mysqlwire.ErrTooLarge):
		return fatalThrow("ERR_RESPONSE_TOO_LARGE", err.Error())
	case errors.Is(err, mysqlwire.ErrLocalInfile):
		return fatalThrow("LOCAL_FILES_DISABLED", err.Error())
	case errors.Is(err, errSessionEnded):
		return fatalThrow("PROTOCOL_CONNECTION_LOST", "the connection was ended while the query was under way")
	}
	err = dbThrow(err, t)
	var throw *Throw
	if errors.As(err, &throw) {
		throw.Props = append(throw.Props[:len(throw.Props):len(throw.Props)], Field{"fatal", true})
	}
	return err
}

func fatalThrow(code, message string) *Throw {
	return &Throw{Message: message, Props: Object{{"code", code}, {"fatal", true}}}
}
