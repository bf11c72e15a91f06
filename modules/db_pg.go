package modules

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strconv"

	"github.com/rulebox/rulebox/modules/pgwire"
)

// pgNatives serve the module pg:
//
//	open() → handle; end(handle); destroy(handle)
//	connect(handle, target) → Promise of the server's process number
//	query(handle, text, values) → Promise of an array of results
//
// values is undefined for the simple protocol, or an array of null, string and
// bytes. A result is {command, rowCount, oid, fields, rows}: a field is as scripts
// see it, a row an array of text and null.
var pgNatives = joinNatives(dbSessionNatives, map[string]Native{
	"connect": dbConnect(pgDriver, pgThrow, func(c *pgwire.Conn) any { return int64(c.ProcessID()) }),
	"query":   pgQuery,
})

var pgDriver = &dbDriver{name: "pg", login: func(ctx context.Context, c net.Conn, t *dbTarget, conf *tls.Config) (dbConn, error) {
	conn, err := pgwire.Connect(ctx, c, &pgwire.Config{User: t.User, Password: t.Password, Database: t.Database, Params: t.Params, TLS: conf})
	if err != nil {
		return nil, err // not a nil *pgwire.Conn
	}
	return conn, nil
}}

func pgQuery(c *Call, args []any) (any, error) {
	text, _ := webString(args, 1)
	var params []pgwire.Param
	list, prepared := webArg(args, 2).([]any)
	for _, v := range list {
		switch v := v.(type) {
		case string:
			params = append(params, pgwire.Param{Data: []byte(v)})
		case []byte:
			params = append(params, pgwire.Param{Data: bytes.Clone(v), Binary: true})
		default:
			params = append(params, pgwire.Param{Null: true})
		}
	}
	if len(params) > 65535 {
		return nil, &Throw{Class: "RangeError", Message: "a query has more than 65535 values"}
	}
	return dbTask(c, args, pgThrow, func(ctx context.Context, conn *pgwire.Conn) ([]*pgwire.Result, error) {
		if prepared {
			return conn.QueryParams(ctx, text, params)
		}
		return conn.Query(ctx, text)
	}, pgResults)
}

func pgResults(list []*pgwire.Result) any {
	out := make([]any, len(list))
	for i, r := range list {
		fields := make([]any, len(r.Fields))
		for j, f := range r.Fields {
			fields[j] = Object{{"name", f.Name}, {"tableID", int64(f.Table)}, {"columnID", int(f.Column)}, {"dataTypeID", int64(f.Type)},
				{"dataTypeSize", int(f.Size)}, {"dataTypeModifier", int64(f.Modifier)}, {"format", "text"}}
		}
		rows := make([]any, len(r.Rows))
		for j, row := range r.Rows {
			cells := make([]any, len(row))
			for k, v := range row {
				if v == nil {
					cells[k] = Null{}
				} else {
					cells[k] = *v
				}
			}
			rows[j] = cells
		}
		o := Object{{"command", nullOr(r.Command)}, {"rowCount", any(Null{})}, {"oid", any(Null{})}, {"fields", fields}, {"rows", rows}}
		if r.Count >= 0 {
			o[1].Value = r.Count
		}
		if r.Command == "INSERT" {
			o[2].Value = r.OID
		}
		out[i] = o
	}
	return out
}

func nullOr(s string) any {
	if s == "" {
		return Null{}
	}
	return s
}

// pgThrow is the error as node-postgres has it. t is nil after the login.
func pgThrow(err error, t *dbTarget) error {
	var server *pgwire.ServerError
	var protocol *pgwire.ProtocolError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &server):
		return &Throw{Message: server.Message, Name: "error", Props: pgErrorProps(server)}
	case errors.As(err, &protocol):
		return &Throw{Message: protocol.Error(), Props: Object{{"code", "ERR_PROTOCOL"}}}
	case errors.Is(err, pgwire.ErrTerminated):
		return &Throw{Message: "Connection terminated unexpectedly"}
	case errors.Is(err, pgwire.ErrNoTLS):
		return &Throw{Message: "The server does not support SSL connections"}
	case errors.Is(err, pgwire.ErrTLSAnswer):
		return &Throw{Message: "There was an error establishing an SSL connection"}
	case errors.Is(err, pgwire.ErrTooLarge):
		return Coded("ERR_RESPONSE_TOO_LARGE", err.Error())
	case errors.Is(err, errSessionEnded):
		return &Throw{Message: "Connection terminated"}
	}
	return dbThrow(err, t)
}

func pgErrorProps(e *pgwire.ServerError) Object {
	text := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	number := func(n int32) any {
		if n == 0 {
			return nil
		}
		return strconv.Itoa(int(n))
	}
	severity := e.SeverityUnlocalized
	if severity == "" {
		severity = e.Severity
	}
	return Object{
		{"length", len(e.Message)}, {"severity", text(severity)}, {"code", text(e.Code)}, {"detail", text(e.Detail)}, {"hint", text(e.Hint)},
		{"position", number(e.Position)}, {"internalPosition", number(e.InternalPosition)}, {"internalQuery", text(e.InternalQuery)},
		{"where", text(e.Where)}, {"schema", text(e.SchemaName)}, {"table", text(e.TableName)}, {"column", text(e.ColumnName)},
		{"dataType", text(e.DataTypeName)}, {"constraint", text(e.ConstraintName)}, {"file", text(e.File)}, {"line", number(e.Line)}, {"routine", text(e.Routine)},
	}
}
