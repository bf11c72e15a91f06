package mysqlwire

import (
	"context"
	"errors"
)

// A Field describes one column, in the protocol's numbers.
type Field struct {
	Catalog, Schema, Table, OrgTable, Name, OrgName string
	Charset                                         uint16
	Length                                          uint32
	Type                                            byte
	Flags                                           uint16
	Decimals                                        byte
}

// Types of columns that need care.
const (
	TypeTiny       = 1
	TypeShort      = 2
	TypeLong       = 3
	TypeFloat      = 4
	TypeDouble     = 5
	TypeNull       = 6
	TypeTimestamp  = 7
	TypeLongLong   = 8
	TypeInt24      = 9
	TypeDate       = 10
	TypeTime       = 11
	TypeDateTime   = 12
	TypeYear       = 13
	TypeBit        = 16
	TypeJSON       = 245
	TypeVarString  = 253
	flagUnsigned   = 32
	serverMore     = 8
	serverInTrans  = 1
	infileQuestion = 0xfb
)

// A Result is what one statement gave: rows, or an OK packet.
type Result struct {
	// HasRows is whether it is rows. Values are text, nil is NULL.
	HasRows bool
	Fields  []Field
	Rows    [][][]byte

	Affected, InsertID uint64
	Status, Warnings   uint16
	Info               string
}

// ErrLocalInfile means that the server asked for a file.
var ErrLocalInfile = errors.New("LOAD DATA LOCAL INFILE is not available to scripts: there are no files here")

// Query runs text by the text protocol. The results before an error come with it.
func (c *Conn) Query(ctx context.Context, text string) (res []*Result, err error) {
	stop := c.watch(ctx)
	defer func() { err = stop(err) }()
	if err := c.command(comQuery, text); err != nil {
		return nil, err
	}
	return c.readResults()
}

// readResults reads the answer to a command.
func (c *Conn) readResults() ([]*Result, error) {
	var all []*Result
	b := budget{rows: maxRows, bytes: maxResult}
	for {
		r, err := c.readResult(&b, c.textRow)
		if err != nil {
			return all, c.check(err)
		}
		all = append(all, r)
		if c.status&serverMore == 0 {
			return all, nil
		}
		if len(all) == maxResults {
			// What is left unread would be the answer to the next question.
			return all, c.check(ErrTooLarge)
		}
	}
}

// check marks the session broken by an error that is not the server's own.
func (c *Conn) check(err error) error {
	var own *ServerError
	if !errors.As(err, &own) {
		c.broken = true
	}
	return err
}

// budget is what one query may still return.
type budget struct{ rows, bytes int }

func (b *budget) take(n int) bool {
	b.rows--
	return b.hold(n)
}

// hold takes n bytes that are no row.
func (b *budget) hold(n int) bool {
	b.bytes -= n
	return b.rows >= 0 && b.bytes >= 0
}

func (c *Conn) readResult(b *budget, row func([]byte, []Field) ([][]byte, error)) (*Result, error) {
	p, err := c.readPacket()
	if err != nil {
		return nil, err
	}
	if len(p) == 0 {
		return nil, errMalformed
	}
	if !b.hold(len(p)) {
		return nil, ErrTooLarge
	}
	switch p[0] {
	case 0x00:
		return c.ok(p)
	case 0xff:
		return nil, c.serverError(p)
	case infileQuestion:
		return nil, ErrLocalInfile
	}
	cur := cursor{b: p}
	n, _ := cur.lenenc()
	if cur.bad || n == 0 || n > maxColumns || len(cur.b) > 0 {
		return nil, errMalformed
	}
	r := &Result{HasRows: true}
	if r.Fields, err = c.fields(int(n), b); err != nil {
		return nil, err
	}
	for {
		p, err := c.readPacket()
		if err != nil {
			return nil, err
		}
		switch {
		case len(p) > 0 && p[0] == 0xff:
			return nil, c.serverError(p)
		case isEOF(p):
			if err := c.eof(p, r); err != nil {
				return nil, err
			}
			return r, nil
		}
		if !b.take(len(p) + 16*len(r.Fields)) {
			return nil, ErrTooLarge
		}
		values, err := row(p, r.Fields)
		if err != nil {
			return nil, err
		}
		r.Rows = append(r.Rows, values)
	}
}

func isEOF(p []byte) bool { return len(p) > 0 && len(p) < 9 && p[0] == 0xfe }

func (c *Conn) eof(p []byte, r *Result) error {
	cur := cursor{b: p[1:]}
	r.Warnings = cur.u16()
	r.Status = cur.u16()
	if cur.bad {
		return errMalformed
	}
	c.status = r.Status
	return nil
}

// fieldSize is about what the description of a column takes beside its texts, in
// bytes.
const fieldSize = 112

// fields reads the descriptions of n columns and the EOF behind them.
func (c *Conn) fields(n int, b *budget) ([]Field, error) {
	list := make([]Field, 0, min(n, 64))
	for range n {
		p, err := c.readPacket()
		if err != nil {
			return nil, err
		}
		if !b.hold(len(p) + fieldSize) {
			return nil, ErrTooLarge
		}
		cur := cursor{b: p}
		f := Field{Catalog: string(cur.bytes()), Schema: string(cur.bytes()), Table: string(cur.bytes()),
			OrgTable: string(cur.bytes()), Name: string(cur.bytes()), OrgName: string(cur.bytes())}
		cur.lenenc()
		f.Charset, f.Length, f.Type, f.Flags, f.Decimals = cur.u16(), cur.u32(), cur.u8(), cur.u16(), cur.u8()
		if cur.bad {
			return nil, errMalformed
		}
		list = append(list, f)
	}
	p, err := c.readPacket()
	if err != nil {
		return nil, err
	}
	if !isEOF(p) {
		return nil, errMalformed
	}
	return list, nil
}

func (c *Conn) textRow(p []byte, fields []Field) ([][]byte, error) {
	cur := cursor{b: p}
	row := make([][]byte, len(fields))
	for i := range row {
		row[i] = cur.bytes()
	}
	if cur.bad || len(cur.b) > 0 {
		return nil, errMalformed
	}
	return row, nil
}

func (c *Conn) ok(p []byte) (*Result, error) {
	cur := cursor{b: p[1:]}
	r := &Result{}
	r.Affected, _ = cur.lenenc()
	r.InsertID, _ = cur.lenenc()
	r.Status = cur.u16()
	r.Warnings = cur.u16()
	if cur.bad {
		return nil, errMalformed
	}
	r.Info = string(cur.b)
	if len(r.Info) > 0 && int(r.Info[0]) == len(r.Info)-1 {
		r.Info = r.Info[1:] // some servers put its length before it
	}
	c.status = r.Status
	return r, nil
}
