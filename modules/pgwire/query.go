package pgwire

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"
)

// A Field describes one column.
type Field struct {
	Name     string
	Table    uint32
	Column   uint16
	Type     uint32
	Size     int16
	Modifier int32
}

// A Result is what one statement gave.
type Result struct {
	// Command is the first word of the server's tag, Tag all of it.
	Command, Tag string
	// Count is the rows the tag speaks of, -1 if of none; OID is that of an old
	// INSERT, 0 if none.
	Count, OID int64
	Fields     []Field
	// HasRows is whether there was a description of rows, even of none.
	HasRows bool
	// Rows are values as text; nil is NULL.
	Rows [][]*string
}

// A Param is a value for a placeholder. Nil data is NULL; the server infers the
// type.
type Param struct {
	Data   []byte
	Null   bool
	Binary bool
}

// Query runs text, which may hold several statements, by the simple protocol. The
// results before an error come with it.
func (c *Conn) Query(ctx context.Context, text string) ([]*Result, error) {
	return c.run(ctx, func() { c.fe.SendQuery(&pgproto3.Query{String: text}) })
}

// QueryParams runs one statement with values for its placeholders.
func (c *Conn) QueryParams(ctx context.Context, text string, params []Param) ([]*Result, error) {
	bind := &pgproto3.Bind{Parameters: make([][]byte, len(params)), ParameterFormatCodes: make([]int16, len(params))}
	for i, p := range params {
		if p.Binary {
			bind.ParameterFormatCodes[i] = pgproto3.BinaryFormat
		}
		if !p.Null {
			bind.Parameters[i] = append([]byte{}, p.Data...) // nil would be NULL
		}
	}
	return c.run(ctx, func() {
		c.fe.SendParse(&pgproto3.Parse{Query: text})
		c.fe.SendBind(bind)
		c.fe.SendDescribe(&pgproto3.Describe{ObjectType: 'P'})
		c.fe.SendExecute(&pgproto3.Execute{})
		c.fe.SendSync(&pgproto3.Sync{})
	})
}

func (c *Conn) run(ctx context.Context, send func()) (results []*Result, err error) {
	if c.broken {
		return nil, ErrTerminated
	}
	stop := c.watch(ctx)
	defer func() { err = stop(err) }()
	send()
	if err := c.fe.Flush(); err != nil {
		c.broken = true
		return nil, ended(err)
	}
	return c.results()
}

// collector gathers the messages of one query.
type collector struct {
	results []*Result
	open    *Result
	size    int // bytes of values so far
	rows    int
	err     error // the server's first error, or that the result is too large
}

// results reads up to ReadyForQuery. A server's error is returned only then, so
// that the session can be used again.
func (c *Conn) results() ([]*Result, error) {
	var k collector
	for {
		m, err := c.receive()
		if err != nil {
			if k.err != nil { // a FATAL error and then the end: the error says why
				err = k.err
			}
			return k.results, err
		}
		switch m := m.(type) {
		case *pgproto3.ReadyForQuery:
			c.status = m.TxStatus
			return k.results, k.err
		case *pgproto3.CopyInResponse:
			c.fe.Send(&pgproto3.CopyFail{Message: "COPY FROM STDIN is not available to scripts"})
			if err := c.flush(); err != nil {
				return nil, err
			}
		case *pgproto3.CopyBothResponse:
			c.broken = true
			return nil, errors.New("replication is not available to scripts")
		default:
			if err := k.take(m); err != nil {
				c.broken = true
				return nil, err
			}
			if k.err == ErrTooLarge {
				c.broken = true // there may be gigabytes more
				return nil, k.err
			}
		}
	}
}

func (k *collector) take(m pgproto3.BackendMessage) error {
	switch m := m.(type) {
	case *pgproto3.RowDescription:
		r := k.current()
		r.HasRows, r.Fields = true, make([]Field, len(m.Fields))
		for i, f := range m.Fields {
			k.size += fieldSize + len(f.Name)
			r.Fields[i] = Field{string(f.Name), f.TableOID, f.TableAttributeNumber, f.DataTypeOID, f.DataTypeSize, f.TypeModifier}
		}
	case *pgproto3.DataRow:
		r := k.current()
		if len(m.Values) != len(r.Fields) {
			return &ProtocolError{"a row does not have the columns that were announced"}
		}
		k.row(r, m.Values)
	case *pgproto3.CommandComplete:
		r := k.current()
		r.tag(string(m.CommandTag))
		k.size += 2 * len(m.CommandTag)
		k.finish()
	case *pgproto3.EmptyQueryResponse:
		k.current()
		k.finish()
	case *pgproto3.ErrorResponse:
		if k.err == nil {
			k.err = serverError(m)
		}
		k.open = nil
	case *pgproto3.ParseComplete, *pgproto3.BindComplete, *pgproto3.NoData, *pgproto3.CloseComplete, *pgproto3.ParameterDescription,
		*pgproto3.ParameterStatus, *pgproto3.NoticeResponse, *pgproto3.NotificationResponse,
		*pgproto3.CopyOutResponse, *pgproto3.CopyData, *pgproto3.CopyDone:
	default:
		return unexpected(m, "a query")
	}
	if k.size > maxResult && k.err == nil {
		k.err = ErrTooLarge
	}
	return nil
}

// fieldSize is about what the description of a column takes beside its name, in
// bytes.
const fieldSize = 40

func (k *collector) current() *Result {
	if k.open == nil {
		k.open = &Result{Count: -1}
	}
	return k.open
}

// maxStatements bounds the results of one query text.
const maxStatements = 10_000

func (k *collector) finish() {
	if len(k.results) < maxStatements {
		k.results = append(k.results, k.open)
	}
	k.open = nil
}

func (k *collector) row(r *Result, values [][]byte) {
	if k.err != nil {
		return
	}
	k.rows++
	k.size += 16 * len(values)
	row := make([]*string, len(values))
	for i, v := range values {
		if v != nil {
			k.size += len(v)
			s := string(v)
			row[i] = &s
		}
	}
	if k.size > maxResult || k.rows > maxRows {
		k.err = ErrTooLarge
		return
	}
	r.Rows = append(r.Rows, row)
}

// tag reads a tag such as INSERT 0 1, SELECT 3 or CREATE TABLE.
func (r *Result) tag(tag string) {
	r.Tag = tag
	words := strings.Fields(tag)
	if len(words) == 0 {
		return
	}
	r.Command = words[0]
	if n, err := strconv.ParseInt(words[len(words)-1], 10, 64); err == nil && len(words) > 1 {
		r.Count = n
		if len(words) == 3 {
			r.OID, _ = strconv.ParseInt(words[1], 10, 64)
		}
	}
}
