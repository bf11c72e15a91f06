package mysqlwire

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
)

// A Param is a value for a placeholder of Execute: nil, string, []byte, bool or
// float64.
type Param any

// Execute prepares one statement, runs it with values for its placeholders by the
// binary protocol, and forgets it. Values of rows are text, as Query gives them.
func (c *Conn) Execute(ctx context.Context, text string, params []Param) (res []*Result, err error) {
	stop := c.watch(ctx)
	defer func() { err = stop(err) }()
	id, want, err := c.prepare(text)
	if err != nil {
		return nil, c.check(err)
	}
	defer c.command(comClose, string(binary.LittleEndian.AppendUint32(nil, id))) // has no answer
	if want != len(params) {
		return nil, &ServerError{Number: 1210, State: "HY000", Message: "Incorrect arguments to mysqld_stmt_execute"}
	}
	if err := c.command(comExecute, string(executeBody(id, params))); err != nil {
		return nil, err
	}
	b := budget{rows: maxRows, bytes: maxResult}
	for {
		r, err := c.readResult(&b, binaryRow)
		if err != nil {
			return res, c.check(err)
		}
		res = append(res, r)
		if c.status&serverMore == 0 {
			return res, nil
		}
		if len(res) == maxResults {
			return res, c.check(ErrTooLarge) // see readResults
		}
	}
}

func (c *Conn) prepare(text string) (id uint32, params int, err error) {
	if err := c.command(comPrepare, text); err != nil {
		return 0, 0, err
	}
	p, err := c.readPacket()
	if err != nil {
		return 0, 0, err
	}
	if len(p) == 0 {
		return 0, 0, errMalformed
	}
	switch p[0] {
	case 0xff:
		return 0, 0, c.serverError(p)
	case infileQuestion:
		return 0, 0, ErrLocalInfile
	}
	cur := cursor{b: p[1:]}
	id = cur.u32()
	columns := int(cur.u16())
	params = int(cur.u16())
	if cur.bad || p[0] != 0 {
		return 0, 0, errMalformed
	}
	for _, n := range []int{params, columns} {
		if n > 0 {
			if _, err := c.fields(n, &budget{bytes: maxResult}); err != nil {
				return 0, 0, err
			}
		}
	}
	return id, params, nil
}

func executeBody(id uint32, params []Param) []byte {
	b := binary.LittleEndian.AppendUint32(nil, id)
	b = append(b, 0, 1, 0, 0, 0) // no cursor, once
	if len(params) == 0 {
		return b
	}
	nulls := make([]byte, (len(params)+7)/8)
	var types, values []byte
	for i, p := range params {
		switch v := p.(type) {
		case nil:
			nulls[i/8] |= 1 << (i % 8)
			types = append(types, TypeNull, 0)
		case bool:
			types = append(types, TypeTiny, 0)
			if v {
				values = append(values, 1)
			} else {
				values = append(values, 0)
			}
		case float64:
			types = append(types, TypeDouble, 0)
			values = binary.LittleEndian.AppendUint64(values, math.Float64bits(v))
		case []byte:
			types = append(types, 252, 0) // blob
			values = append(appendLenenc(values, uint64(len(v))), v...)
		case string:
			types = append(types, TypeVarString, 0)
			values = append(appendLenenc(values, uint64(len(v))), v...)
		}
	}
	b = append(b, nulls...)
	b = append(b, 1)
	b = append(b, types...)
	return append(b, values...)
}

// binaryRow turns a row of the binary protocol into what the text protocol would
// have sent.
func binaryRow(p []byte, fields []Field) ([][]byte, error) {
	cur := cursor{b: p}
	if cur.u8() != 0 {
		return nil, errMalformed
	}
	nulls := cur.take((len(fields) + 9) / 8)
	if cur.bad {
		return nil, errMalformed
	}
	row := make([][]byte, len(fields))
	for i := range fields {
		if nulls[(i+2)/8]&(1<<((i+2)%8)) == 0 {
			row[i] = cur.binary(&fields[i])
		}
	}
	if cur.bad || len(cur.b) > 0 {
		return nil, errMalformed
	}
	return row, nil
}

// binary reads one value, as text.
func (p *cursor) binary(f *Field) []byte {
	unsigned := f.Flags&flagUnsigned != 0
	number := func(signed int64, raw uint64) []byte {
		if unsigned {
			return strconv.AppendUint(nil, raw, 10)
		}
		return strconv.AppendInt(nil, signed, 10)
	}
	switch f.Type {
	case TypeTiny:
		v := p.u8()
		return number(int64(int8(v)), uint64(v))
	case TypeShort, TypeYear:
		v := p.u16()
		return number(int64(int16(v)), uint64(v))
	case TypeLong, TypeInt24:
		v := p.u32()
		return number(int64(int32(v)), uint64(v))
	case TypeLongLong:
		v := p.u64()
		return number(int64(v), v)
	case TypeFloat:
		return strconv.AppendFloat(nil, float64(math.Float32frombits(p.u32())), 'g', -1, 32)
	case TypeDouble:
		return strconv.AppendFloat(nil, math.Float64frombits(p.u64()), 'g', -1, 64)
	case TypeDate, TypeDateTime, TypeTimestamp:
		return p.date(f)
	case TypeTime:
		return p.time(f)
	}
	return p.bytes()
}

func (p *cursor) date(f *Field) []byte {
	v := cursor{b: p.take(int(p.u8()))}
	var year uint16
	var month, day, hour, minute, second byte
	var micro uint32
	if len(v.b) >= 4 {
		year, month, day = v.u16(), v.u8(), v.u8()
	}
	if len(v.b) >= 3 {
		hour, minute, second = v.u8(), v.u8(), v.u8()
	}
	if len(v.b) >= 4 {
		micro = v.u32()
	}
	out := fmt.Appendf(nil, "%04d-%02d-%02d", year, month, day)
	if f.Type == TypeDate {
		return out
	}
	out = fmt.Appendf(out, " %02d:%02d:%02d", hour, minute, second)
	return fraction(out, micro, f.Decimals)
}

func (p *cursor) time(f *Field) []byte {
	v := cursor{b: p.take(int(p.u8()))}
	var negative, hour, minute, second byte
	var days, micro uint32
	if len(v.b) >= 8 {
		negative, days, hour, minute, second = v.u8(), v.u32(), v.u8(), v.u8(), v.u8()
	}
	if len(v.b) >= 4 {
		micro = v.u32()
	}
	var out []byte
	if negative != 0 {
		out = append(out, '-')
	}
	out = fmt.Appendf(out, "%02d:%02d:%02d", uint64(days)*24+uint64(hour), minute, second)
	return fraction(out, micro, f.Decimals)
}

func fraction(out []byte, micro uint32, decimals byte) []byte {
	if decimals == 0 || decimals > 6 {
		return out
	}
	text := fmt.Sprintf("%06d", micro%1_000_000)
	return append(append(out, '.'), text[:decimals]...)
}
